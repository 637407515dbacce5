"""Reads files that decide where keys go: only those that nobody else could have written."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from edge.foreign_numbers import whole_number

LARGEST = 1 << 20
"""Bytes."""
ROOT = 0
BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


class NotOursError(Exception):
    """The file may not be read; the text says why and what to do."""


def read_private(path: Path) -> str:
    """The text of a file in a folder that others may own.

    It must be a plain file of our own or of root's, which nobody else may write. For root its folder must be
    so as well. What is looked at is what was opened, and links are not followed: nothing can be exchanged.

    Raises:
        FileNotFoundError: there is none.
        NotOursError: it is another kind of file, or somebody else's.
        OSError, UnicodeDecodeError: it cannot be read.
    """
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if os.geteuid() == ROOT:
            _check(os.fstat(folder), f"the folder {path.parent.absolute()}")
        if stat.S_ISLNK(os.stat(path.name, dir_fd=folder, follow_symlinks=False).st_mode):
            raise NotOursError("it is a symbolic link")
        return _read(os.open(path.name, FLAGS | os.O_NOFOLLOW, dir_fd=folder))
    finally:
        os.close(folder)


def read_named(path: Path) -> str:
    """The text of a file that an administrator has named; links are followed.

    For root it must be root's, or his who became root by ``sudo``: Ansible checks an engineer's upload.

    Raises:
        NotOursError: it is no plain file, or (for root) somebody else's.
        OSError, UnicodeDecodeError: it cannot be read.
    """
    descriptor = os.open(path, FLAGS)
    engineer = whole_number(os.environ.get("SUDO_UID", ""))
    his = os.fstat(descriptor).st_uid == engineer
    return _read(descriptor, anyones=his or os.geteuid() != ROOT)


FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
"""A FIFO shall not hold us up."""


def _read(descriptor: int, *, anyones: bool = False) -> str:
    with open(descriptor, "rb") as file:
        state = os.fstat(descriptor)
        if not stat.S_ISREG(state.st_mode):
            raise NotOursError("it is no plain file")
        if not anyones:
            _check(state, "it")
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise NotOursError(f"it is larger than {LARGEST >> 20} MiB")
    return content.decode("utf-8")


def _check(state: os.stat_result, what: str) -> None:
    """Raises NotOursError when somebody else may have written it."""
    if state.st_uid not in (ROOT, os.geteuid()):
        expected = "root" if os.geteuid() == ROOT else "us or to root"
        raise NotOursError(f"{what} belongs to user {state.st_uid} instead of {expected}")
    if state.st_mode & BY_OTHERS:
        raise NotOursError(f"others may write {what} (mode {stat.S_IMODE(state.st_mode):o}): chmod go-w")
