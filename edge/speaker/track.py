"""The sound of one turn, from its first sample to its last."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from threading import Condition
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.sound.resample import Resampler
from edge.sound.samples import Samples, from_int16
from edge.speaker.loudness import VoiceLevel
from edge.speaker.mixer import Strip
from edge.speaker.sample_queue import SampleQueue
from edge.speaker.script import WordBegin

TrackEventKind = Literal["first_sample", "first_content", "underrun", "last_sample", "cancelled"]


@dataclass(frozen=True)
class TrackEvent:
    """What happened to a track. ``last_sample`` or ``cancelled`` comes once, as the last event.

    ``first_sample``: handed to the device. ``first_content``: the first sample behind an opener, as much
    later as it is heard later; told only where there is an opener. ``underrun``: the sound ran out before the
    track was finished. ``last_sample``: everything has left the loudspeaker. ``cancelled``: the rest will not
    be heard.
    """

    kind: TrackEventKind
    turn_id: str
    mono: float
    """``CLOCK_MONOTONIC``, in seconds."""
    spoken_to: int
    """How far in the script the loudspeaker has got."""
    underruns: int = 0
    """Gaps so far."""


class Began(NamedTuple):
    """The player's frame at which a track's first sample was, and when it was handed over."""

    frame: int
    mono: float


class Run(NamedTuple):
    """Sound handed to the device without a gap: position ``p`` of the queue was frame ``p + offset``."""

    position: int
    offset: int


class TrackState(Enum):
    """Where a track is; only ``Playout`` moves it on."""

    NEW = auto()
    QUEUED = auto()
    SOUNDING = auto()
    FADING = auto()
    TAIL = auto()
    """Handed to the device to its last sample, not yet heard."""
    ENDED = auto()


class Track:
    """One turn's sound. Made by ``Player.track``; all methods belong to the event loop's thread."""

    def __init__(
        self,
        turn_id: str,
        on_event: Callable[[TrackEvent], None],
        queue: SampleQueue,
        strip: Strip,
        level_of: Callable[[str], VoiceLevel],
        sample_rate: int,
        wake: Condition,
    ) -> None:
        self.turn_id = turn_id
        self.on_event = on_event
        self.queue = queue
        self.strip = strip
        self.state = TrackState.NEW
        self.first_sample_told = False
        self.began = Began(0, 0.0)
        self.content_from: int | None = None
        """Position in the queue behind the opener, while it has not been told."""
        self.underruns = 0
        self.heard = 0
        """Position in the queue that has left the loudspeaker."""
        self.due_frame = 0
        """The player's frame behind this track's last sample so far."""
        self.runs: list[Run] = []
        """In the order in which they were handed over."""
        self.words: dict[int, WordBegin] = {}
        """By where they begin in the script; positions are those of the queue."""
        self._level = level_of
        self._sample_rate = sample_rate
        self._wake = wake
        self._resampler = Resampler(sample_rate, sample_rate)
        self._stream_start = 0
        self._voice: str | None = None
        self._content_appended = False

    @property
    def spoken_to(self) -> int:
        """How far in the script the loudspeaker has got."""
        return self.queue.spoken_to(self.heard)

    def foresee(self, samples: NDArray[np.int16], sample_rate: int, voice: str) -> None:
        """All of this will be appended now: have its level right from its first sample on."""
        self._level(voice).learn(from_int16(samples), sample_rate)

    def append(
        self,
        samples: NDArray[np.int16],
        sample_rate: int,
        spoken_to: int,
        voice: str = "",
        *,
        content: bool = True,
        words: Sequence[WordBegin] = (),
    ) -> None:
        """Add sound; ignored after ``finish`` and ``Player.cancel``.

        Args:
            samples: shape (n,), mono.
            sample_rate: of ``samples``, in Hz; may change from call to call.
            spoken_to: how far in the script one is when these samples have been heard.
            voice: who speaks; each voice is levelled by itself.
            content: False for an opener, which is heard before what the turn is about.
            words: that begin in ``samples``.
        """
        if self.queue.finished or self.state in (TrackState.FADING, TrackState.ENDED):
            return
        sound = self._level(voice).apply(from_int16(samples), sample_rate, opening=voice != self._voice)
        self._voice = voice
        tail = self._change_rate(sample_rate)
        begins_at = self._stream_start + self._resampler.position
        converted = self._resampler.push(sound)
        scale = self._sample_rate / sample_rate
        for word in words:
            self.words[word.start] = word._replace(position=begins_at + round(word.position * scale))
        with self._wake:
            if content and not self._content_appended:
                self.content_from, self._content_appended = begins_at or None, True
            self.queue.append(tail)
            self.queue.append(converted)
            self.queue.mark(self._stream_start + self._resampler.position, spoken_to)
            self._wake.notify()

    def finish(self) -> None:
        """No more follows; the track ends with the last sample that was appended."""
        if self.queue.finished:
            return
        tail = self._resampler.flush()
        with self._wake:
            self.queue.append(tail)
            self.queue.finish()
            self._wake.notify()

    def frame_of(self, position: int) -> int | None:
        """The player's frame at which this position of the queue is, or will be; None: nobody knows yet.

        To be called under the player's lock.
        """
        queue = self.queue
        if position >= queue.position and (queue.waiting or self.state is TrackState.QUEUED):
            return None
        run = next((run for run in reversed(self.runs) if run.position <= position), None)
        return None if run is None else position + run.offset

    def _change_rate(self, sample_rate: int) -> Samples:
        """Have a resampler from ``sample_rate`` and return what the one before still held."""
        if self._resampler.source_rate == sample_rate:
            return np.zeros(0, np.float32)
        tail = self._resampler.flush()
        self._resampler = Resampler(sample_rate, self._sample_rate)
        self._stream_start = self.queue.total + len(tail)
        return tail
