"""The pool's folder: entries are written whole or not at all, read, and taken away.

An entry is ``ID.sound``. It is written under another name, flushed to the disk and only then renamed, so that
whatever has the right name is complete, wherever the writer was killed.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from edge.atomic_file import HALF_WRITTEN
from edge.plain_file import open_plain
from edge.speaker.pool.entry import LARGEST_BYTES, EntryError, EntryHeader, HeldSound, read_entry, read_header
from edge.speaker.sound_length import objection_to_length

SUFFIX = ".sound"
_SAFE_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,95}\Z")


def is_safe_id(entry_id: str) -> bool:
    """Whether an entry of this id can be kept: it becomes a file's name."""
    return bool(_SAFE_ID.match(entry_id))


def path_of(folder: Path, entry_id: str) -> Path:
    return folder / f"{entry_id}{SUFFIX}"


def entry_ids(folder: Path) -> Iterator[str]:
    """What has the name of an entry, of whatever kind; none where there is no folder."""
    if folder.is_dir():
        for path in folder.iterdir():
            if path.suffix == SUFFIX and is_safe_id(path.stem):
                yield path.stem


def header_of(folder: Path, entry_id: str) -> tuple[EntryHeader, int]:
    """An entry's header and its size in bytes. Raises ``EntryError``, ``OSError``."""
    with open_plain(path_of(folder, entry_id), LARGEST_BYTES) as file:
        size = os.fstat(file.fileno()).st_size
        header = read_header(file, size)
    check_length(header)
    return header, size


def sound_of(folder: Path, entry_id: str) -> HeldSound:
    """A whole entry. Raises ``EntryError``, ``OSError``.

    It is read, not mapped: a bad block of the disk must be an error here and not a signal to the process.
    """
    with open_plain(path_of(folder, entry_id), LARGEST_BYTES) as file:
        sound = read_entry(file, os.fstat(file.fileno()).st_size)
    check_length(sound.header)
    return sound


def check_length(header: EntryHeader) -> None:
    """An entry's sound says its text and no more, by its length. Raises ``EntryError``."""
    if objection := objection_to_length(
        header.text.text, header.text.language, header.samples / header.sample_rate
    ):
        raise EntryError(objection)


def bytes_of(folder: Path, entry_ids: Iterable[str]) -> int:
    """Bytes of the disk that these entries take."""
    total = 0
    for entry_id in entry_ids:
        with contextlib.suppress(FileNotFoundError):
            total += path_of(folder, entry_id).lstat().st_size
    return total


def remove_half_written(folder: Path) -> int:
    """Remove what a killed writer left; returns how many files."""
    left = [path for path in folder.iterdir() if path.name.endswith(HALF_WRITTEN)]
    for path in left:
        path.unlink(missing_ok=True)
    return len(left)
