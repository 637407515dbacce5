"""A wall clock for real processes of the tests' own, set while they run; the monotonic clock stays true."""

from __future__ import annotations

import time
from pathlib import Path

IN_EACH_PROCESS = """
import time
_now, _mono, _seen = time.time, time.monotonic, [float("-inf"), 0.0]
def _time():
    if _mono() - _seen[0] > 0.02:
        with open({path!r}) as file:
            _seen[:] = _mono(), float(file.read())
    return _now() + _seen[1]
time.time = _time
"""
"""Python runs a module of the name ``sitecustomize`` before all else."""
POWERED_ON_AT = 100.0
"""Unix seconds: where a board without a battery begins."""


class SetClock:
    """The clock of all processes that are started with ``environment``.

    Args:
        folder: for what they read.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._path = folder / "offset"
        (folder / "sitecustomize.py").write_text(IN_EACH_PROCESS.format(path=str(self._path)))
        self._offset_s = 0.0
        self.folder = folder
        self.set(time.time())

    def environment(self, pythonpath: str) -> dict[str, str]:
        return {"PYTHONPATH": f"{self.folder}:{pythonpath}"}

    def set(self, unix_s: float) -> None:
        """It shows this now, and goes on from there."""
        self._offset_s = unix_s - time.time()
        fresh = self._path.with_suffix(".new")
        fresh.write_text(str(self._offset_s))
        fresh.rename(self._path)

    def now(self) -> float:
        return time.time() + self._offset_s
