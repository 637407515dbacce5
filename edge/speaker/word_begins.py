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

SHORTEST_PAUSE_S = 0.05
PAUSING = ",;:—–-…"
"""Behind these a voice pauses inside a clause."""


class Span(NamedTuple):
    """A word's place in a text."""

    start: int
    end: int


def audible_span(samples: NDArray[np.int16]) -> tuple[int, int]:
    """The first sample that is heard, and the one behind the last; (0, 0): there is none."""
    # In float, since the most negative int16 has no positive counterpart.
    sounding = np.flatnonzero(np.abs(samples.astype(np.float32)) > SILENCE_LEVEL * FULL_SCALE)
    return (int(sounding[0]), int(sounding[-1]) + 1) if sounding.size else (0, 0)


def longest_pauses(samples: NDArray[np.int16], sample_rate: int, count: int) -> list[tuple[int, int]]:
    """The ``count`` longest silences between sounds, in order: first sample, and the one behind the last.

    Empty: there are not so many that a pause in speech could be.
    """
    sounding = np.flatnonzero(np.abs(samples.astype(np.float32)) > SILENCE_LEVEL * FULL_SCALE)
    lengths = np.diff(sounding)
    if not count or np.count_nonzero(lengths >= SHORTEST_PAUSE_S * sample_rate) < count:
        return []
    longest = np.sort(np.argsort(lengths)[-count:])
    return [(int(sounding[at]) + 1, int(sounding[at + 1])) for at in longest]


def word_ends(samples: NDArray[np.int16], sample_rate: int, text: str, words: Sequence[Span]) -> list[int]:
    """Where each word of a whole clause ends in ``samples``, by their share of the characters.

    A comma is heard as a pause, and marks behind the last word as silence.
    """
    first, behind = audible_span(samples)
    letters = max((at for at, char in enumerate(text, 1) if char.isalnum()), default=len(text))
    known = {0: first, letters: behind}
    paused = [number for number, word in enumerate(words[:-1]) if text[word.end - 1] in PAUSING]
    pauses = longest_pauses(samples, sample_rate, len(paused))
    for number, (begin, end) in zip(paused, pauses, strict=False):
        if 0 < words[number].end < words[number + 1].start < letters:
            known[words[number].end], known[words[number + 1].start] = begin, end
    at = sorted(known)
    ends = np.interp([word.end for word in words], at, [known[each] for each in at])
    return [*(int(end) for end in ends[:-1]), len(samples)]


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
