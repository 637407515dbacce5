"""Pauses that end early when somebody sets the clock.

A board without a battery for its clock begins in a year long ago, where no certificate is valid yet. What is
left alone for that is tried again at once when a time server has been heard.
"""

from __future__ import annotations

import asyncio
import time

from edge.clock import monotonic
from edge.tasks import wait_at_most

LOOK_EVERY_S = 1.0
STEP_S = 5.0
"""A clock that is only kept right moves by less."""


async def pause_until_clock_set(seconds: float, event: asyncio.Event | None = None) -> None:
    """Return after so long; at once when the event is set, and soon after the clock was."""
    until_mono = monotonic() + seconds
    ahead_s = _ahead_s()
    event = event or asyncio.Event()
    while (left_s := until_mono - monotonic()) > 0 and not event.is_set():
        await wait_at_most(event, min(left_s, LOOK_EVERY_S))
        if abs(_ahead_s() - ahead_s) > STEP_S:
            return


def _ahead_s() -> float:
    """How far the calendar's clock is ahead of the one that nobody sets."""
    return time.time() - time.monotonic()
