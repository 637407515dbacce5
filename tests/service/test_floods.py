"""Floods on a real broker: what dispatch and the safety system said is not lost behind them, nor late."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Literal

import pytest

from edge.atomic_file import write_whole
from edge.bus.pipe import LINES_PER_MINUTE
from edge.ingest import control_state, main
from edge.ingest.main import (
    CONTROL_BURST,
    CONTROL_LINES_PER_MINUTE,
    CONTROL_PERIOD_S,
    MAX_CANCELS,
    MAX_UNDER_WAY,
)
from edge.messages import Control
from tests.support.broker import Broker, running
from tests.support.incoming import incoming
from tests.support.ingest_alone import scene_on
from tests.support.waiting import until

SLOW_DISK_S = 0.1
FLOOD = 1000


async def test_a_thousand_volume_commands_delay_no_warning_behind_them(
    broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes = []

    def write_slowly(path: Path, content: bytes) -> None:
        time.sleep(SLOW_DISK_S)
        writes.append(content)
        write_whole(path, content)

    monkeypatch.setattr(control_state, "write_whole", write_slowly)
    async with scene_on(broker, tmp_path) as scene:
        scene.receive()
        began = time.monotonic()
        await scene.publish("cmd/volume", *(f"{number / FLOOD:g}" for number in range(FLOOD)))
        await scene.publish("safety", "Держитесь!")
        await until(lambda: scene.said("safety") == ["Держитесь!"])
        assert len(writes) <= 2 + (time.monotonic() - began) / control_state.WRITE_PERIOD_S
    kept = json.loads((tmp_path / "state" / control_state.FILE_NAME).read_bytes())
    assert kept["volume"] == (FLOOD - 1) / FLOOD


async def test_of_a_flood_of_warnings_the_first_are_said_and_the_others_counted(tmp_path: Path) -> None:
    with running(Broker(tmp_path / "broker", extra=("max_queued_messages 0",))) as broker:
        async with scene_on(broker, tmp_path) as scene:
            counters = scene.life.counters
            # At QoS 0 nothing tells the sender to wait; and the commentator is away.
            await scene.publish("safety", *(f"warning {number}" for number in range(FLOOD)), qos=0)
            await until(lambda: counters["dropped.safety_crowded"] == FLOOD - MAX_UNDER_WAY)
            scene.receive()
            await until(lambda: len(scene.triggers) == MAX_UNDER_WAY)
            assert scene.said("safety") == [f"warning {number}" for number in range(MAX_UNDER_WAY)]
            assert counters["triggers.evicted"] == 0
            await scene.publish("safety", "afterwards")
            await until(lambda: scene.said("safety")[-1] == "afterwards")


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
@pytest.mark.parametrize(("leaf", "count"), [("announce", 20), ("announce", 200), ("cmd/cancel", 200)])
async def test_what_waits_for_the_commentator_keeps_back_no_command(
    broker: Broker,
    tmp_path: Path,
    leaf: str,
    count: int,
    protocol: Literal["5", "3.1.1"],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The broker hands over 20; who switches the microphone off relies on it."""
    monkeypatch.setattr(main, "HELD_S", 0.1)
    async with scene_on(broker, tmp_path, protocol) as scene:
        bodies = [{"id": str(number), "text": "Words.", "target": "none"} for number in range(count)]
        keys = ("id", "text") if leaf == "announce" else ("target",)
        payloads = [json.dumps({key: body[key] for key in keys} | {"ttl": 3600}) for body in bodies]
        await scene.publish(leaf, *payloads)
        await scene.publish("cmd/microphone", "off")
        await until(lambda: scene.control.microphone_off)
        await scene.publish("safety", "Hold on.")
        scene.receive()
        await until(lambda: scene.said("safety") == ["Hold on."])
        most = MAX_UNDER_WAY if leaf == "announce" else MAX_CANCELS
        await until(lambda: len(scene.triggers) + len(scene.cancelled) == 1 + min(count, most))


async def test_of_acknowledged_warnings_behind_a_flood_of_events_each_is_said_or_counted(
    broker: Broker, tmp_path: Path
) -> None:
    flood = [f"warning {number}" for number in range(100)]
    async with scene_on(broker, tmp_path) as scene:
        await scene.publish("event", *("dog" for _ in range(FLOOD)))
        await scene.publish("safety", *flood)
        scene.receive()

        def all_told() -> bool:
            crowded = scene.life.counters["dropped.safety_crowded"]
            return len(scene.said("safety")) + crowded == len(flood)

        await until(all_told)
        # So many the broker sends without an acknowledgement: they were there before the first was handed on.
        assert scene.said("safety")[:20] == flood[:20]


