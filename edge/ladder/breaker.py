"""A circuit breaker: leaves a rung that keeps failing alone for a while. Pure; time is passed in."""

from __future__ import annotations

from edge.backoff import Backoff
from edge.ladder.limits import LadderLimits


class Breaker:
    """Closed (use it), or open (skip it) until ``retry_mono``, when it deserves a probe.

    Args:
        limits: ``breaker_failures`` in a row open it for ``breaker_open_s``, doubled with each failed probe
            up to ``breaker_open_max_s``.
    """

    def __init__(self, limits: LadderLimits) -> None:
        self._limits = limits
        self._failures = 0
        self._backoff = Backoff(limits.breaker_open_s, limits.breaker_open_max_s)
        self._on_trial = False
        """Only a probe has been answered since the last failure."""
        self.retry_mono: float | None = None
        self.reason = ""

    @property
    def closed(self) -> bool:
        return self.retry_mono is None

    def succeeded(self) -> None:
        """Live work was done: all is forgotten."""
        self._failures = 0
        self._on_trial = False
        self._backoff.reset()
        self.retry_mono = None
        self.reason = ""

    def recovered(self) -> None:
        """A probe was answered: closed again, but the next failure opens it at once and for longer.

        Some faults (a used-up quota, a service that hangs over long requests) cannot be seen by a probe.
        """
        self._on_trial = True
        self._failures = self._limits.breaker_failures - 1
        self.retry_mono = None
        self.reason = ""

    def failed(
        self,
        now: float,
        reason: str,
        *,
        retry_after_s: float | None = None,
        permanent: bool = False,
        hung: bool = False,
    ) -> None:
        """Count a failure. One that asking again cannot mend, or that names its own pause, opens at once.

        So does one that was waited for in vain, since the next turn would wait as long: a probe is due at
        once, and shows whether it was a moment's. Where it is so again behind a probe that was answered, no
        probe shows it.
        """
        self._failures += 1
        self.reason = reason
        if hung and self.closed and not self._on_trial:
            self.retry_mono = now
            return
        at_once = permanent or retry_after_s is not None
        if not at_once and self._failures < self._limits.breaker_failures and self.closed:
            return
        pause_s = self._backoff.longest_s() if permanent else self._backoff.next_s()
        self.retry_mono = now + max(pause_s, retry_after_s or 0.0)
