"""What is done of the fleet's commands, with a store of its own and a guide that only notes."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from edge.config.load import settings_of
from edge.fleet.topics import FleetTopics
from edge.mqtt import Incoming
from edge.process import Life
from edge.telemetry.fleet import known_commands, receipts
from edge.telemetry.fleet.commands import FleetCommands
from edge.telemetry.fleet.on_device import OnDevice
from edge.telemetry.fleet.outbox import Made
from edge.telemetry.fleet.receipts import Receipt
from edge.telemetry.fleet.store import FleetStore
from tests.support.waiting import until


class Scene:
    """The shuttle ``seven`` of the group ``beach``."""

    def __init__(self, folder: Path) -> None:
        self.store = FleetStore(folder, "one")
        self.handed_on: list[str] = []
        self.told: list[tuple[str | None, str]] = []
        self.acknowledged: list[str] = []
        self.counters: Counter[str] = Counter()
        self.tasks: list[asyncio.Task[None]] = []
        settings, _ = settings_of({"SHUTTLE_GUIDE_SHUTTLE__ID": "seven"})
        life = SimpleNamespace(settings=settings, counters=self.counters, spawn=self._spawn)
        topics = FleetTopics("seven", ("beach",))
        on_device = OnDevice(self._publish)
        self.commands = FleetCommands(
            cast(Life, life), self.store, topics, on_device, now, self._tell, lambda: None
        )

    def send(self, topic: str, command_id: str, **body: Any) -> None:
        payload = json.dumps({"id": command_id, "ts": time.time()} | body).encode()
        self.commands.take(
            Incoming(
                topic=f"guide/v1/{topic}",
                payload=payload,
                qos=1,
                retain=False,
                dup=False,
                received_mono=0.0,
                received_at=0.0,
                mid=1,
                on_ack=lambda: self.acknowledged.append(command_id),
            )
        )

    def states(self, command_id: str) -> list[str]:
        return [state for command, state in self.told if command == command_id]

    async def until(self, command_id: str, state: str) -> None:
        await until(lambda: state in self.states(command_id))

    def _tell(self, receipt: Receipt) -> None:
        self.told.append((receipt.body.command, receipt.body.state))

    def _publish(self, leaf: str, payload: bytes) -> asyncio.Future[None]:
        self.handed_on.append(leaf)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        self.tasks.append(asyncio.create_task(work, name=name))


def now() -> Made:
    return Made(time.time(), time.monotonic(), "one")


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    scene = Scene(tmp_path)
    scene.commands.start()
    yield scene
    for task in scene.tasks:
        task.cancel()
    await asyncio.gather(*scene.tasks, return_exceptions=True)
    await scene.store.close()


async def test_what_was_cancelled_at_the_last_moment_is_not_handed_on(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run(work: Any, run: Any = scene.store.run) -> Any:
        result = await run(work)
        if work is known_commands.not_over:  # it is due; before the loop has heard of that, it is cancelled
            for due in result:
                await run(lambda db: receipts.keep_end(db, due.command, "cancelled", None, now()))  # noqa: B023
        return result

    monkeypatch.setattr(scene.store, "run", run)
    scene.send("seven/announce", "words", text="Words.")
    await scene.until("words", "accepted")
    await asyncio.sleep(0.2)
    assert scene.handed_on == []


async def test_what_is_being_handed_on_is_not_cancelled_as_one_that_waits(scene: Scene) -> None:
    scene.send("seven/cmd/mute", "mute")
    await scene.until("mute", "accepted")
    await until(lambda: bool(scene.handed_on))
    scene.send("seven/cmd/cancel", "cancel", target="mute")
    await scene.until("cancel", "failed")
    assert "cancelled" not in scene.states("mute")


@pytest.mark.parametrize("leaf", ["cmd/mute", "announce", "safety", "config/desired"])
async def test_what_comes_for_a_group_that_was_left_is_acknowledged_and_nothing_else(
    scene: Scene, leaf: str
) -> None:
    scene.send(f"group/former/{leaf}", "foreign", text="Words.")
    scene.send("group/beach/cmd/mute", "ours")
    await scene.until("ours", "accepted")
    assert scene.states("foreign") == []
    assert scene.acknowledged == ["foreign", "ours"]
    assert scene.counters["fleet.foreign"] == 1


async def test_what_was_cancelled_before_it_came_is_told_so_once(scene: Scene) -> None:
    scene.send("seven/cmd/cancel", "cancel", target="words")
    await scene.until("cancel", "done")
    scene.send("seven/announce", "words", text="Words.")
    await scene.until("words", "cancelled")
    scene.send("seven/announce", "words", text="Words.")
    await scene.until("words", "duplicate")
    assert scene.states("words") == ["cancelled", "duplicate"]
    assert scene.handed_on == []
