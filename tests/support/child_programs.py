"""Which programs this process has started and not yet ended."""

from __future__ import annotations

import os
from pathlib import Path


def children_with(argument: str) -> list[int]:
    """Process ids of children of this process that have ``argument`` in their command line."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().split(b"\0")
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if argument.encode() in command and parent == os.getpid():
            found.append(int(folder.name))
    return found
