"""What the commentator must not forget: what was met, what was spent, what was heard. A file."""

from __future__ import annotations

import logging
from pathlib import Path

import msgspec

from edge.atomic_file import make_folder, remove_half_written, write_whole
from edge.commentator.allowance import Spent
from edge.commentator.paid_turns import Ledgers
from edge.commentator.pool.likely import Met
from edge.plain_file import read_plain

log = logging.getLogger(__name__)

FILE_NAME = "written-ahead.json"
LARGEST_BYTES = 64 * 1024 * 1024


class PoolMemory(msgspec.Struct):
    """The content of the file. Of what passengers say nothing is in it."""

    met: Met = msgspec.field(default_factory=Met)
    spent: dict[str, Spent] = {}
    """By date."""
    heard: list[str] = []
    """The guide's own remarks."""
    paid_turns: Ledgers = {}
    """Turns that may have used a paid service."""


def read_memory(state_dir: str, today: str, used_up: Spent) -> PoolMemory:
    """What was kept; nothing where there is no file.

    Args:
        today: the local date, like ``2026-11-20``.
        used_up: counts as spent today where the file cannot be used (told in the journal).
    """
    path = Path(state_dir) / FILE_NAME
    remove_half_written(path)
    try:
        return msgspec.json.decode(read_plain(path, LARGEST_BYTES), type=PoolMemory)
    except FileNotFoundError:
        return PoolMemory()
    except (OSError, msgspec.DecodeError) as error:
        log.error("%s cannot be used (%s): nothing more is written ahead today", path, error)
        return PoolMemory(spent={today: used_up})


def write_memory(state_dir: str, content: bytes) -> None:
    """Atomically: a cut of power leaves the old file or the new one. Blocks while the disk does.

    Args:
        content: an encoded ``PoolMemory``.
    """
    path = Path(state_dir) / FILE_NAME
    try:
        make_folder(path.parent)
        write_whole(path, content)
    except OSError as error:
        log.error("%s cannot be written (%s): a restart will forget what was met and spent", path, error)
