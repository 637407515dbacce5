"""One of the shuttle's two ways in for commands: what is said does not wait behind what is not."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Awaitable, Callable
from functools import partial

from edge.mqtt import Incoming
from edge.process import Life
from edge.telemetry.fleet.allowance import Allowance
from edge.telemetry.fleet.receipts import Receipt
from edge.telemetry.fleet.store import FleetStore, NotKeptError

log = logging.getLogger(__name__)

MOST_UNREAD = 50
"""What came with QoS 0 is not bounded by the receive maximum."""
BURST, RATE = 60, 10.0
"""Commands at once, and a second for ever; more wait at the broker."""
KEPT_AGAIN_S = 2.0


class CommandIntake:
    """Takes the commands of one session, in order; each is acknowledged when it is on the disk.

    Args:
        life: counts ``fleet.unread_dropped``.
        accept: work for the store.
        accepted: told of what came of it.
        without_disk: does at once what the disk does not take; False: it must wait. None: all must.
    """

    def __init__(
        self,
        life: Life,
        store: FleetStore,
        accept: Callable[[Incoming, sqlite3.Connection], Receipt | None],
        accepted: Callable[[Receipt | None], None],
        without_disk: Callable[[Incoming], Awaitable[bool]] | None = None,
    ) -> None:
        self._life = life
        self._store = store
        self._accept = accept
        self._accepted = accepted
        self._without_disk = without_disk
        self._came: asyncio.Queue[Incoming] = asyncio.Queue()
        self._allowance = Allowance(BURST, RATE)

    def take(self, message: Incoming) -> None:
        """A message from the fleet's broker."""
        if self._came.qsize() >= MOST_UNREAD:
            self._life.counters["fleet.unread_dropped"] += 1
            message.ack()
        else:
            self._came.put_nowait(message)

    async def take_for_ever(self) -> None:
        while True:
            message = await self._came.get()
            await asyncio.sleep(self._allowance.wait_s(time.monotonic()))
            while True:
                try:
                    self._accepted(await self._store.run(partial(self._accept, message)))
                except NotKeptError as error:
                    log.error("a command of the fleet is not kept: %s", error)
                else:
                    message.ack()
                    break
                if self._without_disk is not None:
                    if await self._without_disk(message):
                        message.ack()
                    else:  # what comes behind it may be due now
                        loop = asyncio.get_running_loop()
                        loop.call_later(KEPT_AGAIN_S, self._came.put_nowait, message)
                    break
                # Not acknowledged: who sent it relies on its being done once.
                await asyncio.sleep(KEPT_AGAIN_S)
