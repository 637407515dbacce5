"""The outbox is emptied as fast as the broker acknowledges, and by nothing else."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest

from edge.fleet.topics import FleetTopics
from edge.mqtt import MqttSession, NobodySubscribesError, OutgoingQueueFullError, SessionState
from edge.telemetry.fleet import outbox, sender
from edge.telemetry.fleet.outbox import Made
from edge.telemetry.fleet.sender import OutboxSender
from edge.telemetry.fleet.store import FleetStore
from tests.support.waiting import PATIENCE_S, until


class Session:
    """Connected; ``full`` while its queue has no room."""

    def __init__(self) -> None:
        self.full = False
        self.state = SessionState("connected", "")
        self.connected = asyncio.Event()
        self.connected.set()
        self.sent: list[asyncio.Future[None]] = []
        self.frames: list[dict[str, Any]] = []

    async def is_connected(self) -> bool:
        await self.connected.wait()
        return True

    def publish(self, topic: str, payload: bytes, **options: Any) -> asyncio.Future[None]:
        if self.full:
            raise OutgoingQueueFullError
        self.frames.append(json.loads(payload))
        self.sent.append(asyncio.get_running_loop().create_future())
        return self.sent[-1]


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[FleetStore]:
    store = FleetStore(tmp_path, "one")
    yield store
    await store.close()


def now() -> Made:
    return Made(time.time(), time.monotonic(), "one")


def emptying(session: Session, store: FleetStore) -> OutboxSender:
    fake = cast(MqttSession, session)
    return OutboxSender(fake, store, FleetTopics("test"), "test", now, Counter())


async def add(store: FleetStore, name: str) -> None:
    await store.run(lambda db: outbox.add(db, "turn", name, b"{}", now()))


async def test_a_queue_without_room_is_tried_again(
    store: FleetStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "AGAIN_S", 0.01)
    session = Session()
    session.full = True
    await add(store, "a")
    task = asyncio.create_task(emptying(session, store).send_for_ever())
    await asyncio.sleep(0.1)
    assert not task.done()
    session.full = False
    await until(lambda: bool(session.sent))
    task.cancel()


async def test_who_has_nothing_to_tell_leaves_the_disk_alone(
    store: FleetStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "AGAIN_S", 0.01)
    session = Session()
    looked = 0

    async def run(work: Any, run: Any = store.run) -> Any:
        nonlocal looked
        looked += 1
        return await run(work)

    monkeypatch.setattr(store, "run", run)
    emptied = emptying(session, store)
    task = asyncio.create_task(emptied.send_for_ever())
    await asyncio.sleep(0.1)
    assert looked == 1
    await add(store, "a")
    emptied.nudge()
    async with asyncio.timeout(PATIENCE_S):
        while not session.sent:
            await asyncio.sleep(0.01)
        session.sent[0].set_result(None)
        while (await store.run(outbox.fill)).waiting:
            await asyncio.sleep(0.01)
    task.cancel()


async def test_a_link_that_is_lost_while_the_disk_works_makes_nothing_new_that_is_old(
    store: FleetStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = Session()
    at_mono = time.monotonic()
    emptied = OutboxSender(
        cast(MqttSession, session),
        store,
        FleetTopics("test"),
        "test",
        lambda: Made(time.time(), at_mono, "one"),
        Counter(),
    )

    async def run(work: Any, run: Any = store.run) -> Any:
        result = await run(work)
        if session.state.name == "connected" and not session.connected.is_set():
            session.state = SessionState("lost", "")
        return result

    monkeypatch.setattr(store, "run", run)
    await add(store, "a")
    task = asyncio.create_task(emptied.send_for_ever())
    await asyncio.sleep(0)  # it has begun to look
    session.connected.clear()
    await until(lambda: session.state.name == "lost")
    assert session.sent == []
    at_mono += outbox.LATE_S + 1
    session.state = SessionState("connected", "")
    session.connected.set()
    await until(lambda: bool(session.sent))
    assert session.frames[0]["late"]
    task.cancel()


async def test_what_was_let_go_is_waited_for_no_more(
    store: FleetStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "AGAIN_S", 0.01)
    session = Session()
    emptied = emptying(session, store)
    await add(store, "a")
    task = asyncio.create_task(emptied.send_for_ever())
    async with asyncio.timeout(PATIENCE_S):
        while not session.sent:
            await asyncio.sleep(0.01)
        session.sent[0].set_exception(NobodySubscribesError("nobody"))
        while "turn" not in emptied.held_back:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        assert "turn" in emptied.held_back
        await store.run(lambda db: outbox.make_room(db, time.monotonic() + outbox.MOST_AGE_S + 1))
        while "turn" in emptied.held_back:
            await asyncio.sleep(0.01)
    task.cancel()
