"""What the shuttle tells the fleet of itself: who it is, how it is, and what it did."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import sqlite3
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from importlib import metadata
from typing import Any, Literal

import msgspec
from msgspec import Raw

from edge.fleet.commands import BODIES
from edge.fleet.configuration import ReportedBody
from edge.fleet.frame import AlarmName, BirthBody, FleetStateBody, OutboxBody, framed
from edge.fleet.topics import REPORTED, FleetTopics
from edge.messages import new_id
from edge.mqtt import MqttSession, OutgoingQueueFullError, SessionClosedError
from edge.process import Life
from edge.tasks import wait_at_most
from edge.telemetry import payloads
from edge.telemetry.alarm_watch import AlarmsNotKeptError, AlarmWatch
from edge.telemetry.alarms import AlarmChange, Raised, Situation
from edge.telemetry.fleet import alarm_log, outbox
from edge.telemetry.fleet.levels import fleet_levels
from edge.telemetry.fleet.outbox import Fill, Made
from edge.telemetry.fleet.receipts import Receipt
from edge.telemetry.fleet.sender import OutboxSender
from edge.telemetry.fleet.store import FleetStore, NotKeptError

log = logging.getLogger(__name__)

HEARTBEAT_S = 60.0
"""Times 0.75 to 1.25, so that a fleet is not in step."""
METERED_HEARTBEAT_S = 300.0
"""The same where the connection costs by the byte."""
REPORT_WITHIN_S = 3.0
"""Shuttles that are asked all at once answer at a random moment within it."""
REPLY_EXPIRES_S = 3600
FAREWELL_S = 0.5
BIRTH_WAITS_S = 5.0
"""At most, until the shuttle can be spoken to."""
Told = Literal["birth", "alarms", "reported", "state"]
ALL: frozenset[Told] = frozenset(("birth", "alarms", "reported", "state"))


class FleetTeller:
    """Tells what is news, and all of it now and then; has the outbox emptied, and counts what it lost.

    Args:
        life: of telemetry; counts ``fleet.not_kept`` (turns) and ``fleet.unpublished``.
        session: with the fleet's broker.
        now: as what is made now would be stamped.
        situation: what alarms are made of.
        reported: the configuration; None: not known yet.
        may_be_spoken_to: returns when announcements would come.
    """

    def __init__(
        self,
        life: Life,
        session: MqttSession,
        store: FleetStore,
        topics: FleetTopics,
        now: Callable[[], Made],
        situation: Callable[[], Situation],
        reported: Callable[[], ReportedBody | None],
        may_be_spoken_to: Callable[[], Awaitable[object]],
    ) -> None:
        self._life = life
        self._session = session
        self._store = store
        self._topics = topics
        self._now = now
        self._reported = reported
        self._may_be_spoken_to = may_be_spoken_to
        shuttle, fleet = life.settings.shuttle, life.settings.fleet
        self._shuttle, self._metered = shuttle.id, fleet.metered
        self._sender = OutboxSender(session, store, topics, shuttle.id, now, life.counters)
        self._fill, self._looked = Fill(0, 0, {}, 0), False
        self._unkept: int = 0
        self._was_lost = False
        """Since alarms were looked at: what is over within a second is an alarm too."""
        self.alarms = AlarmWatch(situation, self._keep_alarms, self._why_untold, self._alarm_changed)
        self._birth = BirthBody(
            version=metadata.version("shuttle-guide"),
            language=shuttle.language,
            groups=fleet.groups,
            commands=tuple(BODIES),
        )
        self._state: bytes | None = None
        self._state_sent: asyncio.Future[None] | None = None
        self._unacknowledged: set[asyncio.Future[None]] = set()
        """What was told and is told anew, as it is then, over each connection."""
        self._due: set[Told] = set(ALL)
        """What is to be told next."""
        self._tell_now = asyncio.Event()
        self._asked = False

    def start(self) -> None:
        self._life.spawn(self._sender.send_for_ever(), "emptying the outbox")

    async def leave(self) -> None:
        """Tell that the shuttle is away from now on; waited for no longer than ``FAREWELL_S``."""
        if self._session.state.name == "connected":
            farewell = self._publish("status", payloads.status(online=False), retain=True)
            if farewell is not None:
                await asyncio.wait([farewell], timeout=FAREWELL_S)

    def away(self) -> bytes:
        """The session's last will."""
        return self._frame(payloads.status(online=False))

    @property
    def facts(self) -> dict[str, str]:
        waiting = f"{self._fill.waiting} wait" if self._fill.waiting else "nothing waits"
        unheard = "".join(f"; nobody takes {kind}" for kind in self._sender.held_back)
        return {"fleet.outbox": waiting + unheard}

    @property
    def levels(self) -> dict[str, float]:
        """What waits and what was lost, for metrics."""
        fill = self._fill if self._looked else None
        connected = self._session.state.name == "connected"
        return fleet_levels(fill, self._unkept, connected=connected)

    # --- what is news --------------------------------------------------------------------------

    def state(self, payload: bytes, *, at_once: bool) -> None:
        """See ``FleetLink.state``."""
        is_first, self._state = self._state is None, payload
        if is_first or (at_once and not self._metered):
            self.tell_soon("state")

    def tell_soon(self, *parts: Told) -> None:
        """Tell these parts, which have changed, as soon as there is a session."""
        self._due.update(parts)
        self._tell_now.set()

    def tell_all(self) -> None:
        self.tell_soon(*ALL)

    def asked(self) -> None:
        """Somebody wants to know who is there."""
        self._asked = True
        self.tell_all()

    def answer(self, receipt: Receipt) -> None:
        """A receipt is in the outbox; it also goes where it was asked for, if it can go now."""
        self._sender.nudge()
        if receipt.reply_to and self._session.state.name == "connected":
            correlation = (receipt.body.correlation or "").encode() or None
            frame = self._frame(receipt.body)
            self._send(receipt.reply_to, frame, correlation=correlation, expiry_s=REPLY_EXPIRES_S)

    def nudge(self) -> None:
        """There is something new in the outbox."""
        self._sender.nudge()

    def lost_turn(self) -> None:
        """The disk did not take the end of a turn."""
        self._unkept += 1
        self._was_lost = True
        self._life.counters["fleet.not_kept"] += 1
        self.tell_soon("state")

    def disconnected(self) -> None:
        """What was not acknowledged is told anew, as it is then, over the next connection."""
        self._sender.disconnected()
        for sent in tuple(self._unacknowledged):
            sent.cancel()

    # --- alarms --------------------------------------------------------------------------------

    def _why_untold(self) -> str:
        was_lost, self._was_lost = self._was_lost, False
        if self._unkept or was_lost:
            return "the disk took none of what was to be told"
        unheard = self._sender.held_back
        return f"nobody at the broker takes {', '.join(unheard)}" if unheard else ""

    async def _keep_alarms(self, changes: Sequence[AlarmChange]) -> Mapping[AlarmName, Raised]:
        try:
            return await self._store.run(partial(alarm_log.remember, changes=changes, made=self._now()))
        except NotKeptError as error:
            raise AlarmsNotKeptError(str(error)) from error

    def _alarm_changed(self) -> None:
        self.tell_soon("alarms", "state")
        self._sender.nudge()

    # --- what is told --------------------------------------------------------------------------

    async def tell_for_ever(self) -> None:
        """What is due, and everything at each heartbeat, as long as there is a session."""
        while await self._session.is_connected():
            self._tell_now.clear()
            if self._asked:
                self._asked = False
                await asyncio.sleep(random.uniform(0, REPORT_WITHIN_S))
            await self._look_at_outbox()
            if "birth" in self._due:
                # Who is told of it may speak at once, and a broker keeps nothing for a session it never saw.
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._may_be_spoken_to(), BIRTH_WAITS_S)
            self._tell()
            period_s = METERED_HEARTBEAT_S if self._metered else HEARTBEAT_S
            await wait_at_most(self._tell_now, period_s * random.uniform(0.75, 1.25))
            if not self._tell_now.is_set():
                self._due.update(ALL)

    def _tell(self) -> None:
        """Tell what is due; a state that cannot go yet stays due."""
        due, self._due = self._due, set()
        if "birth" in due:
            self._publish("birth", self._birth, retain=True)
            self._publish("status", payloads.status(online=True), retain=True)
        if "alarms" in due:
            for name, (since, reason) in self.alarms.raised.items():
                change = AlarmChange(name, True, since, reason)
                body = alarm_log.body_of(change)
                self._publish(f"alarm/{name}", body, retain=True, message_id=alarm_log.id_of(change))
        if "reported" in due and (reported := self._reported()) is not None:
            self._publish(REPORTED, reported, retain=True)
        if "state" in due and self._state is not None:
            if self._state_sent is not None and not self._state_sent.done():
                self._due.add("state")  # only the newest is worth telling: when this one has gone
            else:
                self._tell_state(self._state)

    def _tell_state(self, guide: bytes) -> None:
        fill = self._fill
        lost = dict(fill.lost)
        if self._unkept:
            lost["turn"] = lost.get("turn", 0) + self._unkept
        held = OutboxBody(waiting=fill.waiting, bytes=fill.size, lost=lost, unheard=self._sender.held_back)
        self._state_sent = self._publish("state", FleetStateBody(guide=Raw(guide), outbox=held))
        if self._state_sent is not None:
            self._state_sent.add_done_callback(self._state_gone)

    def _state_gone(self, _: asyncio.Future[None]) -> None:
        if "state" in self._due:
            self._tell_now.set()

    async def _look_at_outbox(self) -> None:
        now_mono, unkept = time.monotonic(), self._unkept

        def work(db: sqlite3.Connection) -> Fill:
            outbox.make_room(db, now_mono)
            if unkept:
                outbox.count_lost(db, "turn", unkept)
            return outbox.fill(db)

        try:
            self._fill, self._looked = await self._store.run(work), True
            self._unkept -= unkept
        except NotKeptError as error:
            log.error("the outbox cannot be used: %s", error)
            with contextlib.suppress(NotKeptError):  # a full disk can still be read
                self._fill, self._looked = await self._store.run(outbox.fill), True

    def _publish(
        self, leaf: str, body: bytes | msgspec.Struct, *, retain: bool = False, message_id: str | None = None
    ) -> asyncio.Future[None] | None:
        sent = self._send(self._topics.out(leaf), self._frame(body, message_id), retain=retain)
        if sent is not None:
            self._unacknowledged.add(sent)
            sent.add_done_callback(self._unacknowledged.discard)
        return sent

    def _send(self, topic: str, payload: bytes, **options: Any) -> asyncio.Future[None] | None:
        """Send it; resolves when the broker has it. None: it cannot go now, and is counted."""
        try:
            return self._session.publish(topic, payload, **options)
        except (OutgoingQueueFullError, SessionClosedError):
            self._life.counters["fleet.unpublished"] += 1
            return None

    def _frame(self, body: bytes | msgspec.Struct, message_id: str | None = None) -> bytes:
        made = self._now()
        return framed(
            body,
            id=message_id or new_id(),
            shuttle=self._shuttle,
            boot=made.boot,
            seq=self._fill.last_seq,
            ts=made.ts,
        )
