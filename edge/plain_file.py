"""Reading files in folders where others may write: what is no plain file is refused, and the size is bounded.

A name there may have been made a link to somebody's secret, a FIFO that nobody writes to, or a device without
an end: reading it would tell the secret, wait for ever, or fill the memory.
"""

from __future__ import annotations

import errno
import io
import os
import stat
from pathlib import Path
from typing import TypeVar

import msgspec

Content = TypeVar("Content")

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISLNK, "a symbolic link"),
)


def read_plain(path: Path, at_most: int, *, follow: bool = False) -> bytes:
    """The content of a plain file.

    Args:
        at_most: bytes that it may have.
        follow: as ``open_plain``.

    Raises:
        OSError: there is none (``FileNotFoundError``), it is another kind of file or too large, …
    """
    with open_plain(path, at_most, follow=follow) as file:
        content = file.read(at_most + 1)
    if len(content) > at_most:  # it has grown meanwhile
        raise _too_large(path, at_most, len(content))
    return content


def read_plain_json(path: Path, at_most: int, kind: type[Content]) -> Content:
    """The JSON in a plain file. Raises as ``read_plain`` does, and ``msgspec.DecodeError``: it is damaged."""
    content = read_plain(path, at_most)
    try:
        return msgspec.json.decode(content, type=kind)
    except (UnicodeDecodeError, RecursionError) as error:  # the one names the bytes, the other no line
        raise msgspec.DecodeError("no UTF-8, or too deep") from error


def open_plain(
    path: Path, at_most: int, *, follow: bool = False, folder: int | None = None
) -> io.BufferedReader:
    """Open a plain file for reading. Raises as ``read_plain`` does.

    Args:
        follow: take a link for what it leads to. Where nobody gains by it: the reader has no more rights than
            whoever may put a link there.
        folder: descriptor of the folder that ``path`` is in, instead of the working directory.
    """

    def opener(name: str, flags: int) -> int:
        return _open(name, flags if follow else flags | os.O_NOFOLLOW, folder=folder)

    file = open(path, "rb", opener=opener)  # noqa: SIM115 (handed on; Path.open takes no opener)
    if (size := os.fstat(file.fileno()).st_size) > at_most:
        file.close()
        raise _too_large(path, at_most, size)
    return file


def open_only_plain(path: str, flags: int, mode: int = 0o666) -> int:
    """An ``opener`` for the built-in ``open``, for reading and writing. Raises as ``read_plain`` does."""
    return _open(path, flags | os.O_NOFOLLOW, mode)


def _open(path: str, flags: int, mode: int = 0o666, *, folder: int | None = None) -> int:
    try:
        # Not to wait for the other end of a FIFO.
        descriptor = os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC, mode, dir_fd=folder)
    except OSError as error:
        # A device is also refused by a file system without devices ("nodev").
        if error.errno in (errno.ELOOP, errno.ENXIO, errno.EISDIR, errno.EACCES):
            found = os.stat(path, dir_fd=folder, follow_symlinks=False)
            if not stat.S_ISREG(found.st_mode):
                raise _not_plain(path, found.st_mode) from error
        raise
    if not stat.S_ISREG(kind := os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _not_plain(path, kind)
    return descriptor


def _not_plain(path: str, mode: int) -> OSError:
    kind = next((name for is_kind, name in _KINDS if is_kind(mode)), "a device")
    return OSError(errno.EINVAL, f"expected a plain file, came {kind}; remove it", str(path))


def _too_large(path: Path, at_most: int, size: int) -> OSError:
    return OSError(errno.EFBIG, f"expected at most {at_most} bytes, came {size}", str(path))
