"""Which alarms were told as raised, over restarts.

Each function is work for the store (``FleetStore.run``): it gets the connection, inside a transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import get_args

import msgspec

from edge.fleet.frame import AlarmBody, AlarmName
from edge.telemetry.alarms import AlarmChange, Raised
from edge.telemetry.fleet import outbox
from edge.telemetry.fleet.outbox import Made


def raised(db: sqlite3.Connection) -> dict[AlarmName, Raised]:
    """Alarms that were not told as over."""
    rows = db.execute("SELECT name, since, reason FROM raised")
    return {name: Raised(since, reason) for name, since, reason in rows if name in get_args(AlarmName)}


def tell(db: sqlite3.Connection, changes: Iterable[AlarmChange], made: Made) -> None:
    """Have these told, and remembered."""
    for change in changes:
        outbox.add(db, f"alarm/{change.name}", id_of(change), msgspec.json.encode(body_of(change)), made)
        if change.raised:
            row = (change.name, change.since, change.reason)
            db.execute("INSERT OR REPLACE INTO raised VALUES (?, ?, ?)", row)
        else:
            db.execute("DELETE FROM raised WHERE name = ?", (change.name,))


def remember(db: sqlite3.Connection, changes: Iterable[AlarmChange], made: Made) -> dict[AlarmName, Raised]:
    """Tell and remember changes; return those raised before."""
    before = raised(db)
    tell(db, changes, made)
    return before


def id_of(change: AlarmChange) -> str:
    """The id of a change, the same however often it is told."""
    return f"{change.name}.{change.since:.3f}.{'raised' if change.raised else 'cleared'}"


def body_of(change: AlarmChange) -> AlarmBody:
    return AlarmBody(name=change.name, raised=change.raised, since=change.since, reason=change.reason)
