"""The pool's folder: entries are written whole or not at all, read, and taken away.

An entry is ``ID.sound``. It is written under another name, flushed to the disk and only then renamed, so that
whatever has the right name is complete, wherever the writer was killed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from edge.speaker.pool.entry import EntryHeader, HeldSound, read_entry, read_header
from edge.whole_file import HALF_WRITTEN

SUFFIX = ".sound"
_SAFE_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,95}\Z")


def is_safe_id(entry_id: str) -> bool:
    """Whether an entry of this id can be kept: it becomes a file's name."""
    return bool(_SAFE_ID.match(entry_id))


def path_of(folder: Path, entry_id: str) -> Path:
    return folder / f"{entry_id}{SUFFIX}"


def entry_ids(folder: Path) -> Iterator[str]:
    """Files that have the name of an entry; none where there is no folder."""
    if folder.is_dir():
        for path in folder.iterdir():
            if path.suffix == SUFFIX and is_safe_id(path.stem) and path.is_file():
                yield path.stem


def header_of(folder: Path, entry_id: str) -> tuple[EntryHeader, int]:
    """An entry's header and its size in bytes. Raises ``EntryError``, ``OSError``."""
    path = path_of(folder, entry_id)
    size = path.stat().st_size
    with path.open("rb", buffering=0) as file:
        return read_header(file, size), size


def sound_of(folder: Path, entry_id: str) -> HeldSound:
    """A whole entry. Raises ``EntryError``, ``OSError``.

    It is read, not mapped: a bad block of the disk must be an error here and not a signal to the process.
    """
    path = path_of(folder, entry_id)
    with path.open("rb") as file:
        return read_entry(file, os.fstat(file.fileno()).st_size)


def remove_half_written(folder: Path) -> int:
    """Remove what a killed writer left; returns how many files."""
    left = [path for path in folder.iterdir() if path.name.endswith(HALF_WRITTEN)]
    for path in left:
        path.unlink(missing_ok=True)
    return len(left)
