"""A board's file tree from ``tests/data``, with the errors that its sensors answer."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from edge.vitals.tree import Tree

DATA = Path(__file__).parents[1] / "data"


class RecordedTree(Tree):
    """What ``unreadable.txt`` names raises that error when it is read."""

    def __init__(self, name: str) -> None:
        super().__init__(DATA / name)
        lines = (self.root / "unreadable.txt").read_text("utf-8").splitlines()
        listed = (line.split() for line in lines if not line.startswith("#"))
        self._errors = {self.root / path: getattr(errno, error) for path, error in listed}

    def read(self, path: Path) -> bytes:
        if path in self._errors:
            raise OSError(self._errors[path], os.strerror(self._errors[path]), str(path))
        return super().read(path)
