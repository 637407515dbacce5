"""The day's ledger on disk: what is spent is noted before it is used, so that no restart gives it back."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import msgspec

from edge.atomic_file import make_folder, remove_half_written, write_whole
from edge.clock import Moment
from edge.config import Settings, state_dir_of
from edge.messages import ProcessName
from edge.plain_file import read_plain_json
from edge.spending.ledger import Day, DayLedger
from edge.tasks import wait_at_most

log = logging.getLogger(__name__)

LARGEST_BYTES = 16 * 1024 * 1024
KEEP_EVERY_S = 600.0
"""How often the disk is told how long the device has run."""
REST_S = 1.0
"""Between two writes of what could not wait for the disk."""


def path_of(settings: Settings, process: ProcessName) -> Path:
    """Where a process keeps its ledger."""
    return state_dir_of(settings, process) / f"spent-{process}.json"


class LedgerFile:
    """A ``DayLedger`` that outlives the process.

    Args:
        path: its folder is made where it is missing (see ``path_of``).
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.ledger = DayLedger()
        self._writing = asyncio.Lock()
        self._disk = threading.Lock()
        self._is_closed = False
        self._noted = asyncio.Event()
        self._trouble = ""

    def open(self, now: Moment) -> None:
        """Read it after a start; to be called once. What cannot be read counts as used up for the day."""
        remove_half_written(self._path)
        try:
            kept = read_plain_json(self._path, LARGEST_BYTES, dict[str, Day])
            self.ledger.days.update(kept)
        except FileNotFoundError:
            pass
        except (OSError, msgspec.DecodeError) as error:
            log.error("%s cannot be read (%s): nothing more is made ahead today", self._path, error)
            self.ledger.use_up(now)
            self._noted.set()
        self.ledger.look(now)

    async def spend(self, now: Moment, amounts: Mapping[str, float]) -> None:
        """Spend it; the disk knows of it on return. Raises ``OSError``: it is not spent."""
        self.ledger.spend(now, amounts)
        try:
            await self._save()
        except OSError:
            self.ledger.correct(now.date, {name: -amount for name, amount in amounts.items()})
            raise

    def note(self, now: Moment, amounts: Mapping[str, float]) -> None:
        """Spend what cannot wait for the disk: it knows of it soon (see ``keep``)."""
        self.ledger.spend(now, amounts)
        self._noted.set()

    def correct(self, date: str, amounts: Mapping[str, float]) -> None:
        """See ``DayLedger.correct``; the disk knows of it soon."""
        self.ledger.correct(date, amounts)
        self._noted.set()

    async def keep(self) -> NoReturn:
        """Have the disk know what was noted, and how long the device has run, for ever."""
        while True:
            await wait_at_most(self._noted, KEEP_EVERY_S)
            self._noted.clear()
            self.ledger.look(Moment.now())
            try:
                await self._save()
                self._trouble = ""
            except OSError as error:
                self._noted.set()  # it is not there yet
                self._tell(error)
            await asyncio.sleep(REST_S)

    def close(self, now: Moment) -> None:
        """Write what is known, as the last; blocks while the disk does."""
        self.ledger.look(now)
        try:
            self._write(msgspec.json.encode(self.ledger.days), is_last=True)
        except OSError as error:
            self._tell(error)

    async def _save(self) -> None:
        async with self._writing:
            await asyncio.to_thread(self._write, msgspec.json.encode(self.ledger.days))

    def _write(self, content: bytes, *, is_last: bool = False) -> None:
        with self._disk:
            if self._is_closed:  # a thread that comes late knows less than what was written last
                return
            self._is_closed = is_last
            make_folder(self._path.parent)
            write_whole(self._path, content)

    def _tell(self, error: OSError) -> None:
        if str(error) != self._trouble:
            log.error("%s cannot be written (%s): a restart will forget what was spent", self._path, error)
        self._trouble = str(error)
