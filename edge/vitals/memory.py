"""Memory, load and disk."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import NamedTuple

from edge.vitals.tree import Tree

MEMINFO = re.compile(r"^(\w+):\s+(\d+) kB$", re.MULTILINE)


class Memory(NamedTuple):
    """The machine's memory, in MiB. On a Jetson the GPU uses the same."""

    total_mib: int
    available_mib: int


def read_memory(tree: Tree) -> Memory | None:
    kib = {name: int(value) for name, value in MEMINFO.findall(tree.text("/proc/meminfo") or "")}
    if "MemTotal" not in kib or "MemAvailable" not in kib:
        return None
    return Memory(kib["MemTotal"] >> 10, kib["MemAvailable"] >> 10)


def read_load_1m(tree: Tree) -> float | None:
    """Processes that ran or waited, on average over a minute."""
    try:
        return float((tree.text("/proc/loadavg") or "").split()[0])
    except (IndexError, ValueError):
        return None


def disk_free_mib(folder: Path) -> int | None:
    """Free space of the file system that the folder is, or will be, on."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        return shutil.disk_usage(folder).free >> 20
    except OSError:
        return None


def resident_mib(tree: Tree) -> int:
    """Resident memory of this process; 0 where it is not told."""
    for line in (tree.text("/proc/self/status") or "").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) >> 10
    return 0
