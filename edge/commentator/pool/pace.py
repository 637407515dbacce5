"""When the next request for remarks may be made: in quiet moments, with pauses, and later after a refusal.

Pure; monotonic seconds. The pauses are drawn anew each time, so that the shuttles of a fleet, which share an
account and its limits, take turns.
"""

from __future__ import annotations

import random

from edge.backoff import Backoff

QUIET_S = 3.0
"""The time in which nothing must have been said, nor anybody have spoken."""
FIRST_PAUSE_S = 8.0
PAUSE_S = 6.0
"""Mean pause between two requests."""
BACKOFF_S = 20.0
"""Mean pause after the first refusal; it doubles with each further one."""
BACKOFF_MAX_S = 900.0


class WritingPace:
    """Says how long the next request for remarks has to wait.

    Args:
        rng: draws the pauses.
        now: when the process began.
    """

    def __init__(self, rng: random.Random, now: float) -> None:
        self._rng = rng
        self._not_before = now + rng.uniform(0.0, FIRST_PAUSE_S)
        self._quiet_since = now
        self._backoff = Backoff(BACKOFF_S, BACKOFF_MAX_S, lambda: rng.uniform(0.5, 1.5))
        self._refused = False
        self.hurried = False
        """Somebody waits for a full pool: no pauses but those after a refusal."""

    def disturbed(self, now: float) -> None:
        """The guide or a passenger speaks at this moment."""
        self._quiet_since = now

    def wait_s(self, now: float) -> float:
        """How long to wait until the next request, if nothing disturbs; 0: it may be made."""
        quiet_at = self._quiet_since + (0.0 if self.hurried else QUIET_S)
        pause_ends = self._quiet_since if self.hurried and not self._refused else self._not_before
        return max(0.0, quiet_at - now, pause_ends - now)

    def answered(self, now: float) -> None:
        """A request was answered."""
        self._succeed()
        self._not_before = now + self._rng.uniform(0.5, 1.5) * PAUSE_S

    def refused(self, now: float, retry_after_s: float | None = None) -> float:
        """A request failed, or the service wants to be left alone so long. Gives the pause in seconds."""
        pause_s = max(self._backoff.next_s(), (retry_after_s or 0.0) * self._rng.uniform(1.0, 1.5))
        self._refused = True
        self._not_before = now + pause_s
        return pause_s

    def hurry(self) -> None:
        """An order to fill the pool now; it also tries a service again that has refused."""
        self.hurried = True
        self._succeed()

    def _succeed(self) -> None:
        self._refused = False
        self._backoff.reset()
