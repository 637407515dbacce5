"""Empties the outbox: tells the broker what waits, and forgets what it has acknowledged."""

from __future__ import annotations

import asyncio
import logging
import random
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Collection
from functools import partial

from edge.fleet.frame import framed
from edge.fleet.topics import FleetTopics
from edge.mqtt import (
    MqttSession,
    NobodySubscribesError,
    OutgoingQueueFullError,
    PublishRefusedError,
    SessionClosedError,
)
from edge.tasks import wait_at_most
from edge.telemetry.fleet import outbox
from edge.telemetry.fleet.outbox import Made, Untold
from edge.telemetry.fleet.store import FleetStore, NotKeptError

log = logging.getLogger(__name__)

MOST_UNDER_WAY = 10
HELD_BACK_S = 30.0
"""After nobody took a message of a kind; times 0.5 to 1.5."""
AGAIN_S = 5.0
IDLE_S = 30.0


class OutboxSender:
    """Sends what the outbox holds, a few at a time, whenever there is a connection.

    Args:
        session: with the fleet's broker.
        shuttle: its id.
        now: as what is made now would be stamped.
        counters: gets ``fleet.told``, ``fleet.unheard`` (nobody subscribes) and ``fleet.refused``.
    """

    def __init__(
        self,
        session: MqttSession,
        store: FleetStore,
        topics: FleetTopics,
        shuttle: str,
        now: Callable[[], Made],
        counters: Counter[str],
    ) -> None:
        self._session = session
        self._store = store
        self._topics = topics
        self._shuttle = shuttle
        self._now = now
        self._counters = counters
        self._under_way: dict[int, asyncio.Future[None]] = {}
        self._acknowledged: set[int] = set()
        """What is not forgotten yet."""
        self._cannot_forget = False
        self._held_back: dict[str, float] = {}
        """Kind → until when."""
        self._news = asyncio.Event()

    def nudge(self) -> None:
        """There is something new."""
        self._news.set()

    def disconnected(self) -> None:
        """What was under way is sent anew, as late, over the next connection."""
        for sent in self._under_way.values():
            sent.cancel()

    async def send_for_ever(self) -> None:
        while await self._session.is_connected():
            self._news.clear()
            try:
                more = await self._step()
            except NotKeptError as error:
                log.error("the outbox cannot be read: %s", error)
                await asyncio.sleep(AGAIN_S)
                continue
            except OutgoingQueueFullError:  # a broker that acknowledges nothing, for hours
                await asyncio.sleep(AGAIN_S)
                continue
            except SessionClosedError:
                return
            if not more:  # whatever is new, or ended, is news; only what nobody took is looked at often
                soon = self._held_back or self._acknowledged
                await wait_at_most(self._news, AGAIN_S if soon else IDLE_S)

    async def _step(self) -> bool:
        """Forget what was acknowledged and send what there is room for; True: there may be more."""
        now_mono = time.monotonic()
        held_back = [kind for kind, until in self._held_back.items() if until > now_mono]
        is_forgotten = await self._forget_acknowledged()
        room = MOST_UNDER_WAY - len(self._under_way)
        told = self._under_way.keys() | self._acknowledged
        messages, kinds = await self._store.run(partial(_next, told, held_back, room))
        for kind in held_back:  # what was let go waits for nobody
            if kind not in kinds:
                self._held_back.pop(kind, None)
        if self._session.state.name != "connected":  # it would wait there, and be sent as if it were new
            return True
        for message in messages:
            self._send(message)
        return is_forgotten and bool(self._acknowledged)

    async def _forget_acknowledged(self) -> bool:
        """Forget on the disk what was acknowledged. False: it takes nothing; that is forgotten later."""
        acknowledged = set(self._acknowledged)
        if not acknowledged:
            return True
        try:
            await self._store.run(partial(outbox.told, seqs=acknowledged))
        except NotKeptError as error:
            if not self._cannot_forget:
                log.error("what the broker has acknowledged stays in the outbox for now: %s", error)
            self._cannot_forget = True
            return False
        self._acknowledged -= acknowledged
        self._cannot_forget = False
        return True

    def _send(self, message: Untold) -> None:
        frame = framed(
            message.body,
            id=message.id,
            shuttle=self._shuttle,
            boot=message.boot,
            seq=message.seq,
            ts=message.ts,
            late=outbox.is_late(message, self._now()),
        )
        sent = self._session.publish(
            self._topics.out(message.kind), frame, retain=message.kind.startswith("alarm/"), must_reach=True
        )
        self._under_way[message.seq] = sent
        sent.add_done_callback(partial(self._ended, message))

    def _ended(self, message: Untold, sent: asyncio.Future[None]) -> None:
        self._under_way.pop(message.seq, None)
        self._news.set()
        if sent.cancelled():
            return
        match sent.exception():
            case None:
                self._acknowledged.add(message.seq)
                self._counters["fleet.told"] += 1
                self._held_back.pop(message.kind, None)
            case NobodySubscribesError() as error:
                self._hold_back(message.kind, "fleet.unheard", error)
            case PublishRefusedError() as error:
                self._hold_back(message.kind, "fleet.refused", error)

    def _hold_back(self, kind: str, counter: str, error: Exception) -> None:
        self._counters[counter] += 1
        if kind not in self._held_back:
            log.warning("%s; it is kept, and tried again now and then", error)
        self._held_back[kind] = time.monotonic() + HELD_BACK_S * random.uniform(0.5, 1.5)

    @property
    def held_back(self) -> tuple[str, ...]:
        """Kinds that nobody took when they were told last."""
        return tuple(sorted(self._held_back))


def _next(
    under_way: Collection[int],
    held_back: Collection[str],
    room: int,
    db: sqlite3.Connection,
) -> tuple[list[Untold], set[str]]:
    """Work for the store: what is told next, and which of the kinds that are held back still wait."""
    kinds = {kind for kind in held_back if outbox.holds(db, kind)}
    return outbox.waiting(db, room, under_way, held_back), kinds
