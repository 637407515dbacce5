"""How long a ladder waits, for what, and how often it asks twice."""

from __future__ import annotations

from dataclasses import dataclass

from edge.config import Budget


@dataclass(frozen=True, kw_only=True)
class LadderLimits:
    """A ladder's limits. Those up to ``max_ms`` bound the wait for a first output, which is learned."""

    initial_ms: int
    local_initial_ms: int = 0
    """The same for rungs on this machine, where it is more."""
    min_ms: int
    max_ms: int
    stall_ms: int
    """Silence in mid-stream after which a rung counts as dead."""
    grace_ms: int = 40
    """How long a worse rung that is first waits for a better one that is still running: nobody hears it."""
    hedges_per_minute: int = 20
    """Paid attempts beside a running one: a service that is slow for all costs little more than usual."""
    breaker_failures: int = 2
    """In a row; a single one can be the network's."""
    breaker_open_s: float = 5.0
    """Doubled with each failed probe: a short fault is over by then, and a long one is asked seldom."""
    breaker_open_max_s: float = 60.0

    @classmethod
    def of(cls, budget: Budget, *, min_ms: int, stall_ms: int, local_initial_ms: int = 0) -> LadderLimits:
        """The limits of a stage."""
        return cls(
            initial_ms=budget.initial_ms,
            local_initial_ms=local_initial_ms,
            min_ms=min_ms,
            max_ms=budget.max_ms,
            stall_ms=stall_ms,
        )
