"""The telemetry process: turns what the feeds and the machine tell into MQTT."""

from __future__ import annotations

import asyncio
import logging
import time
from functools import partial
from typing import TYPE_CHECKING, get_args

import msgspec

from edge.bus.topology import GUIDING, HEARTBEAT_S, REPORTS, TIMINGS
from edge.clock import Moment
from edge.fleet.frame import AlarmName
from edge.messages import (
    Control,
    CostCeiling,
    Dropped,
    GuideWords,
    Hearing,
    Playback,
    ProcessName,
    ProcessState,
    Spending,
    Turn,
)
from edge.mqtt import (
    MqttSession,
    OutgoingQueueFullError,
    SessionClosedError,
    SessionOptions,
    SessionState,
    Will,
    account_of,
)
from edge.process import Health, Life
from edge.spending.books import Books
from edge.spending.price import prices_of
from edge.telemetry import payloads
from edge.telemetry.alarm_watch import AlarmWatch
from edge.telemetry.alarms import Raised, Situation
from edge.telemetry.costs import CostToday, cost_today
from edge.telemetry.levels import guide_levels, machine_levels
from edge.telemetry.machine_watch import MachineWatch
from edge.telemetry.silence import UnsaidThings
from edge.telemetry.spoken import spoken_payload
from edge.telemetry.turn_log import log_turn
from edge.vitals.vitals import Vitals

if TYPE_CHECKING:
    from edge.telemetry.fleet.link import FleetLink

log = logging.getLogger(__name__)

TICK_S = 0.25
WATCHED = (ProcessState, Playback, Control, Turn, Dropped, Hearing, Spending, CostCeiling)
LAST_TURNS_S = 0.8
"""At the end: for the turns that the others are ending at the same moment."""


