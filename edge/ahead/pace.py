"""When a service may be used for what is made ahead. Pure; monotonic seconds are passed in.

In quiet moments only, with pauses, and later and later while the service refuses. Pauses are drawn anew each
time, so that the shuttles of a fleet, which share an account and its limits, take turns.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from edge.backoff import Backoff


class Pauses(NamedTuple):
    """How long is waited in between, in seconds; means of what is drawn."""

    quiet_s: float
    """In which nothing must have been said, nor anybody have spoken; not drawn."""
    between_s: float
    backoff_s: float
    """After the first refusal; it doubles with each further one."""
    backoff_max_s: float
    hurry_s: float
    """How long an order to fill at once holds."""


class Pace:
    """Says how long the next use of a service has to wait.

    Args:
        draw: a number from 0 to 1, drawn anew.
        now: when the process began.
    """

    def __init__(self, pauses: Pauses, draw: Callable[[], float], now: float) -> None:
        self._pauses = pauses
        self._draw = draw
        self._backoff = Backoff(pauses.backoff_s, pauses.backoff_max_s, lambda: self._drawn(1.0))
        self._quiet_since = self._hurry_until = now
        self._next_at = now + self._drawn(pauses.between_s)

    def hurry(self, now: float) -> None:
        """Somebody waits for it: no pauses but those after a refusal, and who has refused is tried again."""
        self._hurry_until = now + self._pauses.hurry_s
        self._next_at = now
        self._backoff.reset()

    def relax(self, now: float) -> None:
        """Nobody waits any more."""
        self._hurry_until = now

    def hurried(self, now: float) -> bool:
        return now < self._hurry_until

    def disturbed(self, now: float) -> None:
        """The guide or a passenger speaks at this moment, or is about to."""
        self._quiet_since = max(self._quiet_since, now)

    def wait_s(self, now: float) -> float:
        """How long to wait at least, if nothing disturbs; 0: now is the time."""
        quiet_at = now if self.hurried(now) else self._quiet_since + self._pauses.quiet_s
        return max(0.0, quiet_at - now, self._next_at - now)

    def succeeded(self, now: float) -> None:
        """The service did what it was asked."""
        self._backoff.reset()
        self.pause(now)

    def pause(self, now: float) -> None:
        """The usual pause begins."""
        self._next_at = now if self.hurried(now) else now + self._drawn(self._pauses.between_s)

    def refused(self, now: float, retry_after_s: float | None = None, *, permanent: bool = False) -> float:
        """The service failed; gives for how many seconds it is left alone.

        Args:
            retry_after_s: the service asked for this much.
            permanent: asking again will not help until a person has done something.
        """
        asked_s = (retry_after_s or 0.0) * (1.0 + self._draw() / 2)  # others were told the same
        pause_s = max(self._backoff.longest_s() if permanent else self._backoff.next_s(), asked_s)
        self._next_at = now + pause_s
        return pause_s

    def _drawn(self, mean_s: float) -> float:
        return mean_s * (0.5 + self._draw())
