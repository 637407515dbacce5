"""Reads a tar that holds nothing but plain files, as ``pool export`` writes it.

Python's ``tarfile`` follows all that tars can have: headers of headers in any number and length, sparse
files, sizes below zero. So before any signature is looked at, an archive of somebody else's could fill the
memory or raise anything. Here each header is 512 bytes, read once, and what extends one is refused.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

EXTENSIONS = (
    *(tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.GNUTYPE_SPARSE),
    *(tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE),
)
"""Headers that say more of the next one, or of their own file."""


class PlainTarError(ValueError):
    """The bytes are no tar of plain files; the text says why."""


class Member(NamedTuple):
    """Where something in the archive lies."""

    begin: int
    size: int
    """Bytes, none of them behind the archive's end."""
    is_file: bool
    """False: a link, a folder, a device."""


def members_of(archive: BinaryIO) -> Iterator[tuple[str, Member]]:
    """Name and place of each member.

    Args:
        archive: at its beginning; read and sought in.

    Raises:
        PlainTarError: it is no tar, breaks off, or has a header that extends another.
        OSError: it cannot be read.
    """
    end = archive.seek(0, io.SEEK_END)
    begin = 0
    while True:
        archive.seek(begin)
        header = archive.read(tarfile.BLOCKSIZE)
        if header == bytes(tarfile.BLOCKSIZE) or (not header and begin):
            return
        begin += tarfile.BLOCKSIZE
        name, kind, size = _head(header)
        if not 0 <= size <= end - begin:
            raise PlainTarError("it breaks off")
        yield name, Member(begin, size, kind in tarfile.REGULAR_TYPES)
        begin += -(-size // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE


def read_member(archive: BinaryIO, member: Member) -> bytes:
    """A member's content; shorter where the archive was cut meanwhile. Raises ``OSError``."""
    archive.seek(member.begin)
    return archive.read(member.size)


def _head(header: bytes) -> tuple[str, bytes, int]:
    """Name, type and size in a header of 512 bytes."""
    kind = header[156:157]
    if kind in EXTENSIONS:
        raise PlainTarError(f"a header of type {kind.decode('ascii')!r}, which extends others")
    try:
        head = tarfile.TarInfo.frombuf(header, "utf-8", "surrogateescape")
    except tarfile.TarError as error:
        raise PlainTarError(str(error)) from error
    return head.name, head.type, head.size
