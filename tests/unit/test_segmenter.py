"""Words are believed about the end of what they were taken from, and of nothing that was said since."""

from __future__ import annotations

import numpy as np
import pytest

from edge.config.hearing import Endpointing
from edge.listener.framing import FRAME_S, FRAME_SAMPLES
from edge.listener.segment import SAMPLE_RATE, Frame
from edge.listener.segmenter import Segmenter
from edge.listener.speech_events import SegmentReady, SpeechEvent

TONES = np.sin(np.outer(np.arange(FRAME_SAMPLES) / SAMPLE_RATE, 2 * np.pi * 150 * np.arange(1, 12))).sum(
    axis=1
)
VOICE = (TONES * 800).astype(np.int16)
SILENCE = np.zeros(FRAME_SAMPLES, np.int16)
OPTIONS = Endpointing(silence_s=0.64, silence_after_short_s=0.64, silence_unfinished_s=1.6)


class LoudIsSpeech:
    """A detector for tests."""

    name = "loud"
    release_s = 0.0

    def probability(self, samples: np.ndarray) -> float:
        return 0.95 if samples.any() else 0.02

    def reset(self) -> None:
        """It remembers nothing."""


class Stream:
    def __init__(self) -> None:
        self.segmenter = Segmenter(LoudIsSpeech(), OPTIONS)
        self._fed = 0

    def feed(self, samples: np.ndarray, frames: int) -> list[SpeechEvent]:
        events: list[SpeechEvent] = []
        for _ in range(frames):
            self._fed += 1
            events += self.segmenter.feed(Frame(samples, 100.0 + self._fed * FRAME_S))
        return events


@pytest.fixture
def stream() -> Stream:
    return Stream()


def ended(events: list[SpeechEvent]) -> bool:
    return any(isinstance(event, SegmentReady) for event in events)


def test_words_of_all_that_was_said_tell_how_long_to_wait(stream: Stream) -> None:
    stream.feed(VOICE, 20)
    spoken = stream.segmenter.endpointer.spoken_frames
    stream.feed(SILENCE, 3)
    stream.segmenter.expect("unfinished", spoken)
    assert not ended(stream.feed(SILENCE, 25))


def test_words_of_what_was_said_before_tell_nothing(stream: Stream) -> None:
    stream.feed(VOICE, 20)
    spoken = stream.segmenter.endpointer.spoken_frames
    stream.feed(VOICE, 10)
    stream.segmenter.expect("unfinished", spoken)
    assert ended(stream.feed(SILENCE, 20))


def test_a_pause_is_known_from_its_first_frame(stream: Stream) -> None:
    stream.feed(VOICE, 20)
    assert not stream.segmenter.endpointer.pausing
    stream.feed(SILENCE, 1)
    assert stream.segmenter.endpointer.pausing
    stream.feed(VOICE, 1)
    assert not stream.segmenter.endpointer.pausing
