"""Hears all that the shuttles tell, and notes when."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import msgspec

from edge.config import FleetSettings
from edge.fleet.broker import broker_of, tls_of
from edge.fleet.client import HEARD
from edge.fleet.reading import FleetReader
from edge.fleet.topics import DESIRED, PREFIX
from edge.messages import new_id
from edge.mqtt import Incoming, MqttSession, SessionOptions
from edge.tasks import wait_at_most

KEPT_S = 3600
RECEIVE_MAXIMUM = 1000


class Observer:
    """An operator whose session the broker keeps, so that it misses nothing over a restart."""

    def __init__(self, settings: FleetSettings) -> None:
        self.births: dict[str, float] = {}
        """Shuttle → when it was last told who it is."""
        self.turns: dict[str, set[str]] = defaultdict(set)
        """Shuttle → ids of its turns."""
        self.receipts: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
        """Command and state → shuttle → when its receipt came."""
        self.following: dict[str, dict[str, float]] = defaultdict(dict)
        """Version of a configuration → shuttle → when it was told to be in force."""
        self.came = 0
        self.again = 0
        """Messages that came twice."""
        self._reader = FleetReader()
        self._news = asyncio.Event()
        self._session = MqttSession(
            msgspec.structs.replace(broker_of(settings), backoff_max_s=0.5),
            SessionOptions(
                client_id=f"bench-{new_id()}",
                subscriptions=HEARD,
                session_expiry_s=KEPT_S,
                receive_maximum=RECEIVE_MAXIMUM,
                section="fleet",
            ),
            on_message=self._take,
            tls=tls_of(settings),
        )

    async def __aenter__(self) -> Self:
        self._session.start()
        async with asyncio.timeout(30.0):
            await self._session.wait_connected()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def command(self, topic: str, **body: Any) -> str:
        """Publish below ``guide/v1/``; returns the command's id."""
        command = {"id": new_id(), "ts": time.time()} | body
        await self._session.publish(f"{PREFIX}/{topic}", msgspec.json.encode(command))
        return str(command["id"])

    async def desire(self, version: str, settings: dict[str, Any]) -> None:
        """Desire settings of all shuttles."""
        body = {"version": version, "ts": time.time(), "settings": settings}
        await self._session.publish(f"{PREFIX}/all/{DESIRED}", msgspec.json.encode(body))

    async def until(self, fulfilled: Callable[[], bool], within_s: float) -> bool:
        """Whether it comes true in time."""
        deadline_mono = time.monotonic() + within_s
        while not fulfilled():
            if (left_s := deadline_mono - time.monotonic()) <= 0:
                return False
            self._news.clear()
            await wait_at_most(self._news, min(left_s, 0.5))
        return True

    def _take(self, message: Incoming) -> None:
        self.came += 1
        if message.retain:
            return
        read = self._reader.read(message.topic, message.payload)
        if read is None:
            self.again += 1
            return
        match read.leaf:
            case "birth":
                self.births[read.shuttle] = message.received_mono
            case "turn":
                self.turns[read.shuttle].add(read.frame.id)
            case "receipt":
                body = read.frame.body
                told = self.receipts[str(body.get("command")), str(body.get("state"))]
                told.setdefault(read.shuttle, message.received_mono)
            case "config/reported":
                following = self.following[str(read.frame.body.get("version"))]
                following.setdefault(read.shuttle, message.received_mono)
        self._news.set()
