"""Files that are there completely or not at all, wherever the writer was killed or the power cut.

What root brings (an engineer's command on the device) belongs to whom its folder belongs: the guide must be
able to read and replace it.
"""

from __future__ import annotations

import os
from pathlib import Path

FOLDER_MODE = 0o750
FILE_MODE = 0o640
HALF_WRITTEN = ".new"


def write_whole(path: Path, content: bytes) -> None:
    """Have ``path`` hold ``content`` completely, or be as it was before. Blocks while the disk does.

    Raises:
        OSError: it cannot be written, and nothing is left behind. A writer that was killed leaves a file that
            ends in ``HALF_WRITTEN``.
    """
    fresh = path.with_name(f"{path.name}.{os.getpid()}{HALF_WRITTEN}")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, FILE_MODE), "wb") as file:
            _belong_to_owner_of(path.parent, file.fileno())
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
    flush_folder(path.parent)


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
    if not folder.is_dir():
        folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            _belong_to_owner_of(folder.parent, descriptor)
        finally:
            os.close(descriptor)
    for made in reversed(missing):
        flush_folder(made.parent)


def _belong_to_owner_of(folder: Path, descriptor: int) -> None:
    if os.geteuid() == 0:
        owner = folder.stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
