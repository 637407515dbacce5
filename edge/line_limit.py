"""Keeps one noisy cause from filling the journal. Pure; time is passed in."""

from __future__ import annotations

PERIOD_S = 60.0


class LineLimit:
    """Lets so many lines a minute through, and counts the others."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._period_mono = float("-inf")
        self._told = 0
        self._silent = 0

    def take(self, now: float) -> int | None:
        """How many lines were left out since the last one; None: leave this one out, too."""
        if now - self._period_mono >= PERIOD_S:
            self._period_mono, self._told = now, 0
        if self._told >= self._per_minute:
            self._silent += 1
            return None
        self._told += 1
        silent, self._silent = self._silent, 0
        return silent
