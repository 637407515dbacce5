"""What comes from the fleet's broker is taken in its turn, and nothing that it relies on is dropped."""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
import time
from collections import Counter
from collections.abc import AsyncIterator, Coroutine
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from edge.mqtt import Incoming
from edge.mqtt.incoming import MAX_PAYLOAD_BYTES
from edge.process import Life
from edge.telemetry.fleet import intake as intake_module
from edge.telemetry.fleet.intake import (
    BURST,
    MESSAGE_BYTES,
    MOST_UNREAD,
    MOST_UNREAD_BYTES,
    CommandIntake,
)
from edge.telemetry.fleet.receipts import Receipt
from edge.telemetry.fleet.redelivered import MOST_COPIES
from edge.telemetry.fleet.store import FleetStore, NotKeptError
from tests.support.waiting import until


class Scene:
    """Messages are known by their number."""

    def __init__(self, store: FleetStore) -> None:
        self.life = SimpleNamespace(counters=Counter(), spawn=self._spawn)
        self.tasks: set[asyncio.Task[None]] = set()
        self.store = store
        self.taken: list[int] = []
        self.refused: list[int] = []
        self.acknowledged: list[int] = []

    def intake(self, **options: Any) -> CommandIntake:
        life = cast(Life, self.life)
        return CommandIntake(
            life, self.store, self._take, lambda receipt: None, refuse=self._refuse, **options
        )

    def _spawn(self, work: Coroutine[None, None, None], name: str) -> None:
        self.tasks.add(asyncio.create_task(work, name=name))

    def message(
        self, number: int, *, qos: int = 1, payload: bytes = b"", dup: bool = False, correlation: bytes = b""
    ) -> Incoming:
        message = Incoming(
            topic="t",
            payload=payload,
            qos=qos,
            retain=False,
            dup=dup,
            received_mono=0.0,
            received_at=0.0,
            mid=number,
            correlation=correlation,
        )
        if qos:
            message.on_ack = lambda: self.acknowledged.append(number)
        return message

    def _take(self, message: Incoming, db: sqlite3.Connection) -> Receipt | None:
        self.taken.append(message.mid)
        return None

    def _refuse(self, message: Incoming, db: sqlite3.Connection) -> Receipt | None:
        self.refused.append(message.mid)
        return None


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    store = FleetStore(tmp_path, "one")
    yield Scene(store)
    await store.close()


async def until_acknowledged(scene: Scene, number: int) -> None:
    await until(lambda: number in scene.acknowledged)


async def test_what_the_broker_relies_on_is_never_dropped_unread(scene: Scene) -> None:
    intake = scene.intake()
    for number in range(MOST_UNREAD):
        intake.take(scene.message(number, qos=0))
    intake.take(scene.message(98, qos=0))
    intake.take(scene.message(99))
    assert scene.life.counters["fleet.unread_dropped"] == 1
    assert scene.acknowledged == []
    task = asyncio.create_task(intake.take_for_ever())
    await until_acknowledged(scene, 99)
    assert 99 in scene.taken
    assert 98 not in scene.taken
    task.cancel()


