"""The player: one device, one thread, tracks played in order. The event loop's side of it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from edge.messages import Language, TimedWord
from edge.sound.device_state import DeviceState
from edge.sound.samples import from_int16
from edge.speaker.mixer import Mixer
from edge.speaker.output import Output
from edge.speaker.output_thread import BLOCK_S, OnSound, OutputThread
from edge.speaker.playout import Playout
from edge.speaker.sample_queue import SampleQueue
from edge.speaker.track import Track, TrackEvent, TrackEventKind
from edge.speaker.voice_levels import VoiceLevels

log = logging.getLogger(__name__)

T = TypeVar("T")

ALERT_S = 10.0
"""How long after ``prepare`` sound is expected."""
FADE_MS = 30
"""What is cancelled ends without a click, and as good as at once."""
CHECK_PERIOD_S = 0.5
CLOSE_MAX_S = 1.0


class Player:
    """Plays tracks on an output that may come and go. All methods belong to the event loop's thread.

    A device that is absent, is lost or hangs is a state: no method raises for it, tracks wait for its return,
    and the one that was sounding goes on from what the listener has really heard (from the word's beginning
    where the track's marks tell it).

    Args:
        output: where the sound goes.
        sample_rate: of the player and the output, in Hz.
        volume: 0…1, a factor on the amplitude.
        jitter_ms: sound of a track that is collected before its first sample, and again after a gap.
        on_state: called in the loop when the device comes or goes.
        clock: monotonic seconds.
        levels: of the voices; without them each is learned anew.
    """

    def __init__(
        self,
        output: Output,
        sample_rate: int,
        *,
        volume: float,
        jitter_ms: int,
        on_state: Callable[[DeviceState], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
        levels: VoiceLevels | None = None,
    ) -> None:
        self._mixer = Mixer(sample_rate, volume)
        self._playout = Playout(self._mixer, self._emit, round(BLOCK_S * sample_rate))
        self._wake = threading.Condition(threading.Lock())
        self._thread = OutputThread(output, self._playout, self._wake, clock, self._state_changed)
        self._clock = clock
        self._jitter_s = jitter_ms / 1000
        self._on_state = on_state
        self._levels = levels or VoiceLevels()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._check_timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Start the thread, which opens the output. Events will come in the running loop."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()
        self._check()

    async def close(self) -> None:
        """Fade out what sounds, cancel the rest, and let go of the device, within about a second."""
        if self._check_timer is None:
            return
        self._check_timer.cancel()
        with self._wake:
            self._playout.cancel_all(FADE_MS / 1000, self._clock())
        self._thread.stop()
        if not await asyncio.to_thread(self._thread.join, CLOSE_MAX_S):
            log.warning("the audio output did not let go within %g s; it is left behind", CLOSE_MAX_S)
            self._thread.abort()
        with self._wake:
            self._playout.lost(self._clock())
            self._playout.cancel_all(0, self._clock())

    @property
    def state(self) -> DeviceState:
        return self._thread.state

    @property
    def working(self) -> bool:
        """Whether the thread goes on; where it hangs for good only a new process helps."""
        return self._thread.working

    @property
    def underflows(self) -> int:
        """How often the device ran dry in the middle of sound, since the start."""
        return self._thread.underflows

    @property
    def buffer_s(self) -> float:
        """Sound that the device is asked to hold ahead: more than at first where it ran dry."""
        return self._thread.buffer_s

    def track(
        self,
        turn_id: str,
        on_event: Callable[[TrackEvent], None],
        *,
        ignores_mute: bool = False,
        language: Language,
    ) -> Track:
        """A new track, which sounds once it was given to ``play``.

        Args:
            turn_id: comes back in the events.
            on_event: called in the loop.
            ignores_mute: it is heard when the player is muted.
            language: that is spoken.
        """
        return Track(
            turn_id,
            on_event,
            SampleQueue(self._mixer.sample_rate, self._jitter_s),
            self._mixer.strip(ignores_mute=ignores_mute),
            partial(self._levels.of, language=language),
            self._mixer.sample_rate,
            self._wake,
        )

    def learn_voice(
        self, voice: str, language: Language, samples: NDArray[np.int16], sample_rate: int
    ) -> None:
        """Know how loud a voice is before it first sounds.

        Args:
            voice: as ``Track.append`` will name it.
            language: that it speaks in ``samples``.
            samples: shape (n,), mono.
            sample_rate: of ``samples``, in Hz.
        """
        self._levels.of(voice, language).learn(from_int16(samples), sample_rate)

    def play(self, track: Track) -> None:
        """Put the track behind those that were put before; it may already have sound or get it later."""
        with self._wake:
            self._playout.put(track)
            self._wake.notify()

    def cancel(self, track: Track, fade_ms: int) -> None:
        """Fade out what sounds and forget the rest. What the device has completely is heard to its end."""
        with self._wake:
            self._playout.cancel(track, fade_ms / 1000, self._clock())
            self._wake.notify()

    def words(self, track: Track) -> list[TimedWord]:
        """The words whose sound the track has, in order, with when they are heard."""
        with self._wake:
            return [
                TimedWord(
                    word.start,
                    word.end,
                    self._playout.heard_mono(track.frame_of(word.position)),
                    word.estimated,
                )
                for word in sorted(track.words.values(), key=lambda word: word.start)
            ]

    def ends_mono(self, track: Track) -> float | None:
        """When the last of the sound that the track has will have been heard; None: nobody knows."""
        with self._wake:
            return self._playout.heard_mono(track.frame_of(track.queue.total - 1))

    def prepare(self) -> None:
        """Sound will follow soon: have the device's buffer short from now on."""
        self._thread.alert_until = self._clock() + ALERT_S

    def duck(self, on: bool) -> None:
        """Lower (or restore) what was put so far; a track put later is not lowered."""
        with self._wake:
            self._playout.duck(on)

    def tell_sound(self, on_sound: OnSound) -> None:
        """Have it called with all that is played."""
        self._thread.on_sound = on_sound

    @property
    def volume(self) -> float:
        """The volume, a factor of 0…1 on the amplitude."""
        return self._mixer.volume

    @property
    def muted(self) -> bool:
        return self._mixer.muted

    def set_volume(self, volume: float, *, muted: bool = False) -> None:
        """Play as loud as this. A muted player goes on playing, unheard, but for tracks that ignore it."""
        with self._wake:
            self._mixer.volume, self._mixer.muted = volume, muted

    def _check(self) -> None:
        self._thread.check()
        self._check_timer = asyncio.get_running_loop().call_later(CHECK_PERIOD_S, self._check)

    def _emit(self, track: Track, kind: TrackEventKind, mono: float) -> None:
        event = TrackEvent(kind, track.turn_id, mono, track.spoken_to, track.underruns)
        self._post(track.on_event, event)

    def _state_changed(self, state: DeviceState) -> None:
        if self._on_state is not None:
            self._post(self._on_state, state)

    def _post(self, call: Callable[[T], None], argument: T) -> None:
        # A loop that is closed has nobody left who wants to know.
        with contextlib.suppress(RuntimeError):
            if self._loop is not None:
                self._loop.call_soon_threadsafe(call, argument)
