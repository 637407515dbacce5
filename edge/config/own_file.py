"""Reads files that decide where keys go: only those that nobody else could have written."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from edge.foreign_numbers import whole_number
from edge.plain_file import open_plain
from edge.text_file import text_of

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
        NotOursError: it is somebody else's.
        OSError: it is no plain file, too large, no text (``text_of``), or cannot be read.
    """
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if os.geteuid() == ROOT:
            _check(os.fstat(folder), f"the folder {path.parent.absolute()}")
        with open_plain(Path(path.name), LARGEST, folder=folder) as file:
            _check(os.fstat(file.fileno()), "it")
            return text_of(file.read(LARGEST), str(path))
    finally:
        os.close(folder)


def read_named(path: Path) -> str:
    """The text of a file that an administrator has named; links are followed.

    For root it must be root's, or his who became root by ``sudo``: Ansible checks an engineer's upload.

    Raises:
        NotOursError: it is (for root) somebody else's.
        OSError: as ``read_private``.
    """
    engineer = whole_number(os.environ.get("SUDO_UID", ""))
    with open_plain(path, LARGEST, follow=True) as file:
        state = os.fstat(file.fileno())
        if os.geteuid() == ROOT and state.st_uid != engineer:
            _check(state, "it")
        return text_of(file.read(LARGEST), str(path))


def _check(state: os.stat_result, what: str) -> None:
    """Raises NotOursError when somebody else may have written it."""
    if state.st_uid not in (ROOT, os.geteuid()):
        expected = "root" if os.geteuid() == ROOT else "us or to root"
        raise NotOursError(f"{what} belongs to user {state.st_uid} instead of {expected}")
    if state.st_mode & BY_OTHERS:
        raise NotOursError(f"others may write {what} (mode {stat.S_IMODE(state.st_mode):o}): chmod go-w")
