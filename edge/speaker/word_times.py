"""When each word was told to begin, and when that is worth correcting. Pure, with time passed in."""

from __future__ import annotations

from collections.abc import Sequence

from edge.messages import TimedWord

TOLERANCE_S = 0.03
"""Devices tell the time at which something is heard no better; nobody reads so exactly either."""
AGAIN_S = 0.3
"""A word that has begun and begins so much later is said again, by another voice or behind a lost device."""


class WordTimes:
    """The times of one turn's words, as they are told."""

    def __init__(self) -> None:
        self._told: dict[int, TimedWord] = {}
        self._ends_mono: float | None = None

    def words(self, known: Sequence[TimedWord], now_mono: float) -> tuple[TimedWord, ...]:
        """The same words with times that do not waver, and stand once they are past."""
        for word in known:
            told = self._told.get(word.start)
            if told is None or told.end != word.end or self._is_other(told, word, now_mono):
                self._told[word.start] = word
        return tuple(self._told[start] for start in sorted(self._told))

    def ends_mono(self, known: float | None) -> float | None:
        """When the sound so far is over, as steadily."""
        if known is None or self._ends_mono is None or abs(known - self._ends_mono) > TOLERANCE_S:
            self._ends_mono = known
        return self._ends_mono

    def heard(self, now_mono: float) -> tuple[TimedWord, ...]:
        """The words that have begun."""
        return tuple(
            word
            for _, word in sorted(self._told.items())
            if word.begins_mono is not None and word.begins_mono <= now_mono
        )

    def _is_other(self, told: TimedWord, word: TimedWord, now_mono: float) -> bool:
        if told.begins_mono is None or word.begins_mono is None:
            return told.begins_mono != word.begins_mono
        by_s = word.begins_mono - told.begins_mono
        return by_s > AGAIN_S if told.begins_mono <= now_mono else abs(by_s) > TOLERANCE_S
