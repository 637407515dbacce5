"""The shuttle on the fleet's broker: who it is, how it is, what it did, and what it is told."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Raw

from edge.config import TelemetrySettings
from edge.fleet.broker import broker_of, tls_of
from edge.fleet.commands import BODIES, LONGEST_PACKET_BYTES
from edge.fleet.frame import AlarmName, BirthBody, FleetStateBody, OutboxBody, framed
from edge.fleet.topics import REPORTED, FleetTopics
from edge.messages import Control, Dropped, Reports, new_id
from edge.mqtt import (
    Incoming,
    MqttSession,
    OutgoingQueueFullError,
    SessionClosedError,
    SessionOptions,
    SessionState,
    Will,
)
from edge.process import Life
from edge.tasks import wait_at_most
from edge.telemetry import payloads
from edge.telemetry.alarm_watch import AlarmsNotKeptError, AlarmWatch
from edge.telemetry.alarms import AlarmChange, Raised, Situation
from edge.telemetry.fleet import alarm_log, outbox
from edge.telemetry.fleet.commands import SPEECH_RECEIVE_MAXIMUM, FleetCommands
from edge.telemetry.fleet.configuration import FleetConfiguration
from edge.telemetry.fleet.levels import fleet_levels
from edge.telemetry.fleet.on_device import OnDevice
from edge.telemetry.fleet.outbox import Fill, Made
from edge.telemetry.fleet.receipts import Receipt
from edge.telemetry.fleet.sender import OutboxSender
from edge.telemetry.fleet.store import FleetStore, NotKeptError
from edge.vitals.tree import Tree

log = logging.getLogger(__name__)

SESSION_S = 30 * 86_400
HEARTBEAT_S = 60.0
"""Times 0.75 to 1.25, so that a fleet is not in step."""
METERED_HEARTBEAT_S = 300.0
"""The same where the connection costs by the byte."""
REPORT_WITHIN_S = 3.0
"""Shuttles that are asked all at once answer at a random moment within it."""
REPLY_EXPIRES_S = 3600
SPEECH_WITHIN_S = 5.0
FAREWELL_S = 0.5
Told = Literal["birth", "alarms", "reported", "state"]
ALL: frozenset[Told] = frozenset(("birth", "alarms", "reported", "state"))
BOOT_ID = "/proc/sys/kernel/random/boot_id"


class FleetLink:
    """Keeps the connection to the fleet's broker, and what goes over it.

    Args:
        life: of telemetry.
        publish: on the on-device broker, below ``shuttle/{id}/``.
        situation: what alarms are made of.

    Raises:
        ConfigError: a file of the section cannot be used.
    """

    def __init__(
        self,
        life: Life,
        publish: Callable[[str, bytes], asyncio.Future[None]],
        situation: Callable[[], Situation],
    ) -> None:
        self._life = life
        settings = life.settings
        self._shuttle = settings.shuttle.id
        self._boot = (Tree().text(BOOT_ID) or new_id()).replace("-", "")[:16]
        topics = self._topics = FleetTopics(self._shuttle, settings.fleet.groups)
        self._metered = settings.fleet.metered
        self._wording = settings.telemetry
        if self._metered:
            self._wording = msgspec.structs.replace(self._wording, turn_text=False, answer_text=False)
        self._store = FleetStore(Path(settings.state_dir), self._boot)
        self._fill, self._looked = Fill(0, 0, {}, 0), False
        self._unkept: int = 0
        self._was_lost = False
        """Since alarms were looked at: what is over within a second is an alarm too."""
        self.alarms = AlarmWatch(situation, self._keep_alarms, self._why_untold, self._alarm_changed)
        self._birth = BirthBody(
            version=metadata.version("shuttle-guide"),
            language=settings.shuttle.language,
            groups=settings.fleet.groups,
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
        self._closing = False
        self._session = MqttSession(
            broker_of(settings.fleet),
            SessionOptions(
                client_id=f"guide-{self._shuttle}",
                subscriptions=topics.orders + topics.desired,
                states=frozenset(topics.orders + topics.desired),
                session_expiry_s=SESSION_S,
                max_packet_bytes=LONGEST_PACKET_BYTES,
                manual_ack=True,
                will=Will(topic=topics.out("status"), payload=self._away),
                certificate=settings.fleet.cert_file or "",
                section="fleet",
            ),
            on_message=self._take,
            on_state=self._session_changed,
            tls=tls_of(settings.fleet),
        )
        # A session of its own, so that a flood of orders cannot stand in the way of a warning.
        self._speech_session = MqttSession(
            broker_of(settings.fleet),
            SessionOptions(
                client_id=f"guide-{self._shuttle}.speech",
                subscriptions=topics.speech,
                receive_maximum=SPEECH_RECEIVE_MAXIMUM,
                states=frozenset(topics.speech),
                session_expiry_s=SESSION_S,
                max_packet_bytes=LONGEST_PACKET_BYTES,
                manual_ack=True,
                certificate=settings.fleet.cert_file or "",
                section="fleet",
            ),
            on_message=lambda message: self._commands.take(message),
            on_state=lambda state: self._life.tell_health_now(),
            tls=tls_of(settings.fleet),
        )
        on_device = OnDevice(publish)
        self._commands = FleetCommands(
            life, self._store, topics, on_device, self._now, self._receipt_kept, self._was_asked
        )
        self._configuration = FleetConfiguration(
            life, self._store, on_device, situation, self._now, partial(self._tell_soon, "reported")
        )
        self._sender = OutboxSender(
            self._session, self._store, topics, self._shuttle, self._now, life.counters
        )

    def start(self) -> None:
        self._session.start()
        self._speech_session.start()
        self._commands.start()
        self._configuration.start()
        self._life.spawn(self._sender.send_for_ever(), "emptying the outbox")
        self._life.spawn(self._tell_for_ever(), "telling the fleet")

    async def close(self) -> None:
        """Say that the shuttle leaves, within some tenths of a second."""
        self._closing = True
        if self._session.state.name == "connected":
            farewell = self._publish("status", payloads.status(online=False), retain=True)
            if farewell is not None:
                await asyncio.wait([farewell], timeout=FAREWELL_S)
        await asyncio.gather(self._session.close(), self._speech_session.close())
        await self._store.close()

    @property
    def facts(self) -> dict[str, str]:
        waiting = f"{self._fill.waiting} wait" if self._fill.waiting else "nothing waits"
        unheard = "".join(f"; nobody takes {kind}" for kind in self._sender.held_back)
        return {
            "fleet": self._session.state.text,
            "fleet.speech": self._speech_session.state.text,
            "fleet.outbox": waiting + unheard,
        }

    @property
    def levels(self) -> dict[str, float]:
        """For metrics."""
        fill = self._fill if self._looked else None
        connected = self._session.state.name == "connected"
        return fleet_levels(fill, self._unkept, connected=connected)

    # --- what is told --------------------------------------------------------------------------

    async def keep(self, report: Reports) -> None:
        """How a trigger ended: on the disk when this returns, or counted as lost."""
        if self._closing:  # not acknowledged: the commentator keeps it for our successor
            await asyncio.get_running_loop().create_future()
        made = self._now()
        keep = partial(_keep_report, report, made, self._wording)
        try:
            await self._commands.keep_spoken(report, keep)
        except NotKeptError as error:
            if isinstance(report, Dropped):  # it makes no turn
                log.error("what became of a trigger is not kept for the fleet: %s", error)
                return
            self._unkept += 1
            self._was_lost = True
            self._life.counters["fleet.not_kept"] += 1
            self._tell_soon("state")
            log.error("the end of a turn is lost for the fleet: %s", error)
        self._sender.nudge()

    def state(self, payload: bytes, *, at_once: bool) -> None:
        """What is told of the guide's health from now on.

        Args:
            at_once: do not wait for the heartbeat, unless each byte costs.
        """
        is_first, self._state = self._state is None, payload
        if is_first or (at_once and not self._metered):
            self._tell_soon("state")

    def note(self, control: Control) -> None:
        """News from ingest."""
        self._commands.note(control)

    def _tell_soon(self, *parts: Told) -> None:
        self._due.update(parts)
        self._tell_now.set()

    async def _tell_for_ever(self) -> None:
        await self._session.is_connected()
        # Who is told of a birth may speak at once, and a broker keeps nothing for a session it never saw.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._speech_session.is_connected(), SPEECH_WITHIN_S)
        while await self._session.is_connected():
            self._tell_now.clear()
            if self._asked:
                self._asked = False
                await asyncio.sleep(random.uniform(0, REPORT_WITHIN_S))
            await self._look_at_outbox()
            self._tell()
            period_s = METERED_HEARTBEAT_S if self._metered else HEARTBEAT_S
            await wait_at_most(self._tell_now, period_s * random.uniform(0.75, 1.25))
            if not self._tell_now.is_set():
                self._due.update(ALL)

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
        self._tell_soon("alarms", "state")
        self._sender.nudge()

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
        if "reported" in due and (reported := self._configuration.reported) is not None:
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
        """None: it cannot go now, and is counted."""
        try:
            return self._session.publish(topic, payload, **options)
        except (OutgoingQueueFullError, SessionClosedError):
            self._life.counters["fleet.unpublished"] += 1
            return None

    def _frame(self, body: bytes | msgspec.Struct, message_id: str | None = None) -> bytes:
        return framed(
            body,
            id=message_id or new_id(),
            shuttle=self._shuttle,
            boot=self._boot,
            seq=self._fill.last_seq,
            ts=time.time(),
        )

    def _away(self) -> bytes:
        return self._frame(payloads.status(online=False))

    def _now(self) -> Made:
        return Made(time.time(), time.monotonic(), self._boot)

    # --- what comes ----------------------------------------------------------------------------

    def _take(self, message: Incoming) -> None:
        if message.topic in self._topics.desired:
            self._configuration.take(message)
        else:
            self._commands.take(message)

    def _receipt_kept(self, receipt: Receipt) -> None:
        self._sender.nudge()
        if receipt.reply_to and self._session.state.name == "connected":
            correlation = (receipt.body.correlation or "").encode() or None
            frame = self._frame(receipt.body)
            self._send(receipt.reply_to, frame, correlation=correlation, expiry_s=REPLY_EXPIRES_S)

    def _was_asked(self) -> None:
        self._asked = True
        self._tell_soon(*ALL)

    def _session_changed(self, state: SessionState) -> None:
        if state.name == "connected":
            self._tell_soon(*ALL)
        else:
            self._sender.disconnected()
            for sent in tuple(self._unacknowledged):
                sent.cancel()
        self._life.tell_health_now()


def _keep_report(report: Reports, made: Made, settings: TelemetrySettings, db: sqlite3.Connection) -> None:
    """Work for the store. What was dropped makes no turn; its command gets a receipt."""
    if not isinstance(report, Dropped):
        outbox.add(db, "turn", report.turn_id, payloads.turn(report, settings), made)
