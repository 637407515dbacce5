"""A clock for real processes of the tests' own: set while they run, and where wanted a fast one."""

from __future__ import annotations

import time
from pathlib import Path

IN_EACH_PROCESS = """
import time
_now, _mono, _seen, _shown = time.time, time.monotonic, [float("-inf")], [0.0] * 4
def _ahead():
    if _mono() - _seen[0] > 0.02:
        with open({path!r}) as file:
            _seen[0], _shown[:] = _mono(), map(float, file.read().split())
    _, gained, since, speed = _shown
    return gained + (_mono() - since) * (speed - 1)
def _time():
    ahead = _ahead()
    return _now() + _shown[0] + ahead
time.time = _time
"""
"""Python runs a module of the name ``sitecustomize`` before all else. The file holds by how much the wall
clock is wrong, what both clocks have gained until when, and how fast they have run since."""
FAST = """
import selectors
_select, _last = selectors.EpollSelector.select, [0.0]
def _monotonic():
    _last[0] = max(_last[0], _mono() + _ahead())
    return _last[0]
def _select_fast(self, timeout=None):
    speed = _shown[3] or 1.0
    # It looks up now and then, since the clock may run faster meanwhile.
    return _select(self, min(0.05, 0.05 if timeout is None else timeout / speed))
time.monotonic, selectors.EpollSelector.select = _monotonic, _select_fast
"""
"""Event loops wait by the fast clock; waits inside of libraries stay as long as they are."""
POWERED_ON_AT = 100.0
"""Unix seconds: where a board without a battery begins."""


class SetClock:
    """The clock of all processes that are started with ``environment``.

    Args:
        folder: for what they read.
        fast: ``run`` may be used; otherwise the monotonic clock stays true.
    """

    def __init__(self, folder: Path, *, fast: bool = False) -> None:
        folder.mkdir(parents=True)
        self._path = folder / "offset"
        (folder / "sitecustomize.py").write_text(IN_EACH_PROCESS.format(path=str(self._path)) + FAST * fast)
        self._offset_s = 0.0
        self._gained_s, self._since_mono, self._speed = 0.0, time.monotonic(), 1.0
        self.folder = folder
        self.set(time.time())

    def environment(self, pythonpath: str) -> dict[str, str]:
        return {"PYTHONPATH": f"{self.folder}:{pythonpath}"}

    def set(self, unix_s: float) -> None:
        """It shows this now, and goes on from there."""
        self._offset_s = unix_s - time.time() - self.gained_s
        self._write()

    def run(self, speed: float) -> None:
        """From now on so many seconds pass in one, by the monotonic clock too."""
        self._gained_s, self._since_mono, self._speed = self.gained_s, time.monotonic(), speed
        self._write()

    @property
    def gained_s(self) -> float:
        """How much more time has passed by it than really."""
        return self._gained_s + (time.monotonic() - self._since_mono) * (self._speed - 1)

    def now(self) -> float:
        return time.time() + self._offset_s + self.gained_s

    def _write(self) -> None:
        fresh = self._path.with_suffix(".new")
        fresh.write_text(f"{self._offset_s} {self._gained_s} {self._since_mono} {self._speed}")
        fresh.rename(self._path)
