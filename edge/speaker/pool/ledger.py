"""The daily budget on disk: what is used is noted before it is used, so that no restart gives it back."""

from __future__ import annotations

import asyncio
import logging
from datetime import date
from pathlib import Path

import msgspec

from edge.atomic_file import write_whole
from edge.plain_file import read_plain
from edge.speaker.pool.budget import BudgetState, DailyBudget

log = logging.getLogger(__name__)

FILE_NAME = "budget.json"
LARGEST_BYTES = 64 * 1024


class CharacterLedger:
    """A ``DailyBudget`` with a file.

    Args:
        folder: the pool's.
        limit: characters a day.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        self._path = folder / FILE_NAME
        self.budget = DailyBudget(limit, BudgetState(day=date.min), 0.0)
        self._writing = asyncio.Lock()

    def open(self, today: date, now_mono: float) -> None:
        """Read it after a start. What cannot be read counts as used up, for a day."""
        limit = self.budget.limit
        try:
            state = msgspec.json.decode(read_plain(self._path, LARGEST_BYTES), type=BudgetState)
        except FileNotFoundError:
            state = BudgetState(day=today)
        except (OSError, msgspec.DecodeError) as error:
            log.error("%s cannot be read (%s): nothing more is voiced ahead today", self._path, error)
            state = BudgetState(day=today, characters=limit)
        self.budget = DailyBudget(limit, state, now_mono)
        self.budget.turn(today, now_mono)

    async def take(self, characters: int) -> bool:
        """See ``DailyBudget.take``; the disk knows of it on return. Raises ``OSError``: none is taken."""
        if not self.budget.take(characters):
            return False
        try:
            await self.save()
        except OSError:
            self.budget.give_back(characters)
            raise
        return True

    async def give_back(self, characters: int) -> None:
        """Give characters back that were not voiced after all. Raises ``OSError``."""
        self.budget.give_back(characters)
        await self.save()

    async def save(self) -> None:
        """Have the disk know all of it, also how long the speaker has run. Raises ``OSError``."""
        async with self._writing:
            await asyncio.to_thread(write_whole, self._path, msgspec.json.encode(self.budget.state))
