"""Ending tasks in good order, and waiting for what may not happen."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any


async def cancel_and_wait(*tasks: asyncio.Future[Any] | None) -> None:
    """Cancel them and return when they have ended, however they did; None is no task."""
    there = [task for task in tasks if task is not None]
    for task in there:
        task.cancel()
    await asyncio.gather(*there, return_exceptions=True)


async def wait_at_most(event: asyncio.Event, seconds: float | None) -> None:
    """Return when the event is set, or after so long; None: wait for ever."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
