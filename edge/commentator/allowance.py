"""What may be spent on writing ahead in a day: requests, tokens, money. Pure.

Each date that the clock shows has its own allowance, in whatever order the clock shows them. So a clock
that is set back and forth over midnight, or starts each boot in 1970, never gets a day's allowance twice.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from edge.config import Ahead

REMEMBERED_DATES = 32


class Spent(msgspec.Struct, frozen=True):
    """On one date."""

    requests: int = 0
    tokens: int = 0
    money: float = 0.0


class DailyLimits(NamedTuple):
    """What one date may cost. Money is in the currency of the prices."""

    requests: int
    tokens: int
    money: float
    price_per_million_in: float
    price_per_million_out: float

    @classmethod
    def of(cls, ahead: Ahead) -> DailyLimits:
        """The limits that are configured."""
        return cls(
            ahead.requests_per_day,
            ahead.tokens_per_day,
            ahead.money_per_day,
            ahead.price_per_million_in,
            ahead.price_per_million_out,
        )


class Allowance:
    """What is left of each day's limits for writing ahead.

    Args:
        limits: what a day may cost.
        ledger: from before a restart: date (``2026-11-20``) → what was spent on it, the latest used last.
    """

    def __init__(self, limits: DailyLimits, ledger: dict[str, Spent] | None = None) -> None:
        self._limits = limits
        self._ledger = dict(ledger or {})

    @property
    def ledger(self) -> dict[str, Spent]:
        """To be stored."""
        return dict(self._ledger)

    def spent(self, date: str) -> Spent:
        return self._ledger.get(date, Spent())

    def left(self, date: str) -> Spent:
        """What may still be spent on ``date``."""
        spent, limits = self.spent(date), self._limits
        return Spent(
            max(0, limits.requests - spent.requests),
            max(0, limits.tokens - spent.tokens),
            max(0.0, limits.money - spent.money),
        )

    def exhausted(self, date: str, tokens: int = 0) -> str | None:
        """What is used up on ``date``, or would be by a request of so many tokens; None: nothing."""
        spent, limits = self.spent(date), self._limits
        if spent.requests >= limits.requests:
            return f"{limits.requests} requests"
        if spent.tokens + tokens > limits.tokens:
            return f"{limits.tokens} tokens"
        if spent.money + self._price(tokens, 0) > limits.money:
            return f"{limits.money:g} in money"
        return None

    def spend(self, date: str, tokens_in: int, tokens_out: int) -> None:
        """A request was made on ``date``."""
        before = self._ledger.pop(date, Spent())
        self._ledger[date] = Spent(
            requests=before.requests + 1,
            tokens=before.tokens + tokens_in + tokens_out,
            money=before.money + self._price(tokens_in, tokens_out),
        )
        while len(self._ledger) > REMEMBERED_DATES:
            del self._ledger[next(iter(self._ledger))]

    def _price(self, tokens_in: int, tokens_out: int) -> float:
        limits = self._limits
        return (
            tokens_in * limits.price_per_million_in + tokens_out * limits.price_per_million_out
        ) / 1_000_000
