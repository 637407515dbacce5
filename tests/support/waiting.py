"""Waiting for what happens elsewhere: bounded, and as short as it can be."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

PATIENCE_S = 30.0


async def until(fulfilled: Callable[[], bool], *, within_s: float = PATIENCE_S) -> None:
    """Return as soon as the condition holds; fail when it does not ``within_s`` (seconds)."""
    try:
        async with asyncio.timeout(within_s):
            while not fulfilled():
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError("waited in vain") from None
