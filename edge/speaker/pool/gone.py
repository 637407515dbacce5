"""The ids of entries that were used up, so that none is heard twice: not after a crash, not by an import."""

from __future__ import annotations

import os
from pathlib import Path

from edge.atomic_file import flush_folder, write_whole
from edge.plain_file import open_only_plain, read_plain

FILE_NAME = "gone"
REMEMBERED = 20_000
LARGEST_BYTES = 64 * 1024 * 1024


class GoneIds:
    """A file with one id a line, the oldest first, of which the last ``REMEMBERED`` are kept.

    Args:
        folder: the pool's.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME
        self._ids: dict[str, None] = {}
        self._descriptor: int | None = None
        self._named = False
        """The disk knows that there is such a file."""

    def load(self) -> None:
        """Read them; a line that a killed writer left half is no id that anything has. Raises ``OSError``."""
        try:
            lines = read_plain(self._path, LARGEST_BYTES).decode("utf-8", errors="replace").split()
        except FileNotFoundError:
            lines = []
        self._ids = dict.fromkeys(lines[-REMEMBERED:])
        if len(lines) > REMEMBERED:
            write_whole(self._path, "".join(f"{line}\n" for line in self._ids).encode())

    def __contains__(self, entry_id: str) -> bool:
        return entry_id in self._ids

    def add(self, entry_id: str) -> None:
        """Note it where a killed process cannot lose it. Raises ``OSError``."""
        if self._descriptor is None:
            self._descriptor = open_only_plain(str(self._path), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
        # A line feed first: the last writer may have been killed in the middle of a line.
        os.write(self._descriptor, f"\n{entry_id}\n".encode())
        self._ids[entry_id] = None

    def flush(self) -> None:
        """Wait until a loss of power cannot lose it either. Raises ``OSError``."""
        if self._descriptor is not None:
            os.fsync(self._descriptor)
            if not self._named:
                flush_folder(self._path.parent)
                self._named = True

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
