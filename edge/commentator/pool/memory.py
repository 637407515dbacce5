"""What the commentator must not forget: what was met, what was heard. A file."""

from __future__ import annotations

import logging
from pathlib import Path

import msgspec

from edge.atomic_file import make_folder, remove_half_written, write_whole
from edge.commentator.pool.likely import Met
from edge.plain_file import read_plain_json

log = logging.getLogger(__name__)

FILE_NAME = "written-ahead.json"
LARGEST_BYTES = 64 * 1024 * 1024


class PoolMemory(msgspec.Struct):
    """The content of the file. Of what passengers say nothing is in it."""

    met: Met = msgspec.field(default_factory=Met)
    heard: list[str] = []
    """The guide's own remarks."""


def read_memory(state_dir: str) -> PoolMemory:
    """What was kept; nothing where there is no file, or it cannot be used (told in the journal)."""
    path = Path(state_dir) / FILE_NAME
    remove_half_written(path)
    try:
        return read_plain_json(path, LARGEST_BYTES, PoolMemory)
    except FileNotFoundError:
        return PoolMemory()
    except (OSError, msgspec.DecodeError) as error:
        log.error("%s cannot be used (%s): what was met and heard is forgotten", path, error)
        return PoolMemory()


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
        log.error("%s cannot be written (%s): a restart will forget what was met and heard", path, error)
