"""The clock that decisions are made by."""

from __future__ import annotations

import asyncio
import time
from typing import NamedTuple

HOUR_S = 3600.0


def monotonic() -> float:
    """Seconds of ``CLOCK_MONOTONIC``; in a loop whose time is simulated (``edge/drive``), its own seconds."""
    try:
        return asyncio.get_running_loop().time()
    except RuntimeError:  # no loop runs in this thread
        return time.monotonic()


class Moment(NamedTuple):
    """A point in time, on all the clocks that are needed."""

    mono: float
    at: float
    """Unix seconds."""
    date: str
    """Local, like ``2026-11-20``."""
    hour: int
    """Local."""

    @classmethod
    def now(cls) -> Moment:
        at = time.time()
        local = time.localtime(at)
        return cls(monotonic(), at, time.strftime("%Y-%m-%d", local), local.tm_hour)
