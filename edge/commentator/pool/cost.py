"""What writing ahead may cost in a day: requests, tokens, money. Pure."""

from __future__ import annotations

from edge.clock import Moment
from edge.config import Ahead
from edge.spending.ledger import DayLedger

REQUESTS, TOKENS, MONEY = NAMES = ("ahead.requests", "ahead.tokens", "ahead.money")
"""In the ledger."""
TOKENS_IN, TOKENS_OUT = 500, 400
"""About what a request needs; known only afterwards."""


class WritingCost:
    """Prices, the limits of a day, and what is left of them.

    Args:
        ahead: says them. Money is in the currency of the prices.
        ledger: what was spent.
    """

    def __init__(self, ahead: Ahead, ledger: DayLedger) -> None:
        self._ahead = ahead
        self._ledger = ledger
        self._limits = dict(
            zip(NAMES, (ahead.requests_per_day, ahead.tokens_per_day, ahead.money_per_day), strict=True)
        )

    def of(self, tokens_in: int = TOKENS_IN, tokens_out: int = TOKENS_OUT) -> dict[str, float]:
        """A request's, by the ledger's names."""
        prices = self._ahead.price_per_million_in, self._ahead.price_per_million_out
        money = (tokens_in * prices[0] + tokens_out * prices[1]) / 1_000_000
        return {REQUESTS: 1, TOKENS: tokens_in + tokens_out, MONEY: money}

    def used_up(self, now: Moment) -> str | None:
        """What has no room for another request today, for people; None: all have."""
        name = self._ledger.first_beyond(now, self.of(), self._limits)
        return name and f"{self._limits[name]:.10g} {_short(name)}"

    def left(self, now: Moment) -> dict[str, float]:
        """``requests``, ``tokens``, ``money`` that may still be spent today."""
        return {_short(name): self._ledger.left(now, name, limit) for name, limit in self._limits.items()}

    def fact(self, now: Moment) -> str:
        """For people: what was spent today."""
        requests, tokens, money = (self._ledger.used(now, name) for name in NAMES)
        return f"{requests:.0f} requests, {tokens:.0f} tokens, {money:.4f} in money"


def _short(name: str) -> str:
    return name.removeprefix("ahead.")
