"""When the voice may be used for the pool. Pure, time passed in."""

from __future__ import annotations

from collections.abc import Callable

from edge.backoff import Backoff

BACKOFF_FIRST_S = 30.0
BACKOFF_MAX_S = 3600.0
HURRY_S = 900.0
"""Filling an empty pool in one go takes about as long."""
LOOK_AGAIN_S = 0.1
"""While a turn lives nobody knows when it will end."""


class VoicingPace:
    """Never beside live speech, one text after the other, less and less often while the service refuses.

    Args:
        quiet_s: how long nothing must have been said.
        pause_s: mean pause between two texts.
        draw: a number from 0 to 1, drawn anew; it keeps the shuttles of a fleet, whose service counts them
            all together, out of step.
        now: monotonic seconds.
    """

    def __init__(self, quiet_s: float, pause_s: float, draw: Callable[[], float], now: float) -> None:
        self._quiet_s = quiet_s
        self._pause_s = pause_s
        self._draw = draw
        self._quiet_from = now
        self._next_at = now + self._drawn(pause_s)
        self._backoff = Backoff(BACKOFF_FIRST_S, BACKOFF_MAX_S, lambda: self._drawn(1.0))
        self._hurry_until = now

    def hurry(self, now: float) -> None:
        """Somebody waits for it: no pauses for a while, and no leaving alone of who refused before."""
        self._hurry_until = now + HURRY_S
        self._next_at = now

    def live(self, now: float) -> None:
        """Somebody speaks, or is about to."""
        self._quiet_from = max(self._quiet_from, now)

    def voiced(self, now: float) -> None:
        """A text was voiced."""
        self._backoff.reset()
        self._next_at = now if now < self._hurry_until else now + self._drawn(self._pause_s)

    def failed(self, now: float, *, retry_after_s: float | None = None, permanent: bool = False) -> float:
        """A text could not be voiced; returns for how long the service is left alone.

        Args:
            retry_after_s: the service asked for this much.
            permanent: asking again will not help until a person has done something.
        """
        asked_s = (retry_after_s or 0.0) * (1.0 + self._draw() / 2)  # others were told the same
        wait_s = max(self._backoff.longest_s() if permanent else self._backoff.next_s(), asked_s)
        self._next_at = now + wait_s
        return wait_s

    def wait_s(self, now: float, *, live: bool) -> float:
        """How long to wait at least before the next text; 0: now is the time."""
        if live:
            return max(LOOK_AGAIN_S, self._quiet_s)
        quiet_until = now if now < self._hurry_until else self._quiet_from + self._quiet_s
        return max(0.0, quiet_until - now, self._next_at - now)

    def _drawn(self, mean_s: float) -> float:
        return mean_s * (0.5 + self._draw())
