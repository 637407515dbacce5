"""What the broker keeps comes again at each reconnection, and is no news then (both versions of MQTT)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from edge.mqtt import Incoming
from tests.support.broker import Broker, running
from tests.support.incoming import incoming
from tests.support.ingest_alone import IngestScene, scene_on
from tests.support.mqtt_watch import Watch
from tests.support.waiting import until

Protocol = Literal["5", "3.1.1"]
BOTH_VERSIONS = pytest.mark.parametrize("protocol", ["5", "3.1.1"])
VEHICLE = json.dumps({"speed_kmh": 12.5, "reversing": False, "doors": "closed", "radio": "off"})
SPEEDS = 600
"""Ten minutes of a vehicle that tells its speed each second."""


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """It keeps what it has over its restarts."""
    with running(Broker(tmp_path / "broker", persistent=True)) as started:
        yield started


async def broker_restarts(broker: Broker, scene: IngestScene) -> None:
    broker.stop()
    await until(lambda: not scene.ingest.health().ready)
    broker.start()
    await until(lambda: scene.ingest.health().ready and scene.sender.session.state.name == "connected")


async def keep(broker: Broker, leaf: str, payload: str) -> None:
    async with Watch(broker.settings()) as sender:
        await sender.session.publish(f"shuttle/demo/{leaf}", payload, retain=True)


async def is_obeyed(scene: IngestScene) -> None:
    """What was sent before on both sessions has come."""
    stopped, speed = scene.control.stopped_at_ms, (scene.control.speed_kmh or 0.0) + 1
    await scene.publish("cmd/stop", "")
    await scene.publish("vehicle", json.dumps({"speed_kmh": speed}))
    await until(lambda: scene.control.stopped_at_ms > stopped and scene.control.speed_kmh == speed)


@BOTH_VERSIONS
async def test_a_kept_state_does_not_undo_what_is_newer(
    broker: Broker, tmp_path: Path, protocol: Protocol
) -> None:
    async with scene_on(broker, tmp_path, protocol) as scene:
        await scene.publish("vehicle", VEHICLE, retain=True)
        await scene.publish("cmd/volume", "90%", retain=True)
        await scene.publish("cmd/volume", "30%")
        await scene.publish("vehicle", json.dumps({"reversing": True}))
        await is_obeyed(scene)
        for _ in range(2):
            await broker_restarts(broker, scene)
            await is_obeyed(scene)
            assert scene.control.reversing
            assert scene.control.volume == 0.3
    async with scene_on(broker, tmp_path, protocol) as scene:
        await is_obeyed(scene)
        assert scene.control.volume == 0.3


@BOTH_VERSIONS
async def test_nor_after_ten_minutes_of_other_news(
    broker: Broker, tmp_path: Path, protocol: Protocol
) -> None:
    async with scene_on(broker, tmp_path, protocol) as scene:
        await scene.publish("vehicle", VEHICLE, retain=True)
        await scene.publish("vehicle", json.dumps({"reversing": True}))
        await scene.publish("vehicle", *(json.dumps({"speed_kmh": n / 10}) for n in range(SPEEDS)))
        await is_obeyed(scene)
        await broker_restarts(broker, scene)
        await is_obeyed(scene)
        assert scene.control.reversing


@BOTH_VERSIONS
async def test_nor_after_a_crash_of_the_broker_and_a_restart_of_the_guide(
    broker: Broker, tmp_path: Path, protocol: Protocol
) -> None:
    await keep(broker, "cmd/volume", "90%")
    await keep(broker, "cmd/chattiness", "high")
    async with scene_on(broker, tmp_path, protocol) as scene:
        await until(lambda: scene.control.volume == 0.9)
        await scene.publish("cmd/volume", *(f"{percent}%" for percent in range(90, 29, -1)))
        await scene.publish("cmd/chattiness", "low")
        await is_obeyed(scene)
    broker.stop()  # it writes its store
    broker.start()
    broker.kill()
    broker.start()
    async with scene_on(broker, tmp_path, protocol) as scene:
        await is_obeyed(scene)
        assert (scene.control.volume, scene.control.chattiness) == (0.3, "low")


async def test_nor_what_waited_for_a_guide_that_was_away_for_a_moment(broker: Broker, tmp_path: Path) -> None:
    """The broker gives what it queued, and what it kept as well."""
    async with scene_on(broker, tmp_path, "5") as scene:
        await is_obeyed(scene)
    await keep(broker, "vehicle", VEHICLE)
    async with Watch(broker.settings()) as sender:
        await sender.session.publish("shuttle/demo/vehicle", json.dumps({"reversing": True}))
    async with scene_on(broker, tmp_path, "5") as scene:
        await is_obeyed(scene)
        assert scene.control.reversing


@BOTH_VERSIONS
async def test_what_is_kept_anew_is_news_though_it_was_said_before_and_the_store_is_empty(
    tmp_path: Path, protocol: Protocol
) -> None:
    with running(Broker(tmp_path / "forgetful")) as broker:
        async with scene_on(broker, tmp_path, protocol) as scene:
            for reversing in (True, False):
                await scene.publish("vehicle", json.dumps({"reversing": reversing}), retain=True)
            await is_obeyed(scene)
            await broker_restarts(broker, scene)
            await scene.publish("vehicle", json.dumps({"reversing": True}), retain=True)
            await is_obeyed(scene)
            assert scene.control.reversing


@BOTH_VERSIONS
async def test_what_was_kept_while_the_guide_was_away_is_news(
    broker: Broker, tmp_path: Path, protocol: Protocol
) -> None:
    async with scene_on(broker, tmp_path, protocol) as scene:
        await scene.publish("cmd/volume", "30%")
        await is_obeyed(scene)
    await keep(broker, "cmd/volume", "60%")
    await keep(broker, "vehicle", json.dumps({"reversing": True}))
    async with scene_on(broker, tmp_path, protocol) as scene:
        await is_obeyed(scene)
        assert scene.control.volume == 0.6
        assert scene.control.reversing


@pytest.mark.parametrize("command", ["mute", "stop", "talk", "pool", "volume"])
async def test_clearing_what_the_broker_keeps_does_nothing(
    broker: Broker, tmp_path: Path, command: str
) -> None:
    async with scene_on(broker, tmp_path, "5") as scene:
        await is_obeyed(scene)
        before = scene.control
        await scene.publish(f"cmd/{command}", "", retain=True)
        await is_obeyed(scene)
        after = scene.control
    assert (after.muted, after.volume, after.talk_pressed_at_ms, after.pool_fill_at_ms) == (
        before.muted,
        before.volume,
        before.talk_pressed_at_ms,
        before.pool_fill_at_ms,
    )
    assert not scene.life.counters["refused.invalid"]


async def test_a_command_that_is_sent_again_after_a_lost_connection_is_done_once(
    broker: Broker, tmp_path: Path
) -> None:
    acknowledged: list[int] = []

    def sent(mid: int, *, dup: bool) -> Incoming:
        return incoming("cmd/stop", "", dup=dup, mid=mid, on_ack=lambda: acknowledged.append(mid))

    async with scene_on(broker, tmp_path) as scene:
        stops = []
        for message in (sent(7, dup=False), sent(7, dup=True), sent(8, dup=True), sent(7, dup=False)):
            scene.ingest._take(message)
            stops.append(scene.control.stopped_at_ms)
    assert stops[0] == stops[1] < stops[2] < stops[3]
    assert acknowledged == [7, 7, 8, 7]


async def test_over_mqtt_311_clearing_does_nothing_while_the_guide_is_stopped_and_at_qos_0(
    broker: Broker, tmp_path: Path
) -> None:
    """As docs/interface.md says. At QoS 1 the broker would queue it for the guide, as the command."""
    await keep(broker, "cmd/mute", json.dumps({"id": "x"}))
    async with scene_on(broker, tmp_path, "3.1.1") as scene:
        await until(lambda: scene.life.counters["refused.retained"] == 1)
    async with Watch(broker.settings(protocol="3.1.1")) as sender:
        await sender.session.publish("shuttle/demo/cmd/mute", "", qos=0, retain=True)
    async with scene_on(broker, tmp_path, "3.1.1") as scene:
        await is_obeyed(scene)
        assert not scene.control.muted
        assert not scene.life.counters["refused.retained"]


@BOTH_VERSIONS
async def test_a_kept_command_or_sighting_is_refused_at_a_start(
    broker: Broker, tmp_path: Path, protocol: Protocol
) -> None:
    await keep(broker, "cmd/mute", json.dumps({"id": "x"}))
    await keep(broker, "event", "две собаки справа")
    async with scene_on(broker, tmp_path, protocol) as scene:
        scene.receive()
        await is_obeyed(scene)
        assert not scene.control.muted
    assert not scene.triggers
    assert scene.life.counters["refused.retained"] == 2
