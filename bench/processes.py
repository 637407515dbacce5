"""What running processes cost, read from /proc (Linux)."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def pss_mb(pid: int) -> float:
    """Proportional set size: private memory, and of shared memory this process's part."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise ValueError(f"/proc/{pid}/smaps_rollup has no line Pss:")


def cpu_s(pid: int) -> dict[str, float]:
    """Processor seconds that each thread has used so far; threads of one name are added up.

    The first thread, whose name is the program's, is "main".
    """
    used: defaultdict[str, float] = defaultdict(float)
    for task in Path(f"/proc/{pid}/task").iterdir():
        # The name is in parentheses and may hold anything.
        begin, _, rest = (task / "stat").read_text().rpartition(")")
        name = "main" if task.name == str(pid) else begin.partition("(")[2]
        fields = rest.split()
        used[name] += (int(fields[11]) + int(fields[12])) / _TICKS_PER_S
    return dict(used)


def cpu_share(before: Mapping[str, float], after: Mapping[str, float], seconds: float) -> dict[str, float]:
    """Thread → percent of one core."""
    return {name: (used - before.get(name, 0.0)) / seconds * 100 for name, used in after.items()}
