"""What writing ahead may cost in a day: requests and tokens. Pure."""

from __future__ import annotations

from edge.clock import Moment
from edge.config import Ahead
from edge.spending.ledger import DayLedger

REQUESTS, TOKENS = NAMES = ("ahead.requests", "ahead.tokens")
"""In the ledger."""
REQUEST_TOKENS = 900
"""About what a request needs, prompt and reply; known only afterwards."""


class WritingCost:
    """The limits of a day, and what is left of them.

    Args:
        ahead: says them.
        ledger: what was spent.
    """

    def __init__(self, ahead: Ahead, ledger: DayLedger) -> None:
        self._ledger = ledger
        self._limits = dict(zip(NAMES, (ahead.requests_per_day, ahead.tokens_per_day), strict=True))

    def of(self, tokens: int = REQUEST_TOKENS) -> dict[str, float]:
        """A request's, by the ledger's names."""
        return {REQUESTS: 1, TOKENS: tokens}

    def used_up(self, now: Moment) -> str | None:
        """What has no room for another request today, for people; None: all have."""
        name = self._ledger.first_beyond(now, self.of(), self._limits)
        return name and f"{self._limits[name]} {_short(name)}"

    def left(self, now: Moment) -> dict[str, float]:
        """``requests`` and ``tokens`` that may still be spent today."""
        return {_short(name): self._ledger.left(now, name, limit) for name, limit in self._limits.items()}

    def fact(self, now: Moment) -> str:
        """What was spent today, for people."""
        requests, tokens = (self._ledger.used(now, name) for name in NAMES)
        return f"{requests:.0f} requests, {tokens:.0f} tokens"


def _short(name: str) -> str:
    return name.removeprefix("ahead.")
