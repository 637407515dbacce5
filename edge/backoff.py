"""Pauses between attempts that fail. Pure."""

from __future__ import annotations

from collections.abc import Callable

MOST_DOUBLINGS = 32
"""Beyond it a pause without a bound would be no number any more."""


class Backoff:
    """Doubles each pause, from ``first_s`` up to ``max_s``.

    Args:
        jitter: what a pause is multiplied by, drawn anew each time, so that a fleet is not in step.
    """

    def __init__(self, first_s: float, max_s: float, jitter: Callable[[], float] = lambda: 1.0) -> None:
        self._first_s = first_s
        self._max_s = max_s
        self._jitter = jitter
        self._failures = 0

    def next_s(self) -> float:
        """The pause after one more failure."""
        pause_s = min(self._first_s * 2.0 ** min(self._failures, MOST_DOUBLINGS), self._max_s)
        self._failures += 1
        return pause_s * self._jitter()

    def longest_s(self) -> float:
        """The pause where only a person can help (a wrong password): the longest at once."""
        return self._max_s * self._jitter()

    def reset(self) -> None:
        """An attempt succeeded."""
        self._failures = 0
