"""The shuttle's connection to the fleet's broker: two sessions, and who takes what comes over them."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec

from edge.config import TelemetrySettings
from edge.fleet.broker import broker_of, tls_of
from edge.fleet.commands import LONGEST_PACKET_BYTES
from edge.fleet.topics import FleetTopics
from edge.messages import Control, Dropped, Reports, new_id
from edge.mqtt import Incoming, MqttSession, SessionOptions, SessionState, Will
from edge.process import Life
from edge.telemetry import payloads
from edge.telemetry.alarms import Situation
from edge.telemetry.fleet import outbox
from edge.telemetry.fleet.arrival import SPEECH_RECEIVE_MAXIMUM
from edge.telemetry.fleet.commands import FleetCommands
from edge.telemetry.fleet.configuration import FleetConfiguration
from edge.telemetry.fleet.on_device import OnDevice
from edge.telemetry.fleet.outbox import Made
from edge.telemetry.fleet.store import FleetStore, NotKeptError
from edge.telemetry.fleet.teller import FleetTeller
from edge.vitals.tree import Tree

log = logging.getLogger(__name__)

SESSION_S = 30 * 86_400
BOOT_ID = "/proc/sys/kernel/random/boot_id"


class FleetLink:
    """Keeps the connection to the fleet's broker, and those who use it.

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
        shuttle, fleet = life.settings.shuttle.id, life.settings.fleet
        self._boot = (Tree().text(BOOT_ID) or new_id()).replace("-", "")[:16]
        topics = self._topics = FleetTopics(shuttle, fleet.groups)
        self._wording = life.settings.telemetry
        if fleet.metered:
            self._wording = msgspec.structs.replace(self._wording, turn_text=False, answer_text=False)
        self._store = FleetStore(Path(life.settings.state_dir), self._boot)
        self._closing = False
        options = partial(
            SessionOptions,
            session_expiry_s=SESSION_S,
            max_packet_bytes=LONGEST_PACKET_BYTES,
            manual_ack=True,
            certificate=fleet.cert_file or "",
            section="fleet",
        )
        self._session = MqttSession(
            broker_of(fleet),
            options(
                client_id=f"guide-{shuttle}",
                subscriptions=topics.orders + topics.desired,
                states=frozenset(topics.orders + topics.desired),
                will=Will(topic=topics.out("status"), payload=lambda: self._teller.away()),
            ),
            on_message=self._take,
            on_state=self._session_changed,
            tls=tls_of(fleet),
        )
        # A session of its own, so that a flood of orders cannot stand in the way of a warning.
        self._speech_session = MqttSession(
            broker_of(fleet),
            options(
                client_id=f"guide-{shuttle}.speech",
                subscriptions=topics.speech,
                receive_maximum=SPEECH_RECEIVE_MAXIMUM,
                states=frozenset(topics.speech),
            ),
            on_message=lambda message: self._commands.take(message),
            on_state=lambda state: self._life.tell_health_now(),
            tls=tls_of(fleet),
        )
        self._teller = FleetTeller(
            life,
            self._session,
            self._store,
            topics,
            self._now,
            situation,
            lambda: self._configuration.reported,
            lambda: self._speech_session.is_connected(),
        )
        self.alarms = self._teller.alarms
        on_device = OnDevice(publish)
        self._commands = FleetCommands(
            life, self._store, topics, on_device, self._now, self._teller.answer, self._teller.asked
        )
        self._configuration = FleetConfiguration(
            life, self._store, on_device, situation, self._now, partial(self._teller.tell_soon, "reported")
        )

    def start(self) -> None:
        self._session.start()
        self._speech_session.start()
        self._commands.start()
        self._configuration.start()
        self._teller.start()
        self._life.spawn(self._teller.tell_for_ever(), "telling the fleet")

    async def close(self) -> None:
        """Say that the shuttle leaves, within some tenths of a second."""
        self._closing = True
        await self._teller.leave()
        await asyncio.gather(self._session.close(), self._speech_session.close())
        await self._store.close()

    @property
    def facts(self) -> dict[str, str]:
        return {
            "fleet": self._session.state.text,
            "fleet.speech": self._speech_session.state.text,
        } | self._teller.facts

    @property
    def levels(self) -> dict[str, float]:
        """The connection and the outbox in figures, for metrics."""
        return self._teller.levels

    async def keep(self, report: Reports) -> None:
        """How a trigger ended: on the disk when this returns, or counted as lost."""
        if self._closing:  # not acknowledged: the commentator keeps it for our successor
            await asyncio.get_running_loop().create_future()
        keep = partial(_keep_report, report, self._now(), self._wording)
        try:
            await self._commands.keep_spoken(report, keep)
        except NotKeptError as error:
            if isinstance(report, Dropped):  # it makes no turn
                log.error("what became of a trigger is not kept for the fleet: %s", error)
                return
            log.error("the end of a turn is lost for the fleet: %s", error)
            self._teller.lost_turn()
        self._teller.nudge()

    def state(self, payload: bytes, *, at_once: bool) -> None:
        """What is told of the guide's health from now on.

        Args:
            at_once: do not wait for the heartbeat, unless each byte costs.
        """
        self._teller.state(payload, at_once=at_once)

    def note(self, control: Control) -> None:
        """News from ingest."""
        self._commands.note(control)

    def _take(self, message: Incoming) -> None:
        if message.topic in self._topics.desired:
            self._configuration.take(message)
        else:
            self._commands.take(message)

    def _session_changed(self, state: SessionState) -> None:
        if state.name == "connected":
            self._teller.tell_all()
        else:
            self._teller.disconnected()
        self._life.tell_health_now()

    def _now(self) -> Made:
        return Made(time.time(), time.monotonic(), self._boot)


def _keep_report(report: Reports, made: Made, settings: TelemetrySettings, db: sqlite3.Connection) -> None:
    """Work for the store. What was dropped makes no turn; its command gets a receipt."""
    if not isinstance(report, Dropped):
        outbox.add(db, "turn", report.turn_id, payloads.turn(report, settings), made)