class Telemetry:
    """Publishes ``status``, ``ready``, ``state``, ``alarm/NAME`` (retained) and each ``turn``."""

    def __init__(self, life: Life) -> None:
        self._life = life
        self._settings = life.settings
        self._root = f"shuttle/{life.settings.shuttle.id}"
        self._states: dict[ProcessName, tuple[float, ProcessState]] = {}
        self._playback: Playback | None = None
        self._control: Control | None = None
        self._hearing: tuple[float, Hearing] | None = None
        self._silence = UnsaidThings()
        self._books = Books()
        self._prices = prices_of(life.settings)
        self._ceiling: CostCeiling | None = None
        self._told_cost: CostToday | None = None
        self._machine = MachineWatch(life, self._machine_known)
        self._told_vitals: Vitals | None = None
        self._published: dict[str, bytes] = {}
        self._told_alarms: dict[AlarmName, Raised | None] = {}
        self._told_words = ""
        """Id of the words that ``spoken`` was made of last."""
        self._told: list[str] = []
        """Ids of the messages that ``state`` was made of last."""
        self._state_due_mono = 0.0
        self._session = MqttSession(
            account_of(life.settings.mqtt, "telemetry"),
            SessionOptions(
                client_id=f"shuttle-guide-{life.settings.shuttle.id}-telemetry",
                will=Will(topic=f"{self._root}/status", payload=payloads.status(online=False)),
            ),
            on_state=self._session_changed,
            counters=life.counters,
        )
        self._fleet = self._make_fleet()
        self._alarms = self._fleet.alarms if self._fleet else AlarmWatch(self._situation)

    async def start(self) -> None:
        self._session.start()
        if self._fleet:
            self._fleet.start()
            self._life.receive_from(REPORTS, self._fleet.keep)
        self._life.spawn(self._watch(), "watching all feeds")
        self._machine.start()
        self._life.spawn(self._alarms.watch_for_ever(), "watching for alarms")
        self._life.spawn(self._tell_for_ever(), "publishing")

    async def stop(self) -> None:
        await asyncio.sleep(LAST_TURNS_S)
        await asyncio.gather(self._leave(), *([self._fleet.close()] if self._fleet else []))

    async def _leave(self) -> None:
        if self._session.state.name == "connected":
            farewells = [
                self._session.publish(f"{self._root}/ready", payloads.ready({}, GUIDING), retain=True),
                self._session.publish(f"{self._root}/status", payloads.status(online=False), retain=True),
            ]
            await asyncio.wait(farewells, timeout=0.5)
        await self._session.close()

    def health(self) -> Health:
        connection = self._session.state
        return Health(
            ready=connection.name == "connected",
            status=connection.text,
            facts={"mqtt.telemetry": connection.text} | (self._fleet.facts if self._fleet else {}),
            levels=self._levels(),
        )

    def _levels(self) -> dict[str, float]:
        """Levels of the guide and the machine, for metrics."""
        if not self._settings.metrics.enabled:
            return {}
        connected = self._session.state.name == "connected"
        levels = {"broker_connected.device": float(connected)}
        levels |= guide_levels(self._control, self._ceiling, self._alarms.raised.keys())
        if self._machine.vitals:
            levels |= machine_levels(self._machine.vitals, self._machine.heat_level)
        return levels | (self._fleet.levels if self._fleet else {})

    async def _watch(self) -> None:
        types = (*WATCHED, GuideWords) if self._settings.telemetry.spoken else WATCHED
        async for message in self._life.watch(*types):
            match message:
                case ProcessState():
                    self._states[message.process] = (time.monotonic(), message)
                case Playback():
                    self._playback = message
                    self._silence.plays(message)
                case Hearing():
                    self._hearing = (time.monotonic(), message)
                    self._silence.note(message, time.monotonic())
                case Dropped():
                    self._silence.dropped(message, time.monotonic())
                case Control():
                    self._control = message
                    self._silence.note(message, time.monotonic())
                    if self._fleet:
                        self._fleet.note(message)
                case Spending():
                    self._books.take(message)
                case CostCeiling():
                    self._ceiling = message
                case GuideWords():
                    self._publish_spoken(message)
                case Turn():
                    self._silence.ended(message)
                    self._publish_turn(message)

    def _machine_known(self) -> None:
        self._state_due_mono = 0.0

    async def _tell_for_ever(self) -> None:
        while True:
            if self._session.state.name == "connected":
                self._tell()
            await asyncio.sleep(TICK_S)

    def _tell(self) -> None:
        """Publish ``ready`` when it changed, ``state`` when it is due or what people look at changed."""
        alive = self._alive()
        is_new = self._publish_changed("ready", payloads.ready(alive, GUIDING))
        for name in get_args(AlarmName):
            self._publish_alarm(name)
        now = time.monotonic()
        # Heartbeats repeat a message under its id; what is known already need not be encoded again each time.
        told = (*alive.values(), self._playback, self._control, self._ceiling)
        known = [message.id for message in told if message]
        if now < self._state_due_mono and (known == self._told or not self._may_tell_state(now)):
            return
        self._told = known
        if now >= self._state_due_mono:
            # They always change, and are no reason to tell more often.
            self._told_vitals = self._machine.vitals
        level = self._ceiling.level if self._ceiling else 0
        is_new_level = self._told_cost is not None and self._told_cost.ceiling_level != level
        if self._books.tellers and (now >= self._state_due_mono or is_new_level):
            # Nor is what was spent, but how near it is to a ceiling.
            self._told_cost = cost_today(self._books, Moment.now().date, self._prices, self._ceiling)
        tell = partial(
            payloads.state,
            alive,
            self._playback,
            self._control,
            self._settings,
            self._told_vitals,
            heat_level=self._machine.heat_level,
            cost=self._told_cost,
        )
        state = tell(now_at=0.0)
        if now >= self._state_due_mono or (
            state != self._published.get("state") and self._may_tell_state(now)
        ):
            self._published["state"] = state
            self._state_due_mono = now + self._settings.telemetry.state_period_s
            payload = tell()
            self._publish("state", payload, retain=True)
            if self._fleet:
                self._fleet.state(payload, at_once=is_new)

    def _may_tell_state(self, now: float) -> bool:
        """Changes are told at most once a heartbeat."""
        return now >= self._state_due_mono - self._settings.telemetry.state_period_s + HEARTBEAT_S

    def _alive(self) -> dict[ProcessName, ProcessState]:
        since = time.monotonic() - TIMINGS[ProcessState].fresh_s
        return {name: state for name, (heard_mono, state) in self._states.items() if heard_mono >= since}

    def _publish_turn(self, turn: Turn) -> None:
        if log_turn(turn, self._settings.telemetry.slow_turn_ms):
            self._life.counters["slow_turns"] += 1
        self._publish("turn", payloads.turn(turn, self._settings.telemetry, self._prices))

    def _publish_spoken(self, words: GuideWords) -> None:
        """Heartbeats repeat a message under its id. What changes while the broker is away is old then."""
        if words.id == self._told_words or self._session.state.name != "connected":
            return
        self._told_words = words.id
        now_at = time.time()
        told = spoken_payload(words, now_at - time.monotonic(), now_at)
        self._publish("spoken", msgspec.json.encode(told))

    def _publish_alarm(self, name: AlarmName) -> None:
        """Publish an alarm's state, also "not raised": an earlier telemetry may have left it raised."""
        raised = self._alarms.raised.get(name)
        if name not in self._told_alarms or self._told_alarms[name] != raised:
            self._told_alarms[name] = raised
            self._publish(f"alarm/{name}", payloads.alarm(name, raised), retain=True)

    def _publish_changed(self, leaf: str, payload: bytes) -> bool:
        if self._published.get(leaf) == payload:
            return False
        self._published[leaf] = payload
        self._publish(leaf, payload, retain=True)
        return True

    def _make_fleet(self) -> FleetLink | None:
        if self._settings.fleet.host is None:
            return None
        from edge.telemetry.fleet.link import FleetLink  # who has no fleet need not load it

        def publish(leaf: str, payload: bytes) -> asyncio.Future[None]:
            return self._session.publish(f"{self._root}/{leaf}", payload)

        return FleetLink(self._life, publish, self._situation)

    def _situation(self) -> Situation:
        connection, alive, now = self._session.state, self._alive(), time.monotonic()
        heard_mono, hearing = self._hearing or (float("-inf"), None)
        ingest = alive.get("ingest")
        silent = self._silence.reason(ingest.counters.get("triggers", 0)) if ingest else ""
        return Situation(
            expected=GUIDING,
            alive=alive,
            playback=self._playback,
            control=self._control,
            ceiling=self._ceiling,
            vitals=self._machine.vitals,
            heat_level=self._machine.heat_level,
            broker="" if connection.name == "connected" else connection.text,
            hearing=hearing if now - heard_mono < TIMINGS[Hearing].fresh_s else None,
            silent=silent or ("" if self._silence.was_heard else None),
        )

    def _publish(self, leaf: str, payload: bytes, *, retain: bool = False) -> None:
        try:
            sent = self._session.publish(f"{self._root}/{leaf}", payload, retain=retain)
        except (OutgoingQueueFullError, SessionClosedError) as error:
            self._life.counters["unpublished"] += 1
            log.error("%s", error)
            return
        sent.add_done_callback(self._note_failure)

    def _note_failure(self, sent: asyncio.Future[None]) -> None:
        if not sent.cancelled() and sent.exception():
            self._life.counters["unpublished"] += 1

    def _session_changed(self, state: SessionState) -> None:
        """A broker that was away (or forgot what was retained) is told everything again."""
        if state.name == "connected":
            self._published.clear()
            self._told_alarms.clear()
            self._state_due_mono = 0.0
            self._publish_changed("status", payloads.status(online=True))
