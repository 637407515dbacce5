"""Commands that have come: each is done once by its id, also by a telemetry that was started anew.

Each function is work for the store (``FleetStore.run``): it gets the connection, inside a transaction.
"""

from __future__ import annotations

import sqlite3
from typing import Literal, NamedTuple

import msgspec

from edge.fleet.commands import NOT_BEFORE_MAX_S, SKEW_S, FleetCommand
from edge.fleet.topics import SPOKEN

MOST_COMMANDS = {"safety": 1000, "announce": 1000, "other": 3000}
"""Share → how many are remembered, so that none uses up the others'. Beyond it, those of it are forgotten
that have expired for long; where there are none, one more is refused."""
REMEMBERED_S = SKEW_S + 3600.0
"""After it has expired, so that a clock which is set back a little makes nothing new."""
SPOKEN_WITHIN_S = 120.0
"""What began in time has ended by then."""
SHARE = "CASE WHEN name IN ('safety', 'announce') THEN name ELSE 'other' END"
CommandPhase = Literal["waiting", "claimed", "passed_on", "over"]
"""Claimed: is being handed on, so that it cannot be cancelled as one that waits. A telemetry that was started
anew hands it on again."""

# Made while there is one thread: msgspec prepares a type at first use, and crashes where two do at once.
_COMMAND = msgspec.msgpack.Decoder(FleetCommand)


class TooManyError(Exception):
    """No further command can be remembered."""


class Due(NamedTuple):
    """A command that is not over."""

    phase: CommandPhase
    command: FleetCommand


def add(db: sqlite3.Connection, command: FleetCommand, now_at: float) -> bool:
    """Remember it; False: one of this id has come before.

    Raises:
        TooManyError: too many of its share are remembered.
    """
    if not _has_room(db, command.name):  # not before: a clock that jumps ahead would make all of them new
        db.execute(
            f"DELETE FROM commands WHERE {SHARE} = ? AND phase = 'over' AND expires_at < ?",
            (_share(command.name), now_at - REMEMBERED_S),
        )
        if not _has_room(db, command.name) and not known(db, command.id):
            raise TooManyError(f"{MOST_COMMANDS[_share(command.name)]} of its kind are remembered already")
    row = (command.id, command.name, "waiting", command.not_before, command.expires_at)
    added = db.execute(
        "INSERT OR IGNORE INTO commands VALUES (?, ?, ?, ?, ?, ?)", (*row, msgspec.msgpack.encode(command))
    )
    return added.rowcount == 1


def known(db: sqlite3.Connection, command_id: str) -> bool:
    """Whether one of this id has come."""
    return db.execute("SELECT 1 FROM commands WHERE id = ?", (command_id,)).fetchone() is not None


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


def claim(db: sqlite3.Connection, command_id: str) -> bool:
    """Mark it as being handed on; False: it was cancelled."""
    claimed = db.execute(
        "UPDATE commands SET phase = 'claimed' WHERE id = ? AND phase IN ('waiting', 'claimed')",
        (command_id,),
    )
    return claimed.rowcount == 1


def passed_on(db: sqlite3.Connection, command_id: str) -> None:
    """The on-device broker has it."""
    db.execute("UPDATE commands SET phase = 'passed_on' WHERE id = ? AND phase != 'over'", (command_id,))


def over(db: sqlite3.Connection, command_id: str) -> bool:
    """Mark it as over. False: that was known, or it never came."""
    ended = db.execute(
        "UPDATE commands SET phase = 'over', command = NULL WHERE id = ? AND phase != 'over'", (command_id,)
    )
    return ended.rowcount == 1


def cancel_beforehand(db: sqlite3.Connection, command_id: str, now_at: float) -> bool:
    """A command that has not come yet shall not be done; False: it has come."""
    row = (command_id, "", "over", now_at, now_at + NOT_BEFORE_MAX_S)
    return db.execute("INSERT OR IGNORE INTO commands VALUES (?, ?, ?, ?, ?, NULL)", row).rowcount == 1


def came_cancelled(db: sqlite3.Connection, command: FleetCommand) -> bool:
    """Whether it comes for the first time, and was cancelled before."""
    row = (command.name, command.id)
    return db.execute("UPDATE commands SET name = ? WHERE id = ? AND name = ''", row).rowcount == 1


def _has_room(db: sqlite3.Connection, name: str) -> bool:
    share = _share(name)
    (count,) = db.execute(f"SELECT count(*) FROM commands WHERE {SHARE} = ?", (share,)).fetchone()
    return int(count) < MOST_COMMANDS[share]


def _share(name: str) -> str:
    return name if name in SPOKEN else "other"


def _due(row: tuple[CommandPhase, bytes]) -> Due:
    return Due(row[0], _COMMAND.decode(row[1]))
