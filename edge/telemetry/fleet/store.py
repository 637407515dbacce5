"""The file of what must not be lost: SQLite in a thread of its own; slow flash holds up no event loop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from edge.atomic_file import make_folder
from edge.error_lines import reason_of

log = logging.getLogger(__name__)

FILE_NAME = "fleet.sqlite"
DAMAGED = ".damaged"
MAX_PAGES = 16_384
"""Pages have 4 KiB: the file never grows beyond 64 MiB."""
FILE_LOST = "file"
"""A kind of what was lost: no message, but a file with an unknown number of them."""
DAMAGED_CODES = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
SCHEMA = """
CREATE TABLE IF NOT EXISTS outbox(
    seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, id TEXT NOT NULL, body BLOB NOT NULL,
    ts REAL NOT NULL, boot TEXT NOT NULL, mono REAL NOT NULL, size INTEGER NOT NULL, UNIQUE(kind, id));
CREATE INDEX IF NOT EXISTS of_kind ON outbox(kind, seq, size);
CREATE TABLE IF NOT EXISTS lost(kind TEXT PRIMARY KEY, count INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS commands(
    id TEXT PRIMARY KEY, name TEXT NOT NULL, phase TEXT NOT NULL, not_before REAL NOT NULL,
    expires_at REAL NOT NULL, command BLOB);
CREATE TABLE IF NOT EXISTS raised(name TEXT PRIMARY KEY, since REAL NOT NULL, reason TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS configuration(state BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS running(boot TEXT NOT NULL, mono REAL NOT NULL);
"""
T = TypeVar("T")


class NotKeptError(Exception):
    """What should have been kept was not: the disk is full, broken, or cannot be written."""


class StoreClosedError(NotKeptError):
    """The process leaves: what is not kept is for its successor."""


class FleetStore:
    """Runs pieces of work on the file, one after the other, each a transaction that is synced when it ends.

    Args:
        folder: telemetry's own state folder.
        boot: which start of the machine this is.
    """

    def __init__(self, folder: Path, boot: str) -> None:
        self._path = folder / FILE_NAME
        self._boot = boot
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="fleet store")
        self._db: sqlite3.Connection | None = None
        self._closed = False
        self._put_aside = 0
        """Damaged files that are not noted in the new one yet."""

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What ``work`` returns, when all that it changed is on the disk.

        Raises:
            NotKeptError: nothing of it was done.
        """
        if self._closed:
            raise StoreClosedError(f"{self._path.name} is closed")
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._transact, work)

    async def close(self) -> None:
        self._closed = True
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown(wait=False)

    # --- in the thread ---

    def _transact(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            db = self._db = self._db or self._open()
            db.execute("BEGIN IMMEDIATE")
            result = work(db)
            db.execute("COMMIT")
            return result
        except (sqlite3.Error, OSError) as error:
            self._recover(error)
            raise NotKeptError(f"{self._path.name}: {reason_of(error)}") from error
        except BaseException:
            self._roll_back()
            raise

    def _open(self) -> sqlite3.Connection:
        make_folder(self._path.parent)
        db = sqlite3.connect(self._path, timeout=1.0, isolation_level=None)
        try:
            for name, value in (
                ("journal_mode", "WAL"),
                ("synchronous", "FULL"),
                ("cache_size", "-512"),
                ("temp_store", "MEMORY"),
                ("journal_size_limit", "4194304"),
                ("max_page_count", str(MAX_PAGES)),
            ):
                db.execute(f"PRAGMA {name}={value}").fetchall()
            db.executescript(SCHEMA)
            self._carry_ages_over(db)
            if self._put_aside:
                db.execute("INSERT OR REPLACE INTO lost VALUES (?, ?)", (FILE_LOST, self._put_aside))
                self._put_aside = 0
        except BaseException:
            db.close()
            raise
        return db

    def _carry_ages_over(self, db: sqlite3.Connection) -> None:
        """Ages count while the machine is on, by its monotonic clock: the other one jumps.

        How long an earlier boot has run is noted here, and whenever something is added or looked for room.
        """
        now = time.monotonic()
        before = db.execute("SELECT boot, mono FROM running").fetchone()
        if before is not None and before[0] != self._boot:
            db.execute("UPDATE outbox SET mono = mono - ? + ?", (before[1], now))
        db.execute("DELETE FROM running")
        db.execute("INSERT INTO running VALUES (?, ?)", (self._boot, now))

    def _recover(self, error: Exception) -> None:
        self._roll_back()
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in DAMAGED_CODES:
            self._close()
            self._put_aside += 1
            told = "%s is damaged: beginning anew; the old one is kept beside it, what it held goes untold"
            log.error(told, self._path)
            with contextlib.suppress(OSError):
                self._path.replace(self._path.with_name(FILE_NAME + DAMAGED))
                for ending in ("-wal", "-shm"):
                    self._path.with_name(FILE_NAME + ending).unlink(missing_ok=True)

    def _roll_back(self) -> None:
        with contextlib.suppress(sqlite3.Error):
            if self._db is not None and self._db.in_transaction:
                self._db.execute("ROLLBACK")

    def _close(self) -> None:
        if self._db is not None:
            with contextlib.suppress(sqlite3.Error):
                self._db.close()
            self._db = None