async def test_what_waits_for_the_disk_keeps_back_nothing_behind_it(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(work: Any) -> Any:
        raise NotKeptError("full")

    done: list[int] = []

    async def without_disk(message: Incoming) -> bool:
        done.append(message.mid)
        return message.mid != 0

    monkeypatch.setattr(intake_module, "KEPT_AGAIN_S", 0.05)
    run = scene.store.run
    monkeypatch.setattr(scene.store, "run", full)
    intake = scene.intake(without_disk=without_disk)
    task = asyncio.create_task(intake.take_for_ever())
    for number in (0, 1):
        intake.take(scene.message(number))
    await until_acknowledged(scene, 1)
    assert scene.acknowledged == [0, 1]
    monkeypatch.setattr(scene.store, "run", run)
    await until(lambda: scene.taken == [0])
    task.cancel()


async def test_a_broker_that_does_not_keep_to_the_receive_maximum_is_answered_in_full(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mosquitto 2.0 does not, and hands over no more where one is never acknowledged."""
    monkeypatch.setattr(intake_module, "RATE", 1e9)
    intake = scene.intake()
    last = 1000
    for number in range(last + 1):
        intake.take(scene.message(number))
    assert scene.life.counters["fleet.unread_dropped"] == 0
    task = asyncio.create_task(intake.take_for_ever())
    await until_acknowledged(scene, last)
    assert scene.taken == list(range(last + 1))
    task.cancel()


async def test_a_broker_that_sends_without_end_costs_no_memory_and_no_acknowledgement(scene: Scene) -> None:
    intake = scene.intake()
    fit = MOST_UNREAD_BYTES // (MAX_PAYLOAD_BYTES + MESSAGE_BYTES)
    for number in range(fit + 7):
        intake.take(scene.message(number, payload=bytes(MAX_PAYLOAD_BYTES)))
    assert scene.life.counters["fleet.unread_dropped"] == 7
    assert scene.acknowledged == list(range(fit, fit + 7)), "else all behind them would wait for ever"
    task = asyncio.create_task(intake.take_for_ever())
    await until_acknowledged(scene, fit - 1)
    intake.take(scene.message(1000, payload=bytes(MAX_PAYLOAD_BYTES)))
    await until_acknowledged(scene, 1000)
    assert scene.taken == [*range(fit), 1000], "there is room again"
    task.cancel()


@pytest.mark.parametrize(("correlation", "takes"), [(b"", 0), (b"c" * 60_000, 60_000)])
async def test_messages_without_words_cost_memory_too(scene: Scene, correlation: bytes, takes: int) -> None:
    intake = scene.intake()
    for number in range(MOST_UNREAD_BYTES // (MESSAGE_BYTES + takes) + 5):
        intake.take(scene.message(number, correlation=correlation))
    assert scene.life.counters["fleet.unread_dropped"] == 5


async def test_what_comes_again_after_lost_connections_is_taken_and_acknowledged_once_each(
    scene: Scene,
) -> None:
    """Forty wait, which are no flood; nor do they become one where the broker sends them four times."""
    intake = scene.intake(most_waiting=50)
    most = 40
    for cut in range(4):
        for number in range(most):
            payload = str(number).encode()
            intake.take(scene.message(number + cut * 1000, payload=payload, dup=cut > 0))
    task = asyncio.create_task(intake.take_for_ever())
    await until_acknowledged(scene, most - 1 + 3000)
    assert scene.taken == list(range(most))
    assert scene.refused == []
    assert sorted(scene.acknowledged) == [n + cut * 1000 for cut in range(4) for n in range(most)]
    intake.take(scene.message(5000, payload=b"0", dup=True))
    assert 5000 in scene.acknowledged, "the connection was lost with the acknowledgement"
    intake.take(scene.message(5001, payload=b"0"))
    await until_acknowledged(scene, 5001)
    assert scene.taken == [*range(most), 5001], "whoever says the same again is answered"
    task.cancel()


async def test_the_same_said_twice_is_acknowledged_twice_also_where_both_come_again(scene: Scene) -> None:
    intake = scene.intake()
    for number, dup in ((1, False), (2, False), (11, True), (12, True)):
        intake.take(scene.message(number, payload=b"same", dup=dup))
    task = asyncio.create_task(intake.take_for_ever())
    await until(lambda: set(scene.acknowledged) == {1, 2, 11, 12})
    assert scene.taken == [1, 2]
    task.cancel()


async def test_a_message_that_comes_again_without_end_costs_no_memory(scene: Scene) -> None:
    intake = scene.intake()
    for number in range(100):
        intake.take(scene.message(number, payload=b"same", dup=True))
    assert scene.acknowledged == list(range(1 + MOST_COPIES, 100)), "the rest is acknowledged with the first"
    task = asyncio.create_task(intake.take_for_ever())
    await until(lambda: set(scene.acknowledged) == set(range(100)))
    assert scene.taken == [0]
    task.cancel()


async def test_what_was_refused_is_not_taken_when_it_comes_again(scene: Scene) -> None:
    """Its sender was told to send it again later, and may have done so."""
    intake = scene.intake(most_waiting=5)
    last = BURST + 100
    for number in range(last + 1):
        intake.take(scene.message(number, payload=str(number).encode()))
    task = asyncio.create_task(intake.take_for_ever())
    await until_acknowledged(scene, last)
    refused, taken = list(scene.refused), list(scene.taken)
    assert refused
    for number in refused:
        intake.take(scene.message(number + 1000, payload=str(number).encode(), dup=True))
    assert scene.acknowledged[-len(refused) :] == [number + 1000 for number in refused]
    assert (scene.refused, scene.taken) == (refused, taken)
    task.cancel()


async def test_refusals_that_the_disk_does_not_take_are_counted(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(work: Any) -> Any:
        raise NotKeptError("full")

    async def without_disk(message: Incoming) -> bool:
        return True

    monkeypatch.setattr(scene.store, "run", full)
    intake = scene.intake(without_disk=without_disk, most_waiting=5)
    last = BURST + 100
    for number in range(last + 1):
        intake.take(scene.message(number))
    task = asyncio.create_task(intake.take_for_ever())
    await until_acknowledged(scene, last)
    assert scene.acknowledged == list(range(last + 1))
    assert 0 < scene.life.counters["fleet.unread_dropped"] < last - BURST
    task.cancel()


async def test_what_waits_in_memory_for_the_disk_is_bounded(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(work: Any) -> Any:
        raise NotKeptError("full")

    async def is_due_later(message: Incoming) -> bool:
        return False

    monkeypatch.setattr(intake_module, "MOST_LATER", 5)
    monkeypatch.setattr(intake_module, "KEPT_AGAIN_S", 0.05)
    run = scene.store.run
    monkeypatch.setattr(scene.store, "run", full)
    intake = scene.intake(without_disk=is_due_later)
    for number in range(8):
        intake.take(scene.message(number))
    task = asyncio.create_task(intake.take_for_ever())
    await until_acknowledged(scene, 7)
    assert scene.acknowledged == list(range(8))
    assert scene.life.counters["fleet.unread_dropped"] == 3
    monkeypatch.setattr(scene.store, "run", run)
    await until(lambda: sorted(scene.taken) == list(range(5)))
    task.cancel()


async def test_who_leaves_neither_says_nor_acknowledges_what_its_successor_will_get(
    scene: Scene, tmp_path: Path
) -> None:
    said: list[int] = []

    async def without_disk(message: Incoming) -> bool:
        said.append(message.mid)
        return True

    scene.store = FleetStore(tmp_path / "left", "one")
    await scene.store.close()
    intake = scene.intake(without_disk=without_disk, most_waiting=5)
    for number in range(BURST + 100):
        intake.take(scene.message(number))
    task = asyncio.create_task(intake.take_for_ever())
    done, _ = await asyncio.wait([task], timeout=0.2)
    assert not done
    assert (said, scene.acknowledged, scene.life.counters) == ([], [], {})
    task.cancel()


async def test_of_too_many_the_oldest_are_refused_and_the_others_taken_in_their_turn(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SimpleNamespace(monotonic=lambda: 1000.0)
    monkeypatch.setattr(intake_module, "time", clock)
    intake = scene.intake(most_waiting=5)
    last = BURST + 100
    task = asyncio.create_task(intake.take_for_ever())
    for number in range(BURST):
        intake.take(scene.message(number))
        await until_acknowledged(scene, number)
    since = time.monotonic()  # it stood still for the burst, so that none of it came back meanwhile
    clock.monotonic = lambda: 1000.0 + time.monotonic() - since
    for number in range(BURST, last + 1):
        intake.take(scene.message(number))
    await until_acknowledged(scene, last)
    assert sorted(scene.taken + scene.refused) == list(range(last + 1)), "each is answered"
    assert scene.acknowledged == list(range(last + 1))
    assert last in scene.taken
    assert len(scene.taken) < BURST + 50
    task.cancel()


async def test_a_crowd_that_was_taken_refuses_nobody_who_comes_later(scene: Scene) -> None:
    intake = scene.intake(most_waiting=50)
    task = asyncio.create_task(intake.take_for_ever())
    for number in range(55):
        intake.take(scene.message(number))
    await until_acknowledged(scene, 54)
    last = BURST + 5
    for number in range(55, last + 1):
        intake.take(scene.message(number))
    await until_acknowledged(scene, last)
    assert (len(scene.taken), scene.refused) == (last + 1, [])
    task.cancel()


async def test_too_many_are_refused_also_where_the_disk_is_slower_than_the_allowance(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake_module, "RATE", 1e9)  # nothing waits for the allowance
    intake = scene.intake(most_waiting=50)
    last = BURST + 200
    for number in range(last + 1):
        intake.take(scene.message(number))
    task = asyncio.create_task(intake.take_for_ever())
    await until_acknowledged(scene, last)
    assert scene.taken == [*range(BURST + 1), *range(last - 49, last + 1)]
    assert scene.acknowledged == list(range(last + 1))
    task.cancel()


async def test_a_broker_that_hands_over_few_at_a_time_hides_no_flood(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RabbitMQ hands over 20: what is behind a flood would wait for all of it."""
    ticks = itertools.count(100_000)
    clock = SimpleNamespace(monotonic=lambda: next(ticks) / 100)
    monkeypatch.setattr(intake_module, "time", clock)
    intake = scene.intake(most_waiting=50)
    last, window = 1000, 10
    numbers = iter(range(last + 1))

    def acknowledged(number: int) -> None:
        scene.acknowledged.append(number)
        hand_over()

    def hand_over() -> None:
        for number in itertools.islice(numbers, 1):
            message = scene.message(number)
            message.on_ack = partial(acknowledged, number)
            intake.take(message)

    for _ in range(window):
        hand_over()
    task = asyncio.create_task(intake.take_for_ever())
    await until_acknowledged(scene, last)
    assert scene.acknowledged == list(range(last + 1)), "each is answered, in order"
    assert sorted(scene.taken + scene.refused) == list(range(last + 1))
    assert scene.taken[:BURST] == list(range(BURST))
    assert len(scene.refused) > last / 2
    task.cancel()


async def test_a_burst_that_is_over_is_taken_in_its_turn(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They wait longer than a flood may last, but nothing follows."""
    ticks = itertools.count(100_000)
    monkeypatch.setattr(intake_module, "time", SimpleNamespace(monotonic=lambda: next(ticks) / 100))
    intake = scene.intake(most_waiting=50)
    last = BURST + 49
    for number in range(last + 1):
        intake.take(scene.message(number))
    task = asyncio.create_task(intake.take_for_ever())
    await until_acknowledged(scene, last)
    assert scene.taken[:BURST] == list(range(BURST))
    assert last in scene.taken
    assert scene.refused == []
    task.cancel()
