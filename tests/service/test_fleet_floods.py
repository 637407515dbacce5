"""After any flood, also over lost connections, the shuttle takes what comes next in the same session."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from edge.mqtt import Incoming, MqttSession, SessionOptions
from tests.support.broker import Broker, running
from tests.support.fleet_broker import FleetBroker, Operator
from tests.support.telemetry_alone import TelemetryAlone
from tests.support.two_networks import TwoNetworks

pytestmark = pytest.mark.timeout(300)

CUTS = 3
GROWS_BY_MB = 24.0


class Scene(NamedTuple):
    operator: Operator
    telemetry: TelemetryAlone
    networks: TwoNetworks
    on_device: Counter[tuple[str, str]]
    """Leaf below ``shuttle/test/`` and id of what came to the on-device broker."""

    async def flood(self, topic: str, count: int, **body: Any) -> list[str]:
        ids = [f"{topic.rsplit('/')[-1]}-{number}" for number in range(count)]
        await asyncio.gather(*(self.operator.command(topic, id=each, ttl=3600, **body) for each in ids))
        return ids

    async def until_answered(self, commands: list[str]) -> None:
        await self.operator.until(
            lambda: all(self.operator.receipts(command) for command in commands),
            "an answer to each",
            self.telemetry.log,
        )

    async def cut_in_between(self) -> None:
        """Three times, each when something of the flood was answered over the new connection."""
        for _ in range(CUTS):
            connections = self.telemetry.log().count("guide-test.speech: connected")
            answered = len(self.operator.read("receipt"))
            self.networks.cut()
            await self.operator.until(
                lambda c=connections: self.telemetry.log().count("guide-test.speech: connected") > c,
                "a new connection",
                self.telemetry.log,
            )
            await self.operator.until(
                lambda a=answered: len(self.operator.read("receipt")) > a, "answers", self.telemetry.log
            )

    async def takes_what_comes_next(self) -> None:
        await self.operator.command("test/cmd/report", id="order", ttl=600)
        await self.operator.command("test/safety", id="warning", text="Hold on.", ttl=600)
        await self.operator.until(
            lambda: ("safety", "fleet:warning") in self.on_device, "the warning", self.telemetry.log
        )
        await self.operator.until(
            lambda: self.operator.receipts("order") == ["accepted", "done"], "the order", self.telemetry.log
        )


@pytest.fixture
async def scene(tmp_path: Path, broker: Broker) -> AsyncIterator[Scene]:
    on_device: Counter[tuple[str, str]] = Counter()

    def take(message: Incoming) -> None:
        leaf = message.topic.removeprefix("shuttle/test/")
        if leaf in ("announce", "safety") or leaf.startswith("cmd/"):
            on_device[leaf, json.loads(message.payload)["id"]] += 1

    options = SessionOptions(client_id="device", subscriptions=("shuttle/test/#",))
    fleet = FleetBroker(tmp_path / "fleet", saves_each_change=False, extra=("max_queued_messages 100000",))
    networks = TwoNetworks(fleet.port)
    with running(fleet):
        async with networks.there(), MqttSession(broker.settings(), options, on_message=take) as device:
            environment = fleet.environment("test") | {
                "SHUTTLE_GUIDE_MQTT__PORT": str(broker.port),
                "SHUTTLE_GUIDE_FLEET__PORT": str(networks.port),
            }
            async with (
                Operator(fleet).there() as operator,
                TelemetryAlone(tmp_path / "t", environment) as telemetry,
            ):
                await device.wait_connected()
                await operator.until(lambda: bool(operator.told("birth")), "a birth", telemetry.log)
                yield Scene(operator, telemetry, networks, on_device)


async def test_each_order_is_done_once_over_lost_connections(scene: Scene) -> None:
    orders = await scene.flood("test/cmd/report", 150)
    await scene.cut_in_between()
    await scene.takes_what_comes_next()
    ends = Counter(tuple(scene.operator.receipts(order)) for order in orders)
    print(ends)
    assert ends == {("accepted", "done"): len(orders)}


async def test_each_announcement_is_said_once_or_refused_over_lost_connections(scene: Scene) -> None:
    before_mb = scene.telemetry.most_memory_mb()
    announcements = await scene.flood("test/announce", 1000, text="Words.")
    await scene.cut_in_between()
    await scene.takes_what_comes_next()
    await scene.until_answered(announcements)
    ends = Counter(tuple(scene.operator.receipts(each)) for each in announcements)
    print(ends, f"+{scene.telemetry.most_memory_mb() - before_mb:.1f} MB")
    assert set(ends) <= {("accepted",), ("refused",)}, "each has one answer"
    said = {each for each in announcements if scene.on_device["announce", f"fleet:{each}"]}
    assert said == {each for each in announcements if scene.operator.receipts(each) == ["accepted"]}
    assert max(scene.on_device.values()) == 1
    assert scene.telemetry.most_memory_mb() < before_mb + GROWS_BY_MB


async def test_a_flood_while_the_disk_is_full_for_a_while_is_said_once_answered_or_counted(
    scene: Scene,
) -> None:
    scene.telemetry.fill_disk(0)
    announcements, orders, warnings = await asyncio.gather(
        scene.flood("test/announce", 300, text="Words."),
        scene.flood("test/cmd/report", 50),
        scene.flood("test/safety", 30, text="Hold on."),
    )
    said = lambda leaf: {command for each, command in scene.on_device if each == leaf}  # noqa: E731
    await scene.operator.until(
        lambda: len(said("safety")) == len(warnings), "all warnings", scene.telemetry.log
    )
    scene.networks.cut()
    scene.telemetry.fill_disk(None)
    await scene.takes_what_comes_next()
    await scene.until_answered(orders + warnings)

    def told() -> int:
        answered = [each for each in announcements if scene.operator.receipts(each)]
        return len(answered) + scene.telemetry.counter("fleet.unread_dropped")

    await scene.operator.until(lambda: told() == len(announcements), "all to be told", scene.telemetry.log)
    ends = Counter(tuple(scene.operator.receipts(each)) for each in announcements + warnings)
    assert set(ends) <= {("accepted",), ("refused",), ()}
    assert {tuple(scene.operator.receipts(each)) for each in orders} == {("accepted", "done")}
    accepted = {f"fleet:{each}" for each in announcements if scene.operator.receipts(each) == ["accepted"]}
    await scene.operator.until(lambda: said("announce") == accepted, "all to be said", scene.telemetry.log)
    assert max(scene.on_device.values()) == 1
