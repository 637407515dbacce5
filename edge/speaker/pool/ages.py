"""How old what is held is: counted by how long the speaker has run since it first held it, over restarts.

The calendar says nothing of that: a clock that is not set, or jumps, makes nothing old. What is imported, and
what this file does not know (an older release's pool, a file that was lost), is new here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated

import msgspec

from edge.atomic_file import write_whole
from edge.plain_file import read_plain_json

log = logging.getLogger(__name__)

FILE_NAME = "ages.json"
LARGEST_BYTES = 16 * 1024 * 1024

_Seconds = Annotated[float, msgspec.Meta(ge=0)]


class FirstHeld(msgspec.Struct):
    """The content of the file."""

    ran_s: _Seconds = 0.0
    """How long the speaker has run, over all restarts."""
    at_s: dict[str, _Seconds] = {}
    """Entry id → how long it had run when it first held this entry."""


class Ages:
    """The ages of a pool's entries.

    Args:
        folder: the pool's.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME
        self._seen = FirstHeld()
        self._looked_mono: float | None = None

    def load(self) -> None:
        """Read them after a start."""
        try:
            self._seen = read_plain_json(self._path, LARGEST_BYTES, FirstHeld)
        except FileNotFoundError:
            pass
        except (OSError, msgspec.DecodeError) as error:
            log.error("%s cannot be read (%s): all that is held counts as new", self._path, error)

    def look(self, now_mono: float, held: Iterable[str]) -> Mapping[str, float]:
        """Take note of the time and of what is held now; gives entry id → age in seconds."""
        if self._looked_mono is not None:
            self._seen.ran_s += max(0.0, now_mono - self._looked_mono)
        self._looked_mono = now_mono
        ran_s = self._seen.ran_s
        self._seen.at_s = {entry_id: self._seen.at_s.get(entry_id, ran_s) for entry_id in held}
        return {entry_id: ran_s - at_s for entry_id, at_s in self._seen.at_s.items()}

    async def save(self) -> None:
        """Have the disk know what the last look saw. Raises ``OSError``."""
        await asyncio.to_thread(write_whole, self._path, msgspec.json.encode(self._seen))
