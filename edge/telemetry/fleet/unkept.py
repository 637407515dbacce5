"""What is said although the disk takes nothing: in memory alone, until it is on the disk after all."""

from __future__ import annotations

import sqlite3

from edge.fleet.commands import FleetCommand, fleet_id
from edge.messages import Reports
from edge.recent import Recent
from edge.telemetry.fleet import known_commands, receipts
from edge.telemetry.fleet.known_commands import TooManyError
from edge.telemetry.fleet.outbox import Made
from edge.telemetry.fleet.receipts import Receipt, receipt_of

REMEMBERED = 1000


class UnkeptCommands:
    """Announcements and safety messages that were handed on, and what became of them."""

    def __init__(self) -> None:
        self._known: Recent[str, None] = Recent(REMEMBERED)
        """Ids that have come, on the disk or not: each is said once."""
        self._unkept: Recent[str, tuple[FleetCommand, Reports | None]] = Recent(REMEMBERED)

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

    def __len__(self) -> int:
        return len(self._unkept)

    def keep(self, db: sqlite3.Connection, made: Made) -> list[Receipt | None]:
        """Work for the store: have it remembered and told after all; ``forget`` follows where it was."""
        told: list[Receipt | None] = []
        for command, report in self._unkept.values():
            try:
                if not known_commands.add(db, command, made.ts):
                    continue
            except TooManyError:
                continue
            told.append(receipts.keep(db, receipt_of(command, "accepted"), made))
            known_commands.passed_on(db, command.id)
            if report is not None:
                told.append(receipts.keep_spoken(db, report, made))
        return told

    def forget(self, count: int) -> None:
        """The first so many are on the disk."""
        for command_id in list(self._unkept)[:count]:
            del self._unkept[command_id]
