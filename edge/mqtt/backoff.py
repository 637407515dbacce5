"""How long to wait before the next attempt to connect."""

from __future__ import annotations

import random
from collections.abc import Callable

FIRST_S = 0.5


class Backoff:
    """Doubles from 0.5 s up to ``max_s``; jitter takes up to half off, so that a fleet is not in step."""

    def __init__(self, max_s: float, uniform: Callable[[float, float], float] = random.uniform) -> None:
        self._max_s = max_s
        self._uniform = uniform
        self._failures = 0

    def next_s(self) -> float:
        """The wait after one more failure."""
        ceiling_s = min(FIRST_S * 2 ** min(self._failures, 16), self._max_s)
        self._failures += 1
        return self._uniform(ceiling_s / 2, ceiling_s)

    def slow_s(self) -> float:
        """The wait where only a person can help (bad password): the longest at once."""
        return self._uniform(self._max_s / 2, self._max_s)

    def reset(self) -> None:
        self._failures = 0
