"""Hours without a broker, clocks that are set, networks that flap: every turn is told, and read once."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from bench.own_environment import REPOSITORY
from tests.support.broker import Broker
from tests.support.fleet_broker import FleetBroker, Operator
from tests.support.set_clock import POWERED_ON_AT, SetClock
from tests.support.telemetry_alone import TelemetryAlone
from tests.support.two_networks import TwoNetworks

pytestmark = pytest.mark.timeout(180)

LONG = pytest.mark.long
SEEDS = [
    1,
    pytest.param(2, marks=pytest.mark.slow),
    *(pytest.param(seed, marks=LONG) for seed in range(100, 120)),
]
"""A tenth of the trials is for every change, half of it ``make test``; all are for ``make test-long``."""
AWAY_S = 3600.0
AWAY_SPEED, BACK_SPEED = 300.0, 5.0
"""How fast an hour goes by, and how fast what comes after it; handshakes have 10 s of that."""
GROWS_BY_MB = 24.0
"""What telemetry may take more than when it began."""
YEAR_S = 365 * 86_400.0


class Scene(NamedTuple):
    operator: Operator
    telemetry: TelemetryAlone
    fleet: FleetBroker
    networks: TwoNetworks
    clock: SetClock
    ended: list[str]
    """Ids of the turns that have ended."""

    def end_turn(self, seed: int) -> None:
        self.ended.append(f"seed-{seed}-{len(self.ended)}")
        self.telemetry.end_turn(self.ended[-1])

    async def restart(self) -> None:
        await self.telemetry.kill()
        self.clock.run(1.0)  # it has to start within the usual time
        await self.telemetry.start()

    async def told_once(self) -> None:
        """Each turn was told, and is given out once, in its order."""
        told: Callable[[], set[str]] = lambda: {turn["id"] for turn in self.operator.told("turn")}  # noqa: E731
        await self.operator.until(lambda: set(self.ended) <= told(), "all turns", self.telemetry.log)
        turns = sorted(self.operator.read("turn"), key=lambda turn: int(turn["seq"]))
        assert [turn["id"] for turn in turns] == self.ended
        print(f"  {len(self.operator.told('turn')) - len(turns)} came twice and were read once")


@pytest.fixture
async def scene(tmp_path: Path, broker: Broker, fleet_broker: FleetBroker) -> AsyncIterator[Scene]:
    clock = SetClock(tmp_path / "clock", fast=True)
    networks = TwoNetworks(fleet_broker.port)
    async with networks.there(), Operator(fleet_broker).there() as operator:
        environment = fleet_broker.environment("test") | {
            "SHUTTLE_GUIDE_MQTT__PORT": str(broker.port),
            "SHUTTLE_GUIDE_FLEET__PORT": str(networks.port),
            "SHUTTLE_GUIDE_TELEMETRY__STATE_PERIOD_S": "60",
        }
        environment |= clock.environment(str(REPOSITORY))
        async with TelemetryAlone(tmp_path / "t", environment) as telemetry:
            await operator.until(lambda: bool(operator.told("birth")), "a birth", telemetry.log)
            yield Scene(operator, telemetry, fleet_broker, networks, clock, [])


@pytest.mark.parametrize("seed", SEEDS)
async def test_an_hour_without_the_broker_loses_nothing(scene: Scene, seed: int) -> None:
    rng = random.Random(seed)
    before_mb = scene.telemetry.most_memory_mb()
    scene.fleet.stop()
    began_s, gained_s = time.monotonic(), scene.clock.gained_s
    killed = sorted(rng.uniform(0, AWAY_S) for _ in range(seed % 3))
    print(f"seed {seed}: away for an hour, killed after {[round(each) for each in killed]} s")
    scene.clock.run(AWAY_SPEED)
    while (away_s := time.monotonic() - began_s + scene.clock.gained_s - gained_s) < AWAY_S:
        scene.end_turn(seed)
        if killed and away_s > killed[0]:
            killed.pop(0)
            await scene.restart()
            scene.clock.run(AWAY_SPEED)
        await asyncio.sleep(rng.uniform(0, 60) / AWAY_SPEED)
    scene.clock.run(BACK_SPEED)
    scene.fleet.start()
    await scene.told_once()
    assert scene.operator.told("turn")[0]["late"]
    assert scene.telemetry.most_memory_mb() < before_mb + GROWS_BY_MB


@pytest.mark.parametrize("seed", SEEDS)
async def test_a_clock_that_is_set_loses_nothing_and_does_nothing_twice(scene: Scene, seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(5):
        command = await scene.operator.command("test/cmd/report", ts=scene.clock.now())
        scene.end_turn(seed)
        await scene.operator.until(lambda c=command: "done" in scene.operator.receipts(c), "a report")
        step_s = rng.choice((1.0, 400.0, 86_400.0, 20 * YEAR_S)) * rng.uniform(-1, 1)
        scene.clock.set(max(POWERED_ON_AT, scene.clock.now() + step_s))
        print(f"seed {seed}: the clock steps by {step_s:.0f} s")
        await asyncio.sleep(0.05)  # a process looks at it as often
        scene.end_turn(seed)
        if rng.random() < 0.3:
            print("  killed")
            await scene.restart()
        scene.end_turn(seed)
        await scene.operator.command("test/cmd/report", id=command, ts=scene.clock.now())
        await scene.operator.until(
            lambda c=command: scene.operator.receipts(c)[-1] not in ("accepted", "done"), "another answer"
        )
        assert scene.operator.receipts(command)[:2] == ["accepted", "done"]
        assert scene.operator.receipts(command)[2:] == ["duplicate"]
    await scene.told_once()


@pytest.mark.parametrize("seed", SEEDS)
async def test_networks_that_flap_lose_nothing(scene: Scene, seed: int) -> None:
    rng = random.Random(seed)
    before_mb = scene.telemetry.most_memory_mb()
    scene.clock.run(BACK_SPEED)

    async def drive() -> None:
        while True:
            scene.end_turn(seed)
            await asyncio.sleep(rng.choice((0.0, 0.01, 0.1, 0.3)))

    driving = asyncio.create_task(drive())
    print(f"seed {seed}:", end="")
    await scene.networks.flap(random.Random(seed), times=6, longest_s=1.5)
    if rng.random() < 0.5:
        print("  killed")
        await scene.restart()
        scene.clock.run(BACK_SPEED)
    driving.cancel()
    await asyncio.gather(driving, return_exceptions=True)
    await scene.told_once()
    assert scene.telemetry.most_memory_mb() < before_mb + GROWS_BY_MB


async def test_each_time_the_connection_is_lost_it_is_read_that_the_shuttle_is_away(scene: Scene) -> None:
    scene.clock.run(BACK_SPEED)
    away = lambda: [frame for frame in scene.operator.read("status") if not frame["body"]["online"]]  # noqa: E731
    last = lambda: [frame["body"]["online"] for frame in scene.operator.read("status")][-1:] == [True]  # noqa: E731
    for _ in range(2):
        await scene.operator.until(last, "that it is there", scene.telemetry.log)
        before = len(away())
        scene.networks.cut()
        await scene.operator.until(lambda n=before: len(away()) > n, "that it is away", scene.telemetry.log)
        scene.networks.heal()
    first, second = away()[:2]
    assert first["id"] != second["id"]
    assert first["ts"] < second["ts"], "each last will is of its own connection"


async def test_a_network_that_swallows_answers_has_turns_told_twice_and_read_once(scene: Scene) -> None:
    """The control of reading by shuttle and id: without it these trials would fail."""
    log = scene.telemetry.log
    await scene.operator.until_quiet()  # what is not acknowledged holds up what comes behind it
    scene.networks.swallows_answers = True
    for _ in range(2):
        scene.end_turn(0)
    await scene.operator.until(lambda: len(scene.operator.told("turn")) >= 2, "the turns once", log)
    scene.networks.cut()
    scene.networks.heal()
    await scene.operator.until(lambda: len(scene.operator.told("turn")) >= 4, "the turns twice", log)
    await scene.told_once()
