"""How long the guide takes until every process is ready, again and again."""

from __future__ import annotations

import statistics
import subprocess
import time
from typing import NamedTuple

from edge.acceptance.result import Result, failed, passed_if
from edge.bus.topology import PROCESSES, UNITS
from edge.config.child_environment import without_secrets
from edge.foreign_numbers import whole_number

TARGET = "shuttle-guide.target"
PROPERTIES = "Id,ActiveState,InvocationID,ActiveEnterTimestampMonotonic"
LOOK_EACH_S = 0.25
SYSTEMD_WITHIN_S = 120.0


class UnitLife(NamedTuple):
    """One unit now."""

    state: str
    life: str
    """Another one after each start."""
    ready_mono: float
    """When it said that it is ready, in monotonic seconds."""


class RestartError(Exception):
    """systemd does not do it; one line."""


def check_restarts(times: int, within_s: float) -> Result:
    """Takes ``times`` starts. Needs root; the guide is silent meanwhile."""
    took_s: list[float] = []
    slowest: dict[str, float] = dict.fromkeys(PROCESSES, 0.0)
    requested = f"{times} restarts, each ready within {within_s:.0f} s"
    try:
        for _ in range(times):
            ready_after_s = restart(within_s)
            took_s.append(max(ready_after_s.values()))
            slowest = {process: max(slowest[process], ready_after_s[process]) for process in PROCESSES}
    except RestartError as error:
        advice = "journalctl -u 'shuttle-guide-*' -S -10min"
        told = f"number {len(took_s) + 1}: {error}"
        return failed("restarts", requested, told, advice)._replace(figures={"ready_after_s": took_s})
    least, median, most = min(took_s), statistics.median(took_s), max(took_s)
    told = f"{len(took_s)}, ready after {least:.1f} s at least, {median:.1f} s median, {most:.1f} s at most"
    figures = {
        "ready_after_s": [round(each, 2) for each in took_s],
        "slowest_s": {process: round(value, 2) for process, value in slowest.items()},
    }
    return Result([passed_if(True, "restarts", requested, told, "")], figures)


def restart(within_s: float) -> dict[str, float]:
    """Start all anew; process → seconds until it was ready.

    Raises:
        RestartError: one of them was not, or systemd refuses.
    """
    before = _lives()
    began_mono = time.monotonic()
    _systemctl("restart", "--no-block", TARGET)
    while True:
        now = _lives()
        waiting = [
            unit for unit in UNITS if now[unit].state != "active" or now[unit].life in ("", before[unit].life)
        ]
        if not waiting:
            pairs = zip(PROCESSES, UNITS, strict=True)
            return {process: now[unit].ready_mono - began_mono for process, unit in pairs}
        if time.monotonic() - began_mono > within_s:
            states = ", ".join(f"{unit} is {now[unit].state}" for unit in waiting)
            raise RestartError(f"not ready within {within_s:.0f} s: {states}")
        time.sleep(LOOK_EACH_S)


def _lives() -> dict[str, UnitLife]:
    found = {}
    for block in _systemctl("show", f"--property={PROPERTIES}", *UNITS).split("\n\n"):
        fields = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        microseconds = whole_number(fields.get("ActiveEnterTimestampMonotonic", "")) or 0
        found[fields.get("Id", "")] = UnitLife(
            fields.get("ActiveState", "unknown"), fields.get("InvocationID", ""), microseconds / 1e6
        )
    return {unit: found.get(unit, UnitLife("unknown", "", 0.0)) for unit in UNITS}


def _systemctl(*arguments: str) -> str:
    try:
        ended = subprocess.run(
            ["systemctl", *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SYSTEMD_WITHIN_S,
            check=False,
            env=without_secrets(),
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RestartError(f"systemctl {arguments[0]} does not work ({type(error).__name__})") from error
    if ended.returncode:
        raise RestartError(f"systemctl {arguments[0]} ended with {ended.returncode}; run it as root")
    return ended.stdout
