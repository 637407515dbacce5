"""Commands that have come: each is done once by its id, also by a telemetry that was started anew.

Each function is work for the store (``FleetStore.run``): it gets the connection, inside a transaction.
"""

from __future__ import annotations

import sqlite3
from typing import Literal, NamedTuple

import msgspec

from edge.fleet.commands import NOT_BEFORE_MAX_S, SKEW_S, FleetCommand

MOST_COMMANDS = 5000
"""Beyond it, those are forgotten that have expired for long; where there are none, one more is refused."""
REMEMBERED_S = SKEW_S + 3600.0
"""After it has expired, so that a clock which is set back a little makes nothing new."""
SPOKEN_WITHIN_S = 120.0
"""What began in time has ended by then."""
CommandPhase = Literal["waiting", "passed_on", "over"]


class TooManyError(Exception):
    """No further command can be remembered."""


class Due(NamedTuple):
    """A command that is not over."""

    phase: CommandPhase
    command: FleetCommand


def add(db: sqlite3.Connection, command: FleetCommand, now_at: float) -> bool:
    """Remember it; False: one of this id has come before.

    Raises:
        TooManyError: too many are remembered.
    """
    if _count(db) >= MOST_COMMANDS:  # not before: a clock that jumps ahead would make all of them new
        db.execute("DELETE FROM commands WHERE phase = 'over' AND expires_at < ?", (now_at - REMEMBERED_S,))
        if _count(db) >= MOST_COMMANDS:
            raise TooManyError
    row = (command.id, command.name, "waiting", command.not_before, command.expires_at)
    added = db.execute(
        "INSERT OR IGNORE INTO commands VALUES (?, ?, ?, ?, ?, ?)", (*row, msgspec.msgpack.encode(command))
    )
    return added.rowcount == 1


def get(db: sqlite3.Connection, command_id: str) -> Due | None:
    """A command that is not over; None: it is, or never came."""
    row = db.execute(
        "SELECT phase, command FROM commands WHERE id = ? AND phase != 'over'", (command_id,)
    ).fetchone()
    return _due(row) if row else None


def not_over(db: sqlite3.Connection) -> list[Due]:
    """All that are not over, the first due first."""
    rows = db.execute("SELECT phase, command FROM commands WHERE phase != 'over' ORDER BY not_before, id")
    return [_due(row) for row in rows]


def passed_on(db: sqlite3.Connection, command_id: str) -> None:
    """The on-device broker has it."""
    db.execute("UPDATE commands SET phase = 'passed_on' WHERE id = ? AND phase = 'waiting'", (command_id,))


def over(db: sqlite3.Connection, command_id: str) -> bool:
    """Nothing more comes of it. False: that was known, or it never came."""
    ended = db.execute(
        "UPDATE commands SET phase = 'over', command = NULL WHERE id = ? AND phase != 'over'", (command_id,)
    )
    return ended.rowcount == 1


def cancel_beforehand(db: sqlite3.Connection, command_id: str, now_at: float) -> bool:
    """A command that has not come yet shall not be done; False: it has come."""
    row = (command_id, "", "over", now_at, now_at + NOT_BEFORE_MAX_S)
    return db.execute("INSERT OR IGNORE INTO commands VALUES (?, ?, ?, ?, ?, NULL)", row).rowcount == 1


def _count(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT count(*) FROM commands").fetchone()[0])


def _due(row: tuple[CommandPhase, bytes]) -> Due:
    return Due(row[0], msgspec.msgpack.decode(row[1], type=FleetCommand))
