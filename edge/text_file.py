"""Text that people write and save with whatever editor they have: one way to read it, for every such file.

A file comes with a byte order mark or without, with line ends of any system, with or without one at its end.
"""

from __future__ import annotations

import codecs
import errno
from pathlib import Path

from edge.plain_file import read_plain

SAVE = "save it as UTF-8"
INVISIBLE = "\ufeff\u200b\u2060"
"""Byte order marks and blanks of no width: two programs that each put one there, or a page copied from."""
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_text(path: Path, at_most: int, *, follow: bool = False) -> str:
    """The text of a plain file, as ``text_of`` gives it.

    Args:
        at_most: bytes that it may have.
        follow: as ``open_plain``.

    Raises:
        OSError: as ``read_plain`` and ``text_of``.
    """
    return text_of(read_plain(path, at_most, follow=follow), str(path))


def text_of(content: bytes, where: str) -> str:
    r"""What was saved, without what is ``INVISIBLE`` before it; each line ends with ``\n``.

    Args:
        content: UTF-8.
        where: the file, for the error.

    Raises:
        OSError: it is another encoding, or no text. ``strerror`` names the line and what to do, and quotes at
            most one byte.
    """
    if content.startswith(UTF_16):
        raise OSError(errno.EILSEQ, f"expected UTF-8 text, came UTF-16; {SAVE}", where)
    text = content.removeprefix(codecs.BOM_UTF8)
    if (at := text.find(b"\0")) >= 0:
        came = f"a NUL in line {_line(text, at)}"
        raise OSError(errno.EILSEQ, f"expected UTF-8 text, came {came}: UTF-16, or no text; {SAVE}", where)
    try:
        decoded = text.decode("utf-8")
    except UnicodeDecodeError as error:
        came = f"byte {text[error.start]:#04x} in line {_line(text, error.start)}"
        # No cause: it holds all the bytes, which may be a key.
        raise OSError(errno.EILSEQ, f"expected UTF-8 text, came {came}; {SAVE}", where) from None
    return decoded.lstrip(INVISIBLE).replace("\r\n", "\n").replace("\r", "\n")


def _line(text: bytes, at: int) -> int:
    before = text[:at].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return 1 + before.count(b"\n")
