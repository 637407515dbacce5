"""What is to be told and was not acknowledged: a table, and what goes first where there is no room.

Each function is work for the store (``FleetStore.run``): it gets the connection, inside a transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from typing import NamedTuple

from edge.fleet.frame import DurableKind

MOST_MESSAGES = 20_000
MOST_BYTES = 32 << 20
MOST_AGE_S = 14 * 86_400.0
"""While the machine is on."""
LATE_S = 30.0
"""Older messages are told as late."""


class Bounds(NamedTuple):
    """What the outbox may hold."""

    messages: int = MOST_MESSAGES
    size: int = MOST_BYTES
    age_s: float = MOST_AGE_S


class Untold(NamedTuple):
    """A message of the outbox."""

    seq: int
    kind: DurableKind
    id: str
    body: bytes
    """JSON."""
    ts: float
    boot: str
    mono: float
    """When it was made; of an earlier boot: so much earlier than now."""


class Made(NamedTuple):
    """When something was made."""

    ts: float
    mono: float
    boot: str


class Fill(NamedTuple):
    """How full the outbox is."""

    waiting: int
    size: int
    lost: dict[str, int]
    """Kind → messages that had to go untold, ever."""
    last_seq: int


def add(
    db: sqlite3.Connection,
    kind: DurableKind,
    message_id: str,
    body: bytes,
    made: Made,
    bounds: Bounds = Bounds(),  # noqa: B008 (immutable)
) -> None:
    """Keep a message, unless it is there already; what is beyond the bounds goes, and is counted."""
    db.execute(
        "INSERT OR IGNORE INTO outbox(kind, id, body, ts, boot, mono, size) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (kind, message_id, body, made.ts, made.boot, made.mono, len(body)),
    )
    make_room(db, made.mono, bounds)


def make_room(db: sqlite3.Connection, now_mono: float, bounds: Bounds = Bounds()) -> None:  # noqa: B008
    """Let go what is too old, and the oldest where there is too much: turns before all else."""
    # Until here the present boot has run: by that the next one judges what was made in this one.
    db.execute("UPDATE running SET mono = max(mono, ?) WHERE EXISTS (SELECT 1 FROM outbox)", (now_mono,))
    _let_go(db, db.execute("SELECT seq, kind FROM outbox WHERE mono < ?", (now_mono - bounds.age_s,)))
    while True:
        count, size = db.execute("SELECT count(*), total(size) FROM outbox").fetchone()
        if count <= max(1, bounds.messages) and (size <= bounds.size or count <= 1):
            return
        _let_go(db, db.execute("SELECT seq, kind FROM outbox ORDER BY kind != 'turn', seq LIMIT 1"))


def waiting(
    db: sqlite3.Connection, most: int, under_way: Collection[int], held_back: Collection[str] = ()
) -> list[Untold]:
    """What is to be told next: receipts before turns, the oldest first.

    Args:
        under_way: sequence numbers that are being told.
        held_back: kinds that nobody takes for now.
    """
    rows = db.execute(
        f"SELECT seq, kind, id, body, ts, boot, mono FROM outbox"
        f" WHERE seq NOT IN ({_marks(under_way)}) AND kind NOT IN ({_marks(held_back)})"
        f" ORDER BY kind = 'turn', seq LIMIT ?",
        (*under_way, *held_back, most),
    )
    return [Untold(*row) for row in rows]


def holds(db: sqlite3.Connection, kind: str) -> bool:
    """Whether a message of the kind waits."""
    return db.execute("SELECT 1 FROM outbox WHERE kind = ? LIMIT 1", (kind,)).fetchone() is not None


def told(db: sqlite3.Connection, seqs: Collection[int]) -> None:
    """The broker has acknowledged them."""
    db.executemany("DELETE FROM outbox WHERE seq = ?", [(seq,) for seq in seqs])


def fill(db: sqlite3.Connection) -> Fill:
    count, size = db.execute("SELECT count(*), total(size) FROM outbox").fetchone()
    last = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'outbox'").fetchone()
    lost = dict(db.execute("SELECT kind, count FROM lost ORDER BY kind"))
    return Fill(count, int(size), lost, last[0] if last else 0)


def count_lost(db: sqlite3.Connection, kind: str, count: int) -> None:
    """Note that messages of a kind could not be kept."""
    db.execute(
        "INSERT INTO lost VALUES (?, ?) ON CONFLICT(kind) DO UPDATE SET count = count + excluded.count",
        (kind, count),
    )


def is_late(message: Untold, now: Made) -> bool:
    return message.boot != now.boot or now.mono - message.mono > LATE_S


def _let_go(db: sqlite3.Connection, rows: sqlite3.Cursor) -> None:
    for seq, kind in rows.fetchall():
        db.execute("DELETE FROM outbox WHERE seq = ?", (seq,))
        count_lost(db, kind, 1)


def _marks(values: Collection[object]) -> str:
    return ", ".join("?" * len(values))
