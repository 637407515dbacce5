"""A board without a battery begins in 1970 and jumps to the present: a whole guide goes on speaking."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import pytest
import pytest_asyncio

from bench.clouds import CloudEmulator
from edge.bus.topology import PROCESSES
from edge.drive.lines import TurnLine, read_drive
from edge.ingest.body import CLOCKS_ARE_SET_S
from tests.service.test_pool_of_a_guide import QUICK, SETTINGS, Model
from tests.support.broker import Broker, running
from tests.support.command import recording, shuttle_guide
from tests.support.guide import Guide
from tests.support.set_clock import POWERED_ON_AT, SetClock

pytestmark = pytest.mark.asyncio(loop_scope="module")

TURN = b'"what":"turn"'
LONG = "Уважаемые пассажиры, " + ", ".join(["мы стоим ещё немного"] * 20) + "."


class Scene(NamedTuple):
    guide: Guide
    clock: SetClock


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    folder = tmp_path_factory.mktemp("clock")
    clock = SetClock(folder / "clock")
    clock.set(POWERED_ON_AT)
    with running(Broker(folder / "broker")) as broker:
        async with CloudEmulator(QUICK, reply=Model()) as clouds:
            guide = Guide(folder / "guide", broker.port, clouds.env() | SETTINGS)
            guide.environment |= clock.environment(guide.environment["PYTHONPATH"])
            async with guide:
                await guide.until_ready()
                yield Scene(guide, clock)


async def pool(guide: Guide) -> dict[str, Any]:
    shown = await shuttle_guide(
        "pool", "status", "--json", environment=guide.environment, folder=guide.folder
    )
    assert shown.exit_code == 0, shown
    return dict(json.loads(shown.stdout))


async def speaks_and_obeys(scene: Scene, name: str) -> None:
    """Each kind of message is taken for what it is, by the clock as it is set now."""
    guide, now = scene.guide, scene.clock.now()
    assert (await guide.say("event", id=f"{name}-1", label="cat", ts=now))["outcome"] == "spoken"
    # By somebody else's clock, which is right while ours is not, or the other way round.
    for at, sent_at in enumerate((now, now + 2e9, now - 2e9, POWERED_ON_AT, time.time())):
        turn = await guide.say("announce", id=f"{name}-2-{at}", text="Луна.", ts=sent_at, ttl=20)
        assert turn["outcome"] == "spoken", sent_at
    await guide.publish(
        "announce", {"id": f"{name}-3", "text": "Рано.", "ts": scene.clock.now() - 50, "ttl": 20}
    )
    await guide.publish("announce", {"id": f"{name}-2-0", "text": "Луна.", "ts": now, "ttl": 20})
    trigger = await guide.begin("announce", id=f"{name}-4", text=LONG)
    await guide.until_stage(trigger, "first_sample")
    await guide.publish("cmd/stop")
    assert (await guide.turn(trigger))["outcome"] == "interrupted"
    told = [turn["trigger_id"] for turn in guide.turns]
    # Where no clock was set nobody knows how old it is.
    assert (f"{name}-3" in told) is (now < CLOCKS_ARE_SET_S)
    assert told.count(f"{name}-2-0") == 1, "it came before"
    assert abs(guide.state["ts"] - scene.clock.now()) < 60


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_in_1970_after_the_jump_and_back_again(scene: Scene) -> None:
    guide, clock = scene.guide, scene.clock
    pids = {name: guide.pid(name) for name in PROCESSES}
    fill = await shuttle_guide(
        "pool", "fill", "--timeout", "60", environment=guide.environment, folder=guide.folder
    )
    assert fill.exit_code == 0, fill
    await speaks_and_obeys(scene, "1970")
    drive = guide.folder / "drive.jsonl"
    async with recording(str(drive), environment=guide.environment, folder=guide.folder):
        await guide.publish("cmd/volume", "40%", retain=True)
        await guide.until_state(lambda state: state["volume"] == 0.4)
        clock.set(time.time())
        await guide.say("announce", id="while-recorded", text="Остановка Солнце.")
        await guide.until(lambda: TURN in drive.read_bytes(), "the turn to be recorded")
    (turn,) = (line for line in read_drive(drive) if isinstance(line, TurnLine))
    assert 0 <= turn.received <= turn.at < 60
    await speaks_and_obeys(scene, "present")
    assert (await guide.say("event", label="dog"))["rungs"]["models"] == ["pool"], "nothing has grown old"
    clock.set(POWERED_ON_AT + 1000)
    await speaks_and_obeys(scene, "1970-again")
    assert (await guide.say("event", label="dog"))["rungs"]["models"] == ["pool"]
    assert guide.state["volume"] == 0.4
    assert {name: guide.pid(name) for name in PROCESSES} == pids, "nothing was started anew"
    assert " ERROR " not in guide.log()


async def test_what_was_kept_before_a_restart_in_1970_is_kept_after_it(scene: Scene) -> None:
    guide, clock = scene.guide, scene.clock
    clock.set(time.time())
    await guide.publish("cmd/volume", "40%", retain=True)
    await guide.publish("cmd/mute")
    await guide.until_state(lambda state: state["muted"] and state["volume"] == 0.4)
    assert await guide.stop() == 0
    clock.set(POWERED_ON_AT)
    guide.retained.clear()
    await guide.start()
    await guide.until_state(lambda state: state["muted"] and state["volume"] == 0.4)
    await guide.publish("cmd/unmute")
    await guide.until_state(lambda state: not state["muted"])
    clock.set(time.time())
    assert (await guide.say("event", label="dog"))["outcome"] == "spoken"
