"""Commands that were carried out while the disk took nothing: in memory, until it is on the disk."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from edge.fleet.commands import FleetCommand, fleet_id
from edge.messages import Reports
from edge.recent import Recent
from edge.telemetry.fleet import known_commands, receipts
from edge.telemetry.fleet.known_commands import TooManyError
from edge.telemetry.fleet.outbox import Made
from edge.telemetry.fleet.receipts import Receipt, receipt_of

REMEMBERED = 1000
Unkept = tuple[FleetCommand, Reports | None]
"""A command, and how it ended."""


class UnkeptCommands:
    """Announcements and safety messages that were handed on, and what became of them."""

    def __init__(self) -> None:
        self._known: Recent[str, None] = Recent(REMEMBERED)
        """Ids that have come, on the disk or not: each is said once."""
        self._unkept: Recent[str, Unkept] = Recent(REMEMBERED)

    def knows(self, command_id: str) -> bool:
        return command_id in self._known

    def note(self, command_id: str) -> None:
        """A command has come."""
        self._known[command_id] = None

    def add(self, command: FleetCommand) -> None:
        """A command is done, and the disk does not know of it."""
        self.note(command.id)
        self._unkept[command.id] = (command, None)

    def ended(self, report: Reports) -> None:
        """A trigger has ended, and the disk does not know of that either."""
        command_id = fleet_id(report.trigger_id)
        if command_id is not None and command_id in self._unkept:
            self._unkept[command_id] = (self._unkept[command_id][0], report)

    @property
    def now(self) -> tuple[Unkept, ...]:
        """What the disk does not know of now."""
        return tuple(self._unkept.values())

    def forget(self, kept: Iterable[Unkept]) -> None:
        """Forget what is on the disk; one that has ended meanwhile is not, as a whole."""
        for unkept in kept:
            if self._unkept.get(unkept[0].id) is unkept:
                del self._unkept[unkept[0].id]


def keep(unkept: Iterable[Unkept], made: Made, db: sqlite3.Connection) -> list[Receipt | None]:
    """Work for the store: have them remembered and told after all."""
    told: list[Receipt | None] = []
    for command, report in unkept:
        try:
            if known_commands.add(db, command, made.ts):
                told.append(receipts.keep(db, receipt_of(command, "accepted"), made))
                known_commands.passed_on(db, command.id)
        except TooManyError:
            continue
        if report is not None:
            told.append(receipts.keep_spoken(db, report, made))
    return told
