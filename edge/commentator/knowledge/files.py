"""The folder of pages: which files are there, which changed, what is in them."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import NamedTuple

from edge.plain_file import read_plain
from edge.text_file import text_of

MAX_FILES = 2000
MAX_FILE_BYTES = 256 * 1024


class Stamp(NamedTuple):
    """The time and size of a file, by which a change is noticed without reading it."""

    mtime_ns: int
    size: int


class Page(NamedTuple):
    """A file of the folder as it was read."""

    source: str
    """Path inside the folder, with ``/``: ``ru/cafe.md``."""
    stamp: Stamp
    sha256: str
    text: str


class UnusablePage(ValueError):
    """A file cannot be a page; the message says what was expected and what came."""


def scan(folder: Path) -> dict[str, Stamp]:
    """Source → stamp of all Markdown files, hidden ones left out; not more than one above ``MAX_FILES``.

    Raises:
        OSError: the folder cannot be read.
    """
    found: dict[str, Stamp] = {}
    os.scandir(folder).close()  # os.walk would pass over a folder that is not there
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(parent, name)
            if name.startswith(".") or path.suffix.lower() not in (".md", ".markdown") or not path.is_file():
                continue
            try:
                stat = path.stat()
            except OSError:
                continue  # it went while we looked
            found[path.relative_to(folder).as_posix()] = Stamp(stat.st_mtime_ns, stat.st_size)
            if len(found) > MAX_FILES:
                return found
    return found


def read(folder: Path, source: str, stamp: Stamp) -> Page:
    """Raises UnusablePage."""
    try:
        source.encode()
    except UnicodeEncodeError:
        raise UnusablePage("expected a name in UTF-8; rename it") from None
    if stamp.size > MAX_FILE_BYTES:
        raise UnusablePage(f"expected at most {MAX_FILE_BYTES} bytes, came {stamp.size}; split it")
    try:
        path = (folder / source).resolve()
        if not path.is_relative_to(folder.resolve()):
            raise UnusablePage("expected a page in this folder, came a link that leads out of it; copy it")
        content = read_plain(path, MAX_FILE_BYTES)
        text = text_of(content, str(path))
    except OSError as error:
        raise UnusablePage(f"cannot be read: {error.strerror}") from error
    return Page(source, stamp, hashlib.sha256(content).hexdigest(), text)
