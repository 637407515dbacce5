"""What was spent, for ``shuttle-guide cost``: today, by turn, day by day. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from edge.config import Prices
from edge.messages import CostCeiling
from edge.spending.books import Books
from edge.spending.lines import Lines, Purpose, Unit, total
from edge.spending.price import Cost, cost_of

DAYS = 30
SERVES: dict[Purpose, tuple[Purpose, ...]] = {
    "remark": ("remark", "ahead"),
    "answer": ("answer", "guess", "hearing"),
    "announcement": ("announcement",),
}
"""Kind of turn → what is paid for its sake."""
SHOWN: tuple[Unit, ...] = ("tokens_in", "tokens_out", "characters", "audio_s")
HEAD = ("tokens in", "out", "characters", "audio s", "money")


class Spent(NamedTuple):
    """What some lines come to."""

    amounts: dict[Unit, float]
    cost: Cost

    @classmethod
    def of(cls, lines: Lines, prices: Mapping[str, Prices], per: int = 1) -> Spent:
        """Divided by ``per``."""
        cost = cost_of(lines, prices)
        amounts = {unit: amount / per for unit, amount in total(lines.values()).items()}
        return cls(amounts, cost._replace(money=cost.money / per))

    def cells(self, digits: int = 0) -> list[str]:
        """The cells of a row under ``HEAD``; nothing is "-"."""
        amounts = [self.amounts.get(unit, 0.0) for unit in SHOWN]
        money = self.cost.short if any(amounts) else "-"
        return [*(f"{amount:.{digits}f}" if amount else "-" for amount in amounts), money]

    def as_dict(self) -> dict[str, Any]:
        amounts = {unit: round(amount, 3) for unit, amount in self.amounts.items()}
        return amounts | {"money": round(self.cost.money, 6), "unknown": list(self.cost.unknown)}


class CostReport:
    """Figures of one date and of those before it.

    Args:
        books: what the processes have told.
        prices: of the services.
        today: local date.
        ceiling: as the commentator has told it; None: no guide runs.
    """

    def __init__(
        self, books: Books, prices: Mapping[str, Prices], today: str, ceiling: CostCeiling | None
    ) -> None:
        self._books = books
        self._prices = prices
        self._today = today
        self._ceiling = ceiling

    @property
    def title(self) -> str:
        """Today's sum, and how near it is to the ceilings."""
        cost = cost_of(self._books.spent(self._today), self._prices)
        unknown = f" (no price: {', '.join(cost.unknown)})" if cost.unknown else ""
        lines = [f"{self._today}: {cost} in money{unknown}"]
        if self._books.is_unknown(self._today):
            lines.append("What was spent before on this day is not known: its ledger could not be read.")
        if self._ceiling and self._ceiling.shares:
            shares = ", ".join(f"{bound} {share:.0%}" for bound, share in self._ceiling.shares.items())
            lines.append(f"Of the day's ceilings: {shares}")
        return "\n".join(lines)

    def of_today(self) -> list[list[str]]:
        """Service, purpose, and what it comes to."""
        return [
            [line.service, line.purpose, *Spent.of({line: amounts}, self._prices).cells()]
            for line, amounts in self._books.spent(self._today).items()
        ]

    def of_turns(self) -> list[list[str]]:
        """Kind of turn, how many ended today, and what one comes to."""
        return [[kind, str(turns), *spent.cells(1)] for kind, turns, spent in self._turns()]

    def of_days(self) -> list[list[str]]:
        """Date, and what all its services come to."""
        return [[date, *spent.cells()] for date, spent in self._days()]

    def as_dict(self) -> dict[str, Any]:
        today = self._books.spent(self._today)
        return {
            "date": self._today,
            "today": Spent.of(today, self._prices).as_dict(),
            "services": [
                {"service": line.service, "purpose": line.purpose}
                | Spent.of({line: amounts}, self._prices).as_dict()
                for line, amounts in today.items()
            ],
            "per_turn": [
                {"kind": kind, "turns": turns} | spent.as_dict() for kind, turns, spent in self._turns()
            ],
            "days": [{"date": date} | spent.as_dict() for date, spent in self._days()],
            "ceiling_level": self._ceiling.level if self._ceiling else None,
            "ceilings": dict(self._ceiling.shares) if self._ceiling else {},
        }

    def _turns(self) -> Iterable[tuple[Purpose, int, Spent]]:
        today, turns = self._books.spent(self._today), self._books.turns(self._today)
        for kind, purposes in SERVES.items():
            if count := turns.get(kind, 0):
                yield kind, count, Spent.of(_only(today, purposes), self._prices, count)

    def _days(self) -> Iterable[tuple[str, Spent]]:
        for date in self._books.dates[:DAYS]:
            yield date, Spent.of(self._books.spent(date), self._prices)


def _only(lines: Lines, purposes: Sequence[Purpose]) -> Lines:
    return {line: amounts for line, amounts in lines.items() if line.purpose in purposes}
