"""The sound of one utterance while it grows, and what is known of each frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.listener.framing import FRAME_S
from edge.listener.segment import Frame, Segment


class DetectedFrame(NamedTuple):
    """A frame and what the detectors say of it."""

    frame: Frame
    probability: float
    speech: bool
    certain: bool
    """Whether the frame is so clearly speech that it is no fading."""
    voiced: bool
    """The frame has a voice's spectrum, too."""


FADE_FRAMES = 5
"""Frames after the end in which a detector finds ever less probable speech; more in noise (160 ms)."""


class Utterance:
    """An utterance that is being said; it begins with its first frame of speech.

    Args:
        utterance_id: of the segment that it may become.
        pre_roll: what was heard before.
    """

    def __init__(self, utterance_id: str, pre_roll: Sequence[Frame]) -> None:
        self.id = utterance_id
        self.announced = False
        self.paused = self.maybe_ended = False
        self._pre_roll = list(pre_roll)
        self._heard: list[DetectedFrame] = []
        self._speech = 0
        self._voiced = 0
        self._last_speech = 0
        self._last_certain: int | None = None

    def append(self, heard: DetectedFrame) -> None:
        self._heard.append(heard)
        self._speech += heard.speech
        self._voiced += heard.voiced
        if heard.speech:
            self._last_speech = len(self._heard) - 1
        if heard.certain:
            self._last_certain = len(self._heard) - 1

    def __len__(self) -> int:
        """The number of frames, the pre-roll included."""
        return len(self._pre_roll) + len(self._heard)

    @property
    def speech_frames(self) -> int:
        """How many frames are speech."""
        return self._speech

    @property
    def voiced_frames(self) -> int:
        """How many of them have a voice's spectrum."""
        return self._voiced

    @property
    def span_s(self) -> float:
        """Time from the beginning of the first to the end of the last frame of speech."""
        return (self._last_speech + 1) * FRAME_S

    @property
    def silent_frames(self) -> int:
        """How many frames there are after the end of speech."""
        return len(self._heard) - 1 - self._end

    def certain_share(self, frames: int) -> float:
        """How many of so many last frames are clearly speech, from 0 to 1."""
        last = self._heard[-frames:]
        return sum(heard.certain for heard in last) / max(1, len(last))

    @property
    def start_mono(self) -> float:
        return self._heard[0].frame.mono - FRAME_S

    def frames(self) -> list[Frame]:
        """All of it, the pre-roll too."""
        return [*self._pre_roll, *(heard.frame for heard in self._heard)]

    def samples(self, tail_frames: int) -> NDArray[np.int16]:
        """Shape (n,): to at most ``tail_frames`` after the end of speech, fading or not."""
        return np.concatenate([frame.samples for frame in self.frames()[: self._kept(tail_frames)]])

    def after(self, tail_frames: int) -> list[Frame]:
        """What ``samples`` leaves out."""
        return self.frames()[self._kept(tail_frames) :]

    def segment(self, tail_frames: int, release_s: float) -> Segment:
        """The segment that there is so far.

        Args:
            tail_frames: silence that is kept at the end.
            release_s: how much too late the detector finds the end.
        """
        end_mono = self._heard[self._end].frame.mono - release_s
        samples = self.samples(tail_frames)
        return Segment(self.id, samples, self.start_mono, max(self.start_mono, end_mono))

    def best_pause(self, leave_frames: int) -> int:
        """Where to cut: the frame in the last third round which speech is least probable.

        Args:
            leave_frames: at least so many are left, where there are twice as many, and speech that is left
                goes on for so long: alone, the last frames of a word would be too short to be speech.
        """
        leave = min(leave_frames, len(self._heard) // 2)
        end = len(self._heard) - leave
        begin = min(len(self._heard) * 2 // 3, end - 3)
        probabilities = np.array([heard.probability for heard in self._heard[begin:end]])
        smooth = np.convolve(probabilities, np.ones(3) / 3, mode="valid")
        # Of equal ones the last: the first part is the longer one.
        at = begin + 1 + len(smooth) - 1 - int(np.argmin(smooth[::-1]))
        rest = range(at + 1, at + 1 + leave)
        return next((index - 1 for index in rest if not self._heard[index].speech), at)

    def cut(self, at: int) -> list[DetectedFrame]:
        """Keep the frames up to and with ``at``; returns the others."""
        rest = self._heard[at + 1 :]
        kept = self._heard[: at + 1]
        self._heard, self._speech, self._voiced, self._last_speech, self._last_certain = [], 0, 0, 0, None
        for heard in kept:
            self.append(heard)
        return rest

    @property
    def _end(self) -> int:
        """The last frame of speech that is not fading."""
        if self._last_certain is None:
            return self._last_speech
        return max(self._last_certain, self._last_speech - FADE_FRAMES)

    def _kept(self, tail_frames: int) -> int:
        return len(self._pre_roll) + max(self._end + tail_frames, self._last_speech) + 1
