"""Wakes the open pages when something has changed. Who looks late sees the latest, and misses nothing."""

from __future__ import annotations

import asyncio

from edge.tasks import wait_at_most


class Changes:
    """One event for all pages; nothing is queued for any of them."""

    def __init__(self) -> None:
        self._next = asyncio.Event()
        self.closed = False

    def tell(self) -> None:
        """Something has changed."""
        told, self._next = self._next, asyncio.Event()
        told.set()

    def close(self) -> None:
        """The pages shall end."""
        self.closed = True
        self.tell()

    def later(self) -> asyncio.Event:
        """Set with the first change from now on."""
        return self._next

    @staticmethod
    async def within(change: asyncio.Event, seconds: float) -> bool:
        """Whether the change came in this time."""
        await wait_at_most(change, seconds)
        return change.is_set()
