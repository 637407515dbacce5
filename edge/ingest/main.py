"""The ingest process: MQTT in; triggers and the control state out.

Events and control have a session each, so that a flood of events cannot stand in the way of a command.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter, deque

from edge.bus import Delivery
from edge.bus.topology import ORDERS, TRIGGERS
from edge.ignition_note import IgnitionNote
from edge.ingest.control_state import ControlState
from edge.ingest.native import NativeDialect
from edge.ingest.parsed import MAX_REASON_CHARS, ControlChange, Refused, printable
from edge.journal import turn_fields
from edge.journal_events import MessageId, event
from edge.line_limit import LineLimit
from edge.messages import AnyMessage, CancelRequest, Control, Kind, Priority, Trigger, VolumeOrder
from edge.mqtt import Incoming, MqttSession, SessionOptions, account_of
from edge.mqtt.account import SessionName
from edge.process import Health, Life
from edge.recent import Recent

log = logging.getLogger(__name__)

EVENT_SESSION_S = 5
"""The broker keeps events for us no longer than they are worth hearing."""
CONTROL_SESSION_S = 86_400
REMEMBERED_MESSAGES = 512
"""Messages of each topic, so that no flood of one makes us forget what came on another."""
MAX_UNDER_WAY = 24
"""Announcements on their way to the commentator, and safety messages: so many of each. Together less than the
pipe holds, which would give up the oldest. The receive maximum is no such bound: for each acknowledgement
Mosquitto 2.0 sends as many again."""
HELD_S = 3.0
"""The longest that what waits for the commentator is not acknowledged: the broker hands over a few, and what
is behind them may switch the microphone off."""
MAX_CANCELS = 8
"""On their way too, beside these."""
CANCEL_TTL_S = 30.0
CONTROL_BURST = 20
"""Changes in a second that are told one by one: doors that open and close at once have been open."""
CONTROL_PERIOD_S = 0.02
"""In a flood, how often a new control state is told. Each one is work for all who watch, and a safety message
waits behind that work: a flood of commands shall make no more of it."""
CONTROL_LINES_PER_MINUTE = 60
"""Lines of each topic. A vehicle tells its speed all day."""
DRIVING_KMH = 1.0
"""Slower is the noise of a vehicle that stands."""
REFUSALS_PER_MINUTE = 20
"""A sender that does it wrong does so all the time."""
IGNORED_PER_MINUTE = 1
"""Lines of each key; the messages count all the same."""


class Ingest:
    """Parses what arrives and passes it on; a message is acknowledged when it needs us no more."""

    def __init__(self, life: Life) -> None:
        self._life = life
        settings = life.settings
        self._dialect = NativeDialect(settings, self._count_ignored)
        self._refusals = LineLimit(REFUSALS_PER_MINUTE)
        self._ignored_keys: dict[str, LineLimit] = {}
        self._ignition = IgnitionNote(life.folder)
        self._control = ControlState(
            settings.state_dir,
            self._ignition.noted,
            self._dialect.setting_topics,
            self._dialect.signal_topics,
        )
        self._control_lines: dict[str, LineLimit] = {}
        self._told_control: Control | None = None
        self._told_mono: deque[float] = deque(maxlen=CONTROL_BURST)
        self._control_due: asyncio.TimerHandle | None = None
        self._in_hand: dict[str, Recent[tuple[int, bytes], asyncio.Future[Delivery]]] = {}
        """By topic; packet identifier and payload."""
        self._done: Recent[tuple[str, int, bytes], None] = Recent(REMEMBERED_MESSAGES)
        """Commands for the moment: topic, packet identifier and payload."""
        self._under_way: Counter[Kind] = Counter()
        self._cancels = 0
        """On their way to the commentator."""
        topics = self._dialect
        self._events = self._session("events", topics.event_topics, EVENT_SESSION_S)
        self._orders = self._session("control", topics.control_topics, CONTROL_SESSION_S, manual_ack=True)

    def _session(
        self, account: SessionName, subscriptions: tuple[str, ...], expiry_s: int, *, manual_ack: bool = False
    ) -> MqttSession:
        settings = self._life.settings
        return MqttSession(
            account_of(settings.mqtt, account),
            SessionOptions(
                client_id=f"shuttle-guide-{settings.shuttle.id}-{account}",
                subscriptions=subscriptions,
                states=self._dialect.state_topics,
                session_expiry_s=expiry_s,
                manual_ack=manual_ack,
            ),
            on_message=self._take,
            on_state=lambda state: self._life.tell_health_now(),
            counters=self._life.counters,
        )

    async def start(self) -> None:
        self._dialect.warm_up()
        self._triggers = self._life.send_into(TRIGGERS, on_drop=self._count_drop)
        self._tell_control()
        self._life.receive_from(ORDERS, self._obey_passenger)
        self._life.spawn(self._control.keep_for_ever(), "keeping the control state")
        self._events.start()
        self._orders.start()

    async def stop(self) -> None:
        await asyncio.gather(self._events.close(), self._orders.close())
        if self._control_due is not None:
            self._control_due.cancel()
        self._life.feed.keep(self._control.current)
        await self._control.close()

    def health(self) -> Health:
        connected = all(session.state.name == "connected" for session in (self._events, self._orders))
        status = (
            self._events.state.text
            if connected
            else f"events: {self._events.state.text}; control: {self._orders.state.text}"
        )
        facts = {"mqtt.events": self._events.state.text, "mqtt.control": self._orders.state.text}
        speed = self._control.current.speed_kmh
        if speed is not None:
            facts["vehicle"] = "driving" if speed >= DRIVING_KMH else "standing"
        return Health(ready=connected, status=status, facts=facts)

    def _take(self, message: Incoming) -> None:
        if not self._control.known.is_news(message):
            self._life.counters["ignored.retained"] += 1
            message.ack()
            return
        parsed = self._dialect.parse_message(message)
        match parsed:
            case Trigger():
                self._pass_on(parsed, message)
            case CancelRequest():
                self._cancel(parsed, message)
            case ControlChange() if parsed.is_momentary and self._is_done(message):
                message.ack()
            case ControlChange():
                self._control.change(parsed, when_kept=message.ack)
                self._log_control(message.topic)
                if self._control_due is None:
                    self._tell_control()
            case Refused(code=code, reason=reason):
                self._life.counters[f"refused.{code}"] += 1
                self._warn(code, f"refused: {reason}")
                message.ack()

    def _obey_passenger(self, order: VolumeOrder) -> None:
        """Do what ``cmd/volume`` does, for these passengers alone: it was said in the cabin."""
        self._control.wish(order.volume)
        self._log_control("a passenger's words")
        if self._control_due is None:
            self._tell_control()

    def _is_done(self, message: Incoming) -> bool:
        """Whether the broker sends again, after a lost connection, what was done already."""
        sent = (message.topic, message.mid, message.payload)
        is_known = message.dup and sent in self._done
        self._done[sent] = None
        return is_known

    def _tell_control(self) -> None:
        """Now; in a flood once more after the period, where it has changed meanwhile."""
        self._control_due = None
        if self._control.current is self._told_control:
            return
        self._told_control = self._control.current
        self._ignition.note(self._told_control.ignition)
        self._life.feed.keep(self._told_control)
        now = time.monotonic()
        self._told_mono.append(now)
        if len(self._told_mono) == CONTROL_BURST and now - self._told_mono[0] < 1:
            loop = asyncio.get_running_loop()
            self._control_due = loop.call_later(CONTROL_PERIOD_S, self._tell_control)

    def _log_control(self, topic: str) -> None:
        limit = self._control_lines.setdefault(topic, LineLimit(CONTROL_LINES_PER_MINUTE))
        if (untold := limit.take(time.monotonic())) is not None:
            log.info("control: %s%s", topic, f" ({untold} others untold)" if untold else "")

    def _pass_on(self, trigger: Trigger, message: Incoming) -> None:
        in_hand = self._in_hand.setdefault(message.topic, Recent(REMEMBERED_MESSAGES))
        sent = (message.mid, message.payload)
        if message.dup and (earlier := in_hand.get(sent)):
            # Sent again after a lost connection, while the first one is still on its way (or just got there).
            # With another identifier it is another one that says the same, and has never come.
            if trigger.priority >= Priority.ANNOUNCEMENT:
                _acknowledge_later(message)
            earlier.add_done_callback(lambda delivery: _acknowledge(message, delivery))
            return
        if trigger.priority >= Priority.ANNOUNCEMENT and self._under_way[trigger.kind] >= MAX_UNDER_WAY:
            self._life.counters[f"dropped.{trigger.kind}_crowded"] += 1
            self._warn(
                "crowded", f"refused: {message.topic}: {MAX_UNDER_WAY} others wait; send fewer at once"
            )
            message.ack()
            return
        delivered = self._triggers.put(trigger, priority=trigger.priority, expires_mono=trigger.expires_mono)
        log.info(
            "%s received on %s",
            trigger.kind,
            message.topic,
            extra=turn_fields(trigger.turn_id, kind=trigger.kind),
        )
        in_hand[sent] = delivered
        self._under_way[trigger.kind] += 1
        self._life.counters["triggers"] += 1
        # Acknowledged when the commentator has it: if we die before, the broker sends it again.
        if trigger.priority >= Priority.ANNOUNCEMENT:
            _acknowledge_later(message)
        delivered.add_done_callback(lambda delivery: self._arrived(trigger, message, delivery))

    def _cancel(self, request: CancelRequest, message: Incoming) -> None:
        if self._cancels >= MAX_CANCELS:
            self._warn("crowded", f"refused: {message.topic}: {MAX_CANCELS} others wait; send fewer at once")
            message.ack()
            return
        self._cancels += 1
        # Not before what it cancels, which may still be on its way.
        expires_mono = time.monotonic() + CANCEL_TTL_S
        delivered = self._triggers.put(request, priority=Priority.ANNOUNCEMENT, expires_mono=expires_mono)
        self._log_control(message.topic)
        _acknowledge_later(message)
        delivered.add_done_callback(lambda delivery: self._cancelled(message, delivery))

    def _cancelled(self, message: Incoming, delivery: asyncio.Future[Delivery]) -> None:
        self._cancels -= 1
        _acknowledge(message, delivery)

    def _arrived(self, trigger: Trigger, message: Incoming, delivery: asyncio.Future[Delivery]) -> None:
        self._under_way[trigger.kind] -= 1
        _acknowledge(message, delivery)

    def _warn(self, code: str, text: str, limit: LineLimit | None = None) -> None:
        untold = (limit or self._refusals).take(time.monotonic())
        if untold is not None:
            more = f" ({untold} others untold)" if untold else ""
            log.warning("%s%s", text, more, extra=event(MessageId.MESSAGE_REFUSED, code=code))

    def _count_ignored(self, topic: str, key: str, why: str) -> None:
        self._life.counters[f"ignored.{key}"] += 1
        limit = self._ignored_keys.setdefault(key, LineLimit(IGNORED_PER_MINUTE))
        self._warn("ignored", printable(f"ignored: {topic}: {key}: {why}")[:MAX_REASON_CHARS], limit)

    def _count_drop(self, message: AnyMessage, delivery: Delivery) -> None:
        self._life.counters[f"dropped.{delivery.value}"] += 1


def _acknowledge_later(message: Incoming) -> None:
    """Acknowledge it later in any case: a held acknowledgement keeps back what comes behind it."""
    asyncio.get_running_loop().call_later(HELD_S, message.ack)


def _acknowledge(message: Incoming, delivery: asyncio.Future[Delivery]) -> None:
    if not delivery.cancelled() and delivery.result() is not Delivery.CLOSED:
        message.ack()
