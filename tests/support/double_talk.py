"""A passenger speaks over the guide: what the listener makes of it, without devices and processes.

The guide's sentences come back through a room; a passenger is added at a level relative to that echo. Frames
go through the canceller and the segmenter as in the listener, and the guide's voice is lowered as soon as
somebody is heard.
"""

from __future__ import annotations

import functools

import numpy as np
import soxr
from numpy.typing import NDArray

from edge.config.hearing import Endpointing
from edge.listener.echo.canceller import WebRtcCanceller
from edge.listener.echo.cleaner import EchoCleaner
from edge.listener.framing import FRAME_SAMPLES
from edge.listener.segment import SAMPLE_RATE, Frame, Segment
from edge.listener.segmenter import Segmenter
from edge.listener.speech_events import SegmentReady
from edge.listener.vad_silero import SileroVad
from edge.messages import PlayedSound
from tests.support.conversing_guide import REMARKS
from tests.support.room import RATE, impulse_response
from tests.support.spoken_english import say
from tests.support.told import Inbox, playback

ECHO_GAIN = 0.5
BUFFER_S = 0.05
"""The speaker tells what will be heard so much later."""
AIR_S = 0.03
DUCK_GAIN = 10 ** (-14 / 20)
DUCK_FRAMES = 3
BEGIN_MONO = 50.0
NOISE_RMS = 10
Sound = NDArray[np.float64]


class DoubleTalk:
    """One guide in one room, which its listener has learned when ``lesson`` is over."""

    def __init__(self, seed: int = 7) -> None:
        response = soxr.resample(impulse_response(ECHO_GAIN, seed).astype(np.float64), RATE, SAMPLE_RATE)
        self._response = np.concatenate([np.zeros(round((BUFFER_S + AIR_S) * SAMPLE_RATE)), response])
        self._tail = np.zeros(FRAME_SAMPLES + len(self._response) - 1)
        self._noise = np.random.default_rng(seed)
        self._inbox = Inbox([playback(turn_id="turn")])
        self._cleaner = EchoCleaner(self._inbox, WebRtcCanceller())
        self._segmenter = Segmenter(SileroVad(), Endpointing())
        self._gains = [1.0] * DUCK_FRAMES
        self._at = 0

    def lesson(self) -> None:
        for sentence in guide_says():
            self.hear(sentence)
            if self._cleaner.trusted:
                return
        raise AssertionError("the canceller does not trust itself")

    def hear(self, guide: Sound, passenger: Sound | None = None) -> list[Segment]:
        """Both speak, ``passenger`` (of the same length) at the microphone; returns what was heard."""
        said = np.zeros_like(guide) if passenger is None else passenger
        segments = []
        for begin in range(0, len(guide) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
            frame = slice(begin, begin + FRAME_SAMPLES)
            cleaned = self._cleaner.clean(self._captured(guide[frame], said[frame]))
            for event in self._segmenter.feed(cleaned if self._cleaner.trusted else None):
                if isinstance(event, SegmentReady):
                    segments.append(event.segment)
        return segments

    def _captured(self, guide: Sound, said: Sound) -> Frame:
        self._gains.append(DUCK_GAIN if self._segmenter.endpointer.speaking else 1.0)
        played = np.rint(guide * self._gains.pop(0)).astype(np.int16)
        mono = BEGIN_MONO + self._at / SAMPLE_RATE
        self._inbox.append(
            PlayedSound(
                instance="speaker",
                stream="stream",
                position=self._at,
                heard_mono=mono + BUFFER_S,
                samples=played.astype("<i2").tobytes(),
            )
        )
        self._tail += np.convolve(played, self._response)
        heard = self._tail[:FRAME_SAMPLES] + said + self._noise.standard_normal(FRAME_SAMPLES) * NOISE_RMS
        self._tail = np.concatenate([self._tail[FRAME_SAMPLES:], np.zeros(FRAME_SAMPLES)])
        self._at += FRAME_SAMPLES
        samples = np.rint(np.clip(heard, -32768, 32767)).astype(np.int16)
        return Frame(samples, BEGIN_MONO + self._at / SAMPLE_RATE)


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
    said = np.zeros(len(guide))
    said[begin : begin + len(words)] = words
    return talk.hear(guide, said)


@functools.cache
def guide_says() -> tuple[Sound, ...]:
    """In whole frames each."""
    spoken = [say(remark, "espeak-ng").astype(np.float64) for remark in REMARKS]
    return tuple(np.pad(each, (0, -len(each) % FRAME_SAMPLES)) for each in spoken)


def loudness(sound: Sound) -> float:
    """Root mean square where there is speech, which is 30 dB below the loudest 10 ms at least."""
    power = np.mean(np.square(sound[: len(sound) // 160 * 160].reshape(-1, 160)), axis=1)
    return float(np.sqrt(np.mean(power[power > power.max() * 1e-3])))
