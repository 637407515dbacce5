"""The ingest process's work on a real broker, in the test's own process."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from edge.bus import PipeReceiver
from edge.bus.topology import TRIGGERS
from edge.config import Settings, ShuttleSettings
from edge.ingest.main import Ingest
from edge.messages import AnyMessage, CancelRequest, Control, Trigger
from edge.process import Life
from tests.support.broker import Broker
from tests.support.mqtt_watch import Watch
from tests.support.waiting import until


@dataclass
class IngestScene:
    """``ingest`` on a real broker, a sender, and what has come to the commentator."""

    life: Life
    ingest: Ingest
    sender: Watch
    triggers: list[Trigger] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)

    def receive(self) -> None:
        """The commentator is there from now on."""
        receiver = PipeReceiver(self.life.settings.runtime_dir, TRIGGERS, "ingest", self._take)
        receiver.start(self.life.context)
        self.life._receivers.append(receiver)

    async def publish(self, leaf: str, *payloads: str, qos: int = 1, retain: bool = False) -> None:
        sent = [
            self.sender.session.publish(f"shuttle/demo/{leaf}", each, qos=qos, retain=retain)
            for each in payloads
        ]
        await asyncio.gather(*sent)

    def said(self, kind: str) -> list[str | None]:
        return [trigger.text for trigger in self.triggers if trigger.kind == kind]

    @property
    def control(self) -> Control:
        return self.ingest._control.current

    def _take(self, message: AnyMessage) -> None:
        if isinstance(message, CancelRequest):
            self.cancelled.append(message.target)
            return
        assert isinstance(message, Trigger)
        self.triggers.append(message)


@contextlib.asynccontextmanager
async def scene_on(
    broker: Broker, folder: Path, protocol: Literal["auto", "5", "3.1.1"] = "auto"
) -> AsyncIterator[IngestScene]:
    """``ingest`` with its files in ``folder``, which one of an earlier life may have used."""
    settings = Settings(
        shuttle=ShuttleSettings(id="demo"),
        mqtt=broker.settings(protocol=protocol),
        runtime_dir=str(folder / "run"),
        state_dir=str(folder / "state"),
    )
    (folder / "run").mkdir(mode=0o700, exist_ok=True)
    life = Life("ingest", settings)
    life.feed.start(life.context)
    ingest = Ingest(life)
    await ingest.start()
    try:
        async with Watch(broker.settings(), max_queued_messages=20_000) as sender:
            await sender.until_connected()
            await until(lambda: ingest.health().ready)
            yield IngestScene(life, ingest, sender)
    finally:
        await ingest.stop()
        await life.close()
        life.context.destroy(linger=0)
