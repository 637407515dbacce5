"""Files that are there completely or not at all, wherever the writer was killed or the power cut.

What is written goes into a new file beside, under a name that nobody can guess and that must not exist yet:
where others may write in the folder too, nothing that they have put there is opened, followed or cut short.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

FOLDER_MODE = 0o750
FILE_MODE = 0o640
HALF_WRITTEN = ".new"


@contextlib.contextmanager
def whole_file(path: Path, *, mode: int = FILE_MODE, durable: bool = True) -> Iterator[BinaryIO]:
    """A file to write to, which becomes ``path`` when the block has ended well. Blocks while the disk does.

    Args:
        durable: False where the file need not outlive a loss of power, and nothing shall wait for the disk.

    Raises:
        OSError: it cannot be written, and nothing is left behind. A writer that was killed leaves a file that
            ends in ``HALF_WRITTEN``.
    """
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(8)}{HALF_WRITTEN}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(fresh, flags, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            if durable:
                os.fsync(file.fileno())
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    if durable:
        flush_folder(path.parent)


def write_whole(path: Path, content: bytes, *, mode: int = FILE_MODE, durable: bool = True) -> None:
    """Have ``path`` hold ``content`` completely, or be as it was before. As ``whole_file``."""
    with whole_file(path, mode=mode, durable=durable) as file:
        file.write(content)


def remove_half_written(path: Path) -> None:
    """Remove what killed writers of ``path`` have left. Nobody may be writing it now."""
    with contextlib.suppress(OSError):
        for left in path.parent.iterdir():
            if left.name.startswith(f"{path.name}.") and left.name.endswith(HALF_WRITTEN):
                left.unlink(missing_ok=True)


def flush_folder(folder: Path) -> None:
    """Have what was renamed or removed in ``folder`` survive a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Have the folder, and those that it is in, also after a loss of power. Raises ``OSError``."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    for made in reversed(missing):
        flush_folder(made.parent)
