"""How many messages are taken in a while. Pure; times are passed in."""

from __future__ import annotations


class Allowance:
    """Lets a burst through, and then so many a second.

    Args:
        burst: at once, after a rest.
        rate: a second, for ever.
    """

    def __init__(self, burst: int, rate: float) -> None:
        self._burst = burst
        self._rate = rate
        self._left = float(burst)
        self._counted_mono = float("-inf")

    def wait_s(self, now_mono: float) -> float:
        """Take one; returns how long it must wait."""
        passed_s = min(now_mono - self._counted_mono, self._burst / self._rate)
        self._left = min(self._left + passed_s * self._rate, self._burst) - 1
        self._counted_mono = now_mono
        return max(0.0, -self._left / self._rate)
