"""One of the shuttle's ways in for commands: a safety message waits behind nothing else, and what is said not
behind what is not."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from edge.allowance import Allowance
from edge.line_limit import LineLimit
from edge.mqtt import Incoming
from edge.process import Life
from edge.tasks import wait_at_most
from edge.telemetry.fleet.receipts import Receipt
from edge.telemetry.fleet.redelivered import Redelivered
from edge.telemetry.fleet.store import FleetStore, NotKeptError, StoreClosedError

log = logging.getLogger(__name__)

MOST_UNREAD = 50
"""Commands with QoS 0."""
MOST_UNREAD_BYTES = 4 * 1024 * 1024
"""The receive maximum is no bound: Mosquitto 2.0 hands over two for each acknowledgement, and MQTT 3.1.1 has
none."""
MESSAGE_BYTES = 512
"""What a message takes beside what it carries."""
MOST_LATER = 1000
"""Commands that are due later and wait for the disk in memory: as many of a kind as it would remember."""
BURST, RATE = 60, 10.0
"""Commands at once, and a second for ever; more wait at the broker."""
FLOOD_S = 3.0
"""More than ``BURST`` that come without a pause for so long are too many, however few of them the broker
hands over at a time."""
PAUSE_S = 0.1
"""Nothing came for so long although it could have been taken."""
COMING_S = 1.0
"""What came last within this time is followed by more."""
KEPT_AGAIN_S = 2.0
LINES_PER_MINUTE = 20
"""About what the disk does not take: each command tries again and again."""


class CommandIntake:
    """Takes commands of one kind, in order; each is acknowledged when it is on the disk.

    Args:
        life: counts ``fleet.unread_dropped``: what was acknowledged and gets no receipt.
        accept: work for the store.
        accepted: told of what came of it.
        without_disk: does at once what the disk does not take; False: it waits, in memory. None: all
            wait at the broker.
        most_waiting: where more have come than this, or come without a pause for ``FLOOD_S``, the oldest are
            not taken, so that the broker hands over what is behind them. None: whatever has come is taken,
            sooner or later.
        refuse: work for the store: the answer to what is not taken.
    """

    def __init__(
        self,
        life: Life,
        store: FleetStore,
        accept: Callable[[Incoming, sqlite3.Connection], Receipt | None],
        accepted: Callable[[Receipt | None], None],
        without_disk: Callable[[Incoming], Awaitable[bool]] | None = None,
        *,
        most_waiting: int | None = None,
        refuse: Callable[[Incoming, sqlite3.Connection], Receipt | None] = lambda message, db: None,
    ) -> None:
        self._life = life
        self._store = store
        self._accept = accept
        self._accepted = accepted
        self._without_disk = without_disk
        self._most_waiting = most_waiting
        self._refuse = refuse
        self._came: asyncio.Queue[Incoming] = asyncio.Queue()
        self._unread_bytes = 0
        self._redelivered = Redelivered()
        self._later = 0
        """Commands that wait in memory."""
        self._lines = LineLimit(LINES_PER_MINUTE)
        self._more_came = asyncio.Event()
        self._allowance = Allowance(BURST, RATE)
        self._came_mono = self._pause_mono = 0.0
        """When the last one came, and when the last pause was over."""
        self._taken_since_pause = 0

    def take(self, message: Incoming) -> None:
        """A message from the fleet's broker."""
        if self._redelivered.is_copy(message):
            return
        is_full = self._unread_bytes + _size(message) > MOST_UNREAD_BYTES
        if is_full or (message.qos == 0 and self._came.qsize() >= MOST_UNREAD):
            # Without an acknowledgement the broker would hand over no more.
            self._drop(message)
            return
        self._came.put_nowait(message)
        self._redelivered.waits(message)
        self._unread_bytes += _size(message)
        self._came_mono = time.monotonic()
        self._more_came.set()

    async def take_for_ever(self) -> None:
        self._pause_mono = time.monotonic()
        while True:
            free_mono = time.monotonic()
            message = await self._next()
            now_mono = time.monotonic()
            if now_mono - free_mono > PAUSE_S:
                self._pause_mono, self._taken_since_pause = now_mono, 0
            taken_mono = now_mono + self._allowance.wait_s(now_mono)
            while (wait_s := taken_mono - time.monotonic()) > 0:
                if not self._too_many():
                    self._more_came.clear()
                    await wait_at_most(self._more_came, wait_s)
                if self._too_many():
                    await self._refuse_some([message])
                    message = await self._next()
            await self._take_in(message)
            self._taken_since_pause += 1
            # Where the disk is slower than the allowance, nothing ever waits for that.
            if self._taken_since_pause > BURST and self._too_many():
                await self._refuse_some([])

    async def _next(self) -> Incoming:
        message = await self._came.get()
        self._unread_bytes -= _size(message)
        return message

    def _drop(self, message: Incoming) -> None:
        self._life.counters["fleet.unread_dropped"] += 1
        message.ack()

    def _too_many(self) -> bool:
        """Whether the oldest are to be refused."""
        if self._most_waiting is None:
            return False
        return self._came.qsize() > self._most_waiting or self._is_flooded()

    def _is_flooded(self) -> bool:
        """Whether more come than can be taken, however few of them wait here and not at the broker."""
        now_mono = time.monotonic()
        return (
            self._taken_since_pause > BURST
            and now_mono - self._pause_mono > FLOOD_S
            and now_mono - self._came_mono < COMING_S
        )

    async def _take_in(self, message: Incoming) -> None:
        while True:
            try:
                self._accepted(await self._store.run(partial(self._accept, message)))
            except StoreClosedError:
                await _until_cancelled()  # the guide stops: the broker keeps it for our successor
            except NotKeptError as error:
                self._tell_not_kept("a command", error)
            else:
                self._redelivered.answered(message)
                return
            if self._without_disk is not None:
                is_done = await self._without_disk(message)
                # Acknowledgements go in order: one that was held would keep back what may be due now.
                self._redelivered.answered(message)
                if not is_done and self._later < MOST_LATER:
                    self._later += 1
                    self._life.spawn(self._take_in_later(message), "a command that waits for the disk")
                elif not is_done:
                    self._drop(message)
                return
            # Not acknowledged: who sent it relies on its being done once.
            await asyncio.sleep(KEPT_AGAIN_S)

    async def _take_in_later(self, message: Incoming) -> None:
        await asyncio.sleep(KEPT_AGAIN_S)
        self._later -= 1
        await self._take_in(message)

    def _tell_not_kept(self, what: str, error: NotKeptError) -> None:
        if (untold := self._lines.take(time.monotonic())) is not None:
            more = f" ({untold} others untold)" if untold else ""
            log.error("%s of the fleet: not kept: %s%s", what, error, more)

    async def _refuse_some(self, oldest: list[Incoming]) -> None:
        """Acknowledgements go in order: only the oldest make room for what is behind them at the broker."""
        left = 0 if self._is_flooded() else self._most_waiting or 0
        while self._came.qsize() > left:
            oldest.append(await self._next())
        if not oldest:
            return
        try:
            told = await self._store.run(partial(_each, self._refuse, oldest))
        except StoreClosedError:
            await _until_cancelled()
        except NotKeptError as error:
            self._life.counters["fleet.unread_dropped"] += len(oldest)
            self._tell_not_kept(f"{len(oldest)} refusals", error)
        else:
            for receipt in told:
                self._accepted(receipt)
        for message in oldest:
            self._redelivered.answered(message)


def _size(message: Incoming) -> int:
    """Bytes, about."""
    carried = len(message.payload) + len(message.response_topic or "") + len(message.correlation or b"")
    return MESSAGE_BYTES + carried


async def _until_cancelled() -> None:
    await asyncio.get_running_loop().create_future()


def _each(
    work: Callable[[Incoming, sqlite3.Connection], Receipt | None],
    messages: Sequence[Incoming],
    db: sqlite3.Connection,
) -> list[Receipt | None]:
    return [work(message, db) for message in messages]