async def test_a_warning_that_is_sent_again_behind_ten_thousand_events_is_handed_on_once(
    broker: Broker, tmp_path: Path
) -> None:
    """Also one without an id: then only ``ingest`` can tell, and it has it still in hand."""
    async with scene_on(broker, tmp_path) as scene:
        take = scene.ingest._take
        take(incoming("safety", "Держитесь!"))
        for number in range(10_000):
            take(incoming("event", f"{number} dogs"))
        take(incoming("safety", "Держитесь!", dup=True))
        scene.receive()
        await until(lambda: any(trigger.kind == "remark" for trigger in scene.triggers))
        assert scene.said("safety") == ["Держитесь!"]


async def test_doors_that_open_and_close_at_once_have_been_open(
    broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with scene_on(broker, tmp_path) as scene:
        told: list[Control] = []
        monkeypatch.setattr(scene.life.feed, "keep", told.append)
        for doors_open in (True, False):
            scene.ingest._take(incoming("vehicle", json.dumps({"doors_open": doors_open})))
        assert [control.doors_open for control in told] == [True, False]


async def test_a_flood_of_stops_is_told_seldom_and_its_last_one_in_any_case(
    broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Each one told costs the commentator milliseconds, and a warning waits behind them."""
    caplog.set_level("INFO")
    async with scene_on(broker, tmp_path) as scene:
        told: list[Control] = []
        monkeypatch.setattr(scene.life.feed, "keep", told.append)
        began = time.monotonic()
        for _ in range(FLOOD):
            scene.ingest._take(incoming("cmd/stop", ""))
        await until(lambda: bool(told) and told[-1] == scene.ingest._control.current)
        assert len(told) <= CONTROL_BURST + 2 + (time.monotonic() - began) / CONTROL_PERIOD_S
        assert sum(line.message.startswith("control:") for line in caplog.records) <= CONTROL_LINES_PER_MINUTE


async def test_a_flood_of_events_that_are_given_up_writes_few_lines(
    broker: Broker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with scene_on(broker, tmp_path) as scene:
        for number in range(FLOOD):
            scene.ingest._take(incoming("event", f"{number} dogs"))
        assert scene.life.counters["dropped.evicted"] > FLOOD / 2
    assert 0 < sum("gave up" in line.message for line in caplog.records) <= LINES_PER_MINUTE


async def test_the_same_warning_again_is_said_though_it_came_only_behind_a_lost_connection(
    broker: Broker, tmp_path: Path
) -> None:
    """The broker says that it was sent before. So it was, and never came: the earlier one is another."""
    async with scene_on(broker, tmp_path) as scene:
        scene.receive()
        scene.ingest._take(incoming("safety", "Держитесь!"))
        await until(lambda: len(scene.said("safety")) == 1)
        scene.ingest._take(incoming("safety", "Держитесь!", dup=True, mid=2))
        await until(lambda: len(scene.said("safety")) == 2)


async def test_a_flood_of_cancels_takes_no_announcements_room(broker: Broker, tmp_path: Path) -> None:
    async with scene_on(broker, tmp_path) as scene:
        words = [f"announcement {number}" for number in range(MAX_UNDER_WAY)]
        await scene.publish("announce", *words, qos=0)
        await scene.publish("safety", *words, qos=0)
        # Fewer than may lie unread: what came with QoS 0 beyond that is dropped, and the last ones with it.
        await scene.publish("cmd/cancel", *(f"id-{number}" for number in range(10 * MAX_CANCELS)), qos=0)
        await scene.publish("cmd/cancel", "", "x" * 129, '{"target": ""}', qos=0)
        await until(lambda: scene.life.counters["refused.invalid"] == 3)
        scene.receive()
        await until(lambda: len(scene.cancelled) >= MAX_CANCELS)
        assert scene.said("announcement") == scene.said("safety") == words, "they come before"
        assert scene.cancelled[:MAX_CANCELS] == [f"id-{number}" for number in range(MAX_CANCELS)]
        assert scene.life.counters["triggers.evicted"] == 0
