"""Where words begin in a stretch of sound, also where the voice does not tell. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.sound.samples import FULL_SCALE
from edge.speaker.script import WordBegin

SILENCE_LEVEL = 10 ** (-46 / 20)
"""Share of full scale below which a sample is silence."""


class Span(NamedTuple):
    """A word's place in a text."""

    start: int
    end: int


def audible_span(samples: NDArray[np.int16]) -> tuple[int, int]:
    """The first sample that is heard, and the one behind the last; (0, 0): there is none."""
    # In float, since the most negative int16 has no positive counterpart.
    sounding = np.flatnonzero(np.abs(samples.astype(np.float32)) > SILENCE_LEVEL * FULL_SCALE)
    return (int(sounding[0]), int(sounding[-1]) + 1) if sounding.size else (0, 0)


def word_begins(
    samples: NDArray[np.int16], text: Span, words: Sequence[Span], told: Mapping[int, int]
) -> list[WordBegin]:
    """Where these words begin in ``samples``, which speak the text in ``text``.

    A word that ``told`` does not hold begins by its share of the characters between those that it does.

    Args:
        samples: shape (n,), mono.
        text: from where to where the sound leads.
        words: in order; each begins in ``text``.
        told: a word's start → the sample at which the voice says it begins.
    """
    if all(word.start in told for word in words):
        return [WordBegin(told[word.start], *word) for word in words]
    first, behind = audible_span(samples)
    known = {text.start: first, **{start: told[start] for start in sorted(told)}}
    known.setdefault(max(text.end, *known), max(behind, *known.values()))
    at = np.interp([word.start for word in words], list(known), list(known.values()))
    return [
        WordBegin(min(int(position), max(0, len(samples) - 1)), *word, estimated=word.start not in told)
        for position, word in zip(at, words, strict=True)
    ]
