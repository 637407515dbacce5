"""Plays scenes to the guide's own segmenter and notes when it finds an end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from bench.turn_end.scenes import PausedUtterance
from edge.config.hearing import Endpointing
from edge.listener.framing import FRAME_S, FRAME_SAMPLES
from edge.listener.segment import SAMPLE_RATE, Frame
from edge.listener.segmenter import Segmenter
from edge.listener.speech_events import SegmentReady, SpeechMaybeEnded
from edge.listener.vad import Vad

VERDICT_FRAMES = 3
"""The model's verdict comes about 80 ms behind the pause that it is asked for."""


class Hears(Protocol):
    """The model that hears ends of turns."""

    def completed(self, samples: NDArray[np.int16]) -> float: ...


class EndOutcome(NamedTuple):
    """What became of one scene."""

    cut_off: bool
    """An end was found in the pause."""
    waited_s: float
    """From the end of speech to the moment at which the end was certain."""
    held_out: bool


class FoundEnd(NamedTuple):
    """An end that was found."""

    speech_end_s: float
    certain_s: float


def outcomes(
    passengers: Iterable[list[PausedUtterance]], vad: Vad, options: Endpointing, model: Hears | None
) -> Iterator[EndOutcome]:
    """Each passenger meets a guide that does not know him yet, and has heard those before him."""
    segmenter = Segmenter(vad, options)
    begin_s = 0.0
    for scenes in passengers:
        segmenter.endpointer.pauses.forget()
        for scene in scenes:
            found = list(ends(scene.samples, segmenter, model, begin_s))
            begin_s += len(scene.samples) / SAMPLE_RATE
            _, pause_end_s = scene.pause_s
            cut_off = any(end.certain_s < pause_end_s for end in found)
            waited_s = found[-1].certain_s - scene.end_s if found else float("nan")
            yield EndOutcome(cut_off, waited_s, scene.held_out)


def ends(
    samples: NDArray[np.int16], segmenter: Segmenter, model: Hears | None, begin_s: float = 0.0
) -> Iterator[FoundEnd]:
    """Play samples of shape (n,), mono, 16 kHz, and say where ends are found, in seconds.

    Args:
        begin_s: when they begin, for the segmenter.
    """
    verdicts: dict[int, tuple[float, int]] = {}
    for number in range(len(samples) // FRAME_SAMPLES):
        if number in verdicts:
            segmenter.expect_by_sound(*verdicts.pop(number))
        now_s = (number + 1) * FRAME_S
        frame = Frame(samples[number * FRAME_SAMPLES : (number + 1) * FRAME_SAMPLES], begin_s + now_s)
        for event in segmenter.feed(frame):
            if isinstance(event, SpeechMaybeEnded) and model:
                completed = model.completed(event.segment.samples)
                verdicts[number + VERDICT_FRAMES] = (completed, segmenter.endpointer.spoken_frames)
            if isinstance(event, SegmentReady):
                yield FoundEnd(event.segment.speech_end_mono - begin_s, now_s)
    segmenter.feed(None)
