"""A passenger speaks over the guide: what the listener makes of it, without devices and processes.

The guide's sentences come back through a room; a passenger is added at a level relative to that echo. Frames
go through the canceller and the segmenter as in the listener, and the guide's voice is lowered as soon as
somebody is heard.
"""

from __future__ import annotations

import functools

import numpy as np

from bench.simulated_room import ECHO_GAIN, RoomSound, SimulatedRoom, loudness
from edge.config.hearing import Endpointing
from edge.listener.echo.canceller import WebRtcCanceller
from edge.listener.echo.cleaner import EchoCleaner
from edge.listener.framing import FRAME_SAMPLES
from edge.listener.segment import SAMPLE_RATE, Segment
from edge.listener.segmenter import Segmenter
from edge.listener.speech_events import SegmentReady
from edge.listener.vad_silero import SileroVad
from tests.support.conversing_guide import REMARKS
from tests.support.spoken_english import say
from tests.support.told import Inbox, playback

BEGIN_MONO = 50.0
BEHIND_S = 3
"""For so long the guide goes on behind what was said over it."""


class DoubleTalk:
    """One guide in one room, which its listener has learned when ``lesson`` is over."""

    def __init__(self, seed: int = 7) -> None:
        self._room = SimulatedRoom(BEGIN_MONO, seed)
        self._inbox = Inbox([playback(turn_id="turn")])
        self._cleaner = EchoCleaner(self._inbox, WebRtcCanceller())
        self._segmenter = Segmenter(SileroVad(), Endpointing())

    def lesson(self) -> None:
        for sentence in guide_says():
            self.hear(sentence)
            if self._cleaner.trusted:
                return
        raise AssertionError("the canceller does not trust itself")

    def hear(self, guide: RoomSound, passenger: RoomSound | None = None) -> list[Segment]:
        """Both speak, ``passenger`` (of the same length) at the microphone; returns what was heard."""
        said = np.zeros_like(guide) if passenger is None else passenger
        segments = []
        for begin in range(0, len(guide) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
            frame = slice(begin, begin + FRAME_SAMPLES)
            is_lowered = self._segmenter.endpointer.speaking
            played, captured = self._room.frame(guide[frame], said[frame], is_lowered=is_lowered)
            self._inbox.append(played)
            cleaned = self._cleaner.clean(captured)
            for event in self._segmenter.feed(cleaned if self._cleaner.trusted else None):
                if isinstance(event, SegmentReady):
                    segments.append(event.segment)
        return segments


def over_its_words(text: str, above_echo_db: float, trial: int) -> list[Segment]:
    """What is heard when somebody says it, so much louder than the echo, into the guide's words.

    Args:
        trial: another room and another place in its words.
    """
    talk = DoubleTalk(seed=7 + trial)
    talk.lesson()
    guide = np.roll(np.concatenate(guide_says()), -round(0.37 * trial * SAMPLE_RATE))
    words = say(text, "flite").astype(np.float64)
    words *= ECHO_GAIN * loudness(guide) * 10 ** (above_echo_db / 20) / loudness(words)
    begin = 2 * SAMPLE_RATE
    guide = guide[: begin + len(words) + BEHIND_S * SAMPLE_RATE]
    said = np.zeros(len(guide))
    said[begin : begin + len(words)] = words
    return talk.hear(guide, said)


@functools.cache
def guide_says() -> tuple[RoomSound, ...]:
    """In whole frames each."""
    spoken = [say(remark, "espeak-ng").astype(np.float64) for remark in REMARKS]
    return tuple(np.pad(each, (0, -len(each) % FRAME_SAMPLES)) for each in spoken)
