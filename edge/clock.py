"""The clock that decisions are made by."""

from __future__ import annotations

import asyncio
import time


def monotonic() -> float:
    """Seconds of ``CLOCK_MONOTONIC``; in a loop whose time is simulated (``edge/drive``), its own seconds."""
    try:
        return asyncio.get_running_loop().time()
    except RuntimeError:  # no loop runs in this thread
        return time.monotonic()
