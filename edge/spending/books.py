"""What all processes have told of their spending, together. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from edge.messages import ProcessName, Spending
from edge.spending.lines import Lines, Purpose, lines_of, turns_of


class Books:
    """The last news of each process; one that says nothing has spent what it told last."""

    def __init__(self) -> None:
        self._told: dict[ProcessName, Spending] = {}

    def take(self, news: Spending) -> None:
        self._told[news.process] = news

    @property
    def tellers(self) -> tuple[ProcessName, ...]:
        """The processes that have told anything."""
        return tuple(self._told)

    def may_pay(self, process: ProcessName) -> bool:
        """A process has told of paid services that it may ask."""
        return process in self._told and bool(self._told[process].services)

    @property
    def dates(self) -> list[str]:
        """All on which something was spent or a turn ended, the last one first."""
        return sorted({date for news in self._told.values() for date in news.days}, reverse=True)

    def spent(self, date: str) -> Lines:
        """All that was spent on a date."""
        return lines_of(*(news.days.get(date, {}) for news in self._told.values()))

    def turns(self, date: str) -> dict[Purpose, int]:
        """Turns that ended on a date."""
        return turns_of(*(news.days.get(date, {}) for news in self._told.values()))

    def used(self, date: str) -> Lines:
        """What counts against the ceilings: what was spent since the date's allowance was last renewed."""
        return lines_of(*(_without_renewed(news, date) for news in self._told.values()))

    def is_unknown(self, date: str) -> bool:
        """A process has lost what it had spent on this date."""
        return any(news.used_up and news.today == date for news in self._told.values())


def _without_renewed(news: Spending, date: str) -> Mapping[str, float]:
    spent = news.days.get(date, {})
    if news.today != date or not news.renewed:
        return spent
    return {name: amount - news.renewed.get(name, 0.0) for name, amount in spent.items()}
