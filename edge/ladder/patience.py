"""How long to wait for a rung's first output, learned from the rung itself, and how often to hedge."""

from __future__ import annotations

from collections import deque

from edge.ladder.limits import LadderLimits

LEARN_FROM = 40
"""Recent attempts that are remembered."""
TRUST_AFTER = 5
"""Attempts before experience replaces the configured first guess."""
MARGIN = 1.3
"""The budget is this much above the 95th percentile, so that a usual answer never starts a second rung."""


class Patience:
    """The budget of one rung.

    Args:
        is_local: it works on this machine.
    """

    def __init__(self, bounds: LadderLimits, *, is_local: bool = False) -> None:
        self._bounds = bounds
        initial_ms = max(bounds.initial_ms, bounds.local_initial_ms if is_local else 0)
        self._initial_s = self._first_guess_s = initial_ms / 1000
        self._recent_s: deque[float] = deque(maxlen=LEARN_FROM)

    def observe(self, seconds: float) -> None:
        """An attempt gave its first output after (or was given up after) this long."""
        self._recent_s.append(seconds)

    def raise_first_guess(self, seconds: float) -> None:
        """The rung works, and tiny work took it this long: one behind a slow network is not late by that."""
        self._first_guess_s = max(self._first_guess_s, seconds)

    @property
    def budget_s(self) -> float:
        longest_s = max(self._bounds.max_ms / 1000, self._initial_s)
        if len(self._recent_s) < TRUST_AFTER:
            # The first guess is a tight one. Whoever was late once is given more, so that a service that is
            # only slower than others loses one turn by it and not five.
            seen_s = MARGIN * max(self._recent_s, default=0.0)
            return min(max(self._first_guess_s, seen_s), longest_s)
        ranked = sorted(self._recent_s)
        p95 = ranked[min(len(ranked) - 1, int(len(ranked) * 0.95))]
        return min(max(p95 * MARGIN, self._bounds.min_ms / 1000), self._bounds.max_ms / 1000)


class RateCap:
    """At most so many in a period: of second attempts beside a running one, and of what else is paid."""

    def __init__(self, at_most: int, period_s: float = 60.0) -> None:
        self._at_most = at_most
        self._period_s = period_s
        self._recent_mono: deque[float] = deque()

    def has_room(self, now: float) -> bool:
        """One more is allowed at monotonic time ``now``."""
        while self._recent_mono and self._recent_mono[0] <= now - self._period_s:
            self._recent_mono.popleft()
        return len(self._recent_mono) < self._at_most

    def take(self, now: float) -> bool:
        """True (and counted) when one more is allowed at monotonic time ``now``."""
        if not self.has_room(now):
            return False
        self._recent_mono.append(now)
        return True
