"""The console's MQTT session: what it says to the guide, and what it learns of alarms and the machine."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from edge.config import Settings
from edge.console.now import GuideNow
from edge.ingest.native import NativeDialect
from edge.ingest.parsed import Refused
from edge.messages import new_id
from edge.mqtt import (
    Incoming,
    MqttSession,
    OutgoingQueueFullError,
    PublishRefusedError,
    SessionClosedError,
    SessionOptions,
    SessionState,
    account_of,
)
from edge.telemetry.payloads import AlarmPayload
from edge.vitals.vitals import Vitals

WITHIN_S = 2.0
"""A command that the broker has not taken by then is given up: nobody wants it minutes later."""


class CommandRefusedError(Exception):
    """The guide would not understand it; the text is one line."""


class BrokerAwayError(Exception):
    """The broker has not taken it; the text is one line."""


class Sent(NamedTuple):
    """What the broker has acknowledged."""

    id: str
    """Comes back as ``trigger_id`` of the turn."""
    topic: str


class _StateTold(msgspec.Struct, frozen=True):
    vitals: Vitals | None = None


class BrokerLink:
    """Publishes below ``shuttle/{id}/`` as ``{username}-console``.

    Args:
        now: is told of alarms and vitals.
        changed: is called when something of it is new.
    """

    def __init__(
        self, settings: Settings, counters: Counter[str], now: GuideNow, changed: Callable[[], None]
    ) -> None:
        self._root = f"shuttle/{settings.shuttle.id}"
        self._dialect = NativeDialect(settings)
        self._now = now
        self._changed = changed
        self._session = MqttSession(
            account_of(settings.mqtt, "console"),
            SessionOptions(
                client_id=f"shuttle-guide-{settings.shuttle.id}-console",
                subscriptions=(f"{self._root}/state", f"{self._root}/alarm/+"),
                max_queued_messages=100,
            ),
            on_message=self._take,
            on_state=self._session_changed,
            counters=counters,
        )

    def start(self) -> None:
        self._session.start()

    async def close(self) -> None:
        await self._session.close()

    @property
    def is_connected(self) -> bool:
        return self._session.state.name == "connected"

    @property
    def status(self) -> str:
        """One line for people."""
        return self._session.state.text

    async def send(self, leaf: str, body: dict[str, Any] | str) -> Sent:
        """Publish what ``ingest`` would understand; returns when the broker has it.

        Raises:
            CommandRefusedError: it would be refused; says why.
            BrokerAwayError: the broker is away, or took it not in time.
        """
        topic = f"{self._root}/{leaf}"
        trigger_id = ""
        if isinstance(body, dict):
            trigger_id = str(body.setdefault("id", new_id()))
            payload = msgspec.json.encode(body)
        else:
            payload = body.encode()
        now_mono, now_at = time.monotonic(), time.time()
        parsed = self._dialect.parse(topic, payload, retain=False, received_mono=now_mono, received_at=now_at)
        if isinstance(parsed, Refused):
            raise CommandRefusedError(parsed.reason)
        if not self.is_connected:
            raise BrokerAwayError(self.status)
        try:
            async with asyncio.timeout(WITHIN_S):
                await self._session.publish(topic, payload)
        except TimeoutError as error:
            raise BrokerAwayError(f"the broker did not take it within {WITHIN_S:.0f} s") from error
        except (OutgoingQueueFullError, SessionClosedError, PublishRefusedError) as error:
            raise BrokerAwayError(str(error)) from error
        return Sent(trigger_id, topic)

    def _take(self, message: Incoming) -> None:
        leaf = message.topic.removeprefix(f"{self._root}/")
        try:
            if leaf == "state":
                self._now.take_vitals(msgspec.json.decode(message.payload, type=_StateTold).vitals)
            elif message.payload:
                self._now.take_alarm(msgspec.json.decode(message.payload, type=AlarmPayload))
        except msgspec.MsgspecError:
            return  # not from our telemetry
        self._changed()

    def _session_changed(self, state: SessionState) -> None:
        self._now.versions["alarms"] += 1
        self._changed()
