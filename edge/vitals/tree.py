"""The file tree that vitals are read from: the machine's own, or a recorded one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

WHOLE_NUMBER = re.compile(r"-?[0-9]{1,18}")


class Tree:
    """The kernel's small files below ``root``. One that cannot be read now counts as absent.

    On a Jetson that is ordinary: a sensor of a block that is switched off answers EAGAIN or ENODATA.
    """

    def __init__(self, root: Path = Path("/")) -> None:
        self.root = root

    def text(self, path: str) -> str | None:
        """A file's content without the blanks and NUL bytes at its end."""
        try:
            return self.read(self.root / path.lstrip("/")).decode("utf-8", "replace").rstrip("\0 \n\t")
        except OSError:
            return None

    def number(self, path: str) -> int | None:
        """The content as a whole number; None also when it is not one that the kernel would write."""
        text = self.text(path) or ""
        return int(text) if WHOLE_NUMBER.fullmatch(text) else None

    def exists(self, path: str) -> bool:
        """Whether there is a file or a folder of this name; one that may not be looked at is not there."""
        try:
            return (self.root / path.lstrip("/")).exists()
        except OSError:
            return False

    def folders(self, pattern: str) -> Iterator[str]:
        """Paths that match, in the order of their names."""
        for path in sorted(self.root.glob(pattern.lstrip("/"))):
            yield f"/{path.relative_to(self.root)}"

    def read(self, path: Path) -> bytes:
        """Raises OSError."""
        return path.read_bytes()
