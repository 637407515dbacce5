"""Counts what a process asks of paid services, keeps it, and tells the others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import NoReturn

from edge.clock import Moment
from edge.config.orders import paid_services_of
from edge.messages import Kind, ProcessName, Spending
from edge.process import Life
from edge.spending.ledger import Day
from edge.spending.ledger_file import LedgerFile
from edge.spending.lines import Purpose, Unit, name_of_turn, names_of_request, only_ours

TELL_WITHIN_S = 0.2
"""What is noted within this time is one news."""
TELL_EVERY_S = 60.0
"""The date may change meanwhile, and an allowance be renewed, also where nothing is spent."""
TOLD_DATES = 31
"""How many dates are told: those that were used last, and today."""


class Meter:
    """Notes each request in the process's ledger; the disk has it within a second.

    Args:
        life: of the process.
        ledger: opened before the first note, and kept by its owner.
        on_told: gets the same news as the feed.
    """

    def __init__(
        self, life: Life, ledger: LedgerFile, on_told: Callable[[Spending], None] = lambda news: None
    ) -> None:
        self._life = life
        self.ledger = ledger
        self._on_told = on_told
        self._services = tuple(paid_services_of(life.settings, life.name))
        self._due: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Tell what there is, and go on telling."""
        self._tell()
        self._life.spawn(self._tell_for_ever(), "telling what was spent")

    def note(self, service: str, purpose: Purpose, amounts: Mapping[Unit, float]) -> None:
        """One request to a paid service (see ``lines.Note``)."""
        self._note(names_of_request(service, purpose, amounts))

    def turn_ended(self, kind: Kind) -> None:
        """A turn has ended, whatever made it."""
        self._note({name_of_turn(kind): 1})

    def _tell(self) -> None:
        if self._due:
            self._due.cancel()
            self._due = None
        now = Moment.now()
        self.ledger.ledger.look(now)
        news = news_of(self._life.name, self.ledger.ledger.days, now.date, self._services)
        self._life.feed.keep(news)
        self._on_told(news)

    async def _tell_for_ever(self) -> NoReturn:
        while True:
            await asyncio.sleep(TELL_EVERY_S)
            self._tell()

    def _note(self, amounts: Mapping[str, float]) -> None:
        self.ledger.note(Moment.now(), amounts)
        if self._due is None:
            self._due = asyncio.get_running_loop().call_later(TELL_WITHIN_S, self._tell)


def news_of(
    process: ProcessName, days: Mapping[str, Day], today: str, services: tuple[str, ...] = ()
) -> Spending:
    """A process's ledger, as it is told, and the paid services that it may ask.

    Args:
        days: the one that was used last at the end.
    """
    day = days.get(today, Day())
    # The calendar does not choose them: a clock that was wrong once must not hide what is spent today.
    dates = {today, *list(days)[-TOLD_DATES:]} & days.keys()
    return Spending(
        process=process,
        today=today,
        days={date: only_ours(days[date].amounts) for date in sorted(dates)},
        renewed=only_ours(day.renewed),
        used_up=day.used_up,
        services=services,
    )
