"""A burn-in: every core works, and what the board's sensors and counters say meanwhile is judged."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import NamedTuple

from edge.acceptance.result import Result, not_there, passed_if
from edge.config.child_environment import without_secrets
from edge.doctor.check import Check, optional
from edge.vitals.sensors import read_temperatures_c
from edge.vitals.slowdowns import (
    ADVICE,
    SlowdownCause,
    SlowdownCounts,
    read_slowdown_counts,
    read_throttled_by_heat,
)
from edge.vitals.tree import Tree

LOOK_EACH_S = 2.0
HOTTEST_C = 90.0
"""An Orin slows itself down a little above this; in the sun it will be hotter than at the depot."""
LOAD = "import os, sys\nwhile os.getppid() == int(sys.argv[1]): sum(at * at for at in range(1_000_000))"
"""Ends with whoever started it, however that ends."""


class Seen(NamedTuple):
    """What was read of the board from the beginning of the load to its end."""

    before_c: dict[str, float]
    hottest_c: dict[str, float]
    throttled: set[str]
    before: SlowdownCounts
    after: SlowdownCounts


def check_heat(tree: Tree, minutes: float) -> Result:
    """Takes so many minutes. The load is the processor's; the GPU is not loaded."""
    if not read_temperatures_c(tree):
        return not_there("heat", "no sensor of this machine tells a temperature")
    with _load():
        seen = _watch(tree, minutes)
    figures = {
        "minutes": minutes,
        "before_c": seen.before_c,
        "hottest_c": seen.hottest_c,
        "throttled_by_heat": sorted(seen.throttled),
        "undervoltage_events": _new(seen, "undervoltage"),
        "overcurrent_events": _new(seen, "overcurrent"),
        "current_peak_events": _new(seen, "current_peaks"),
    }
    return Result(list(judge(seen)), figures)


def judge(seen: Seen) -> Iterator[Check]:
    """Judge what was seen under load. Pure."""
    zone = max(seen.hottest_c, key=lambda zone: seen.hottest_c[zone])
    hottest, before = seen.hottest_c[zone], seen.before_c.get(zone)
    rose = "" if before is None else f", from {before:.0f} °C"
    told = f"{zone} {hottest:.0f} °C{rose}"
    yield passed_if(hottest < HOTTEST_C, "heat", f"below {HOTTEST_C:.0f} °C", told, ADVICE["heat"])
    zones = ", ".join(sorted(seen.throttled))
    yield passed_if(not zones, "throttling", "none", f"by heat: {zones}" if zones else "none", ADVICE["heat"])
    causes: tuple[SlowdownCause, SlowdownCause] = ("undervoltage", "overcurrent")
    for cause in causes:
        new = _new(seen, cause)
        if new is None:
            yield optional(cause, "none", "not told by this machine", "on a Jetson its driver is not loaded")
        else:
            yield passed_if(not new, cause, "none", f"{new} events" if new else "none", ADVICE[cause])


def _new(seen: Seen, name: str) -> int | None:
    before, after = getattr(seen.before, name), getattr(seen.after, name)
    return None if before is None or after is None else max(0, after - before)


def _watch(tree: Tree, minutes: float) -> Seen:
    before, counts = read_temperatures_c(tree), read_slowdown_counts(tree)
    hottest, throttled = dict(before), set[str]()
    until = time.monotonic() + minutes * 60
    while (left_s := until - time.monotonic()) > 0:
        time.sleep(min(LOOK_EACH_S, left_s))
        for zone, celsius in read_temperatures_c(tree).items():
            hottest[zone] = max(celsius, hottest.get(zone, celsius))
        throttled.update(read_throttled_by_heat(tree))
    return Seen(before, hottest, throttled, counts, read_slowdown_counts(tree))


@contextlib.contextmanager
def _load() -> Iterator[None]:
    """Let each core work, by a process of its own."""
    command = [sys.executable, "-I", "-S", "-c", LOAD, str(os.getpid())]
    cores = len(os.sched_getaffinity(0))
    workers = [
        subprocess.Popen(command, stdin=subprocess.DEVNULL, env=without_secrets()) for _ in range(cores)
    ]
    try:
        yield
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
