"""Lets the utterances of all clients into the recognizer, a few at a time, in the order of ``FairQueue``."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from edge.ladder import RungError
from edge.recognizer_server.fair_queue import FairQueue, QueueFull, WaitingSound


class Turns:
    """One recognizer's places.

    Args:
        places: utterances that it takes at the same time.
        may_begin: asked before one is let in; where it says no, ``look`` tells when it may have changed.
    """

    def __init__(self, places: int, may_begin: Callable[[], bool] = lambda: True) -> None:
        self._places = places
        self._may_begin = may_begin
        self._queue = FairQueue()
        self._tickets = itertools.count()
        self._doors: dict[int, asyncio.Future[None]] = {}
        self._running = 0
        self.on_free: Callable[[], None] = lambda: None
        """Told whenever nothing waits any more."""

    @property
    def waiting(self) -> int:
        return len(self._queue)

    @property
    def waiting_sound_s(self) -> float:
        return self._queue.sound_s

    @property
    def running(self) -> int:
        return self._running

    @property
    def busy(self) -> bool:
        """What comes now has to wait."""
        return self._running >= self._places or bool(self._doors)

    @property
    def longest_wait_s(self) -> float:
        return self._queue.longest_wait_s(time.monotonic())

    @asynccontextmanager
    async def turn(self, client: str, sound_s: float) -> AsyncIterator[None]:
        """Wait for this client's turn, and hold a place.

        Raises:
            RungError: too much of this client's waits already.
        """
        ticket = next(self._tickets)
        try:
            self._queue.put(WaitingSound(client, sound_s, time.monotonic(), ticket))
        except QueueFull as error:
            raise RungError(str(error)) from error
        door = self._doors[ticket] = asyncio.get_running_loop().create_future()
        self.look()
        try:
            await door
        except asyncio.CancelledError:
            if not self._queue.remove(ticket) and door.done() and not door.cancelled():
                self._leave()
            self._doors.pop(ticket, None)
            raise
        try:
            yield
        finally:
            self._leave()

    def look(self) -> None:
        """Let in whoever can be."""
        while self._running < self._places and self._may_begin() and (asked := self._queue.take()):
            door = self._doors.pop(asked.ticket)
            if not door.done():  # else it was cancelled, and has not heard of it yet
                self._running += 1
                door.set_result(None)
        if not self._doors:
            self.on_free()

    def forget(self, client: str) -> None:
        """The client has left, and waits for nothing: nobody may go on waiting in its name."""
        for ticket in self._queue.forget(client):
            self._doors.pop(ticket).cancel()
        self.look()

    def _leave(self) -> None:
        self._running -= 1
        self.look()
