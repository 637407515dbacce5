"""Whoever is killed, and whenever: each announcement's turn reaches the fleet, and is read once."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from edge.messages import ProcessName
from tests.support.broker import Broker, running
from tests.support.careless_telemetry import ACKNOWLEDGED, CARELESS
from tests.support.fleet_broker import FleetBroker, Operator
from tests.support.guide import Guide

PROCESSES: tuple[ProcessName, ...] = ("ingest", "commentator", "speaker", "telemetry")
BROKERS = ("fleet broker", "on-device broker")
VICTIMS = (*PROCESSES, *BROKERS)
AT_ONCE = 3
"""Announcements of a trial."""
WITHIN_S = 1.5
"""Of a trial's begin: somebody is killed."""
SENT_AGAIN_S = 8.0
"""Who announces says it again under its id, where nothing has come of it: a broker that was killed has lost
some of what it has acknowledged."""


class Scene(NamedTuple):
    operator: Operator
    guide: Guide
    fleet: FleetBroker
    broker: Broker

    async def kill(self, victim: str) -> None:
        """And have it back."""
        if victim == "fleet broker":
            self.fleet.kill()
            self.fleet.start()
        elif victim == "on-device broker":
            self.broker.kill()
            self.broker.start()
        else:
            name = next(name for name in PROCESSES if name == victim)
            self.guide.kill(name)
            await self.guide.until_back(name)

    def told(self) -> set[str]:
        """Ids of the announcements whose turns the fleet was told of."""
        return {turn["body"]["trigger_id"] for turn in self.operator.told("turn")}


@pytest.fixture
async def scene(tmp_path: Path, fleet_broker: FleetBroker) -> AsyncIterator[Scene]:
    kept = ("autosave_on_changes true", "autosave_interval 1")
    with running(Broker(tmp_path / "broker", persistent=True, extra=kept)) as broker:
        async with (
            Operator(fleet_broker).there() as operator,
            Guide(tmp_path / "g", broker.port, fleet_broker.environment("test")) as guide,
        ):
            await guide.until_ready()
            yield Scene(operator, guide, fleet_broker, broker)


async def trial(scene: Scene, seed: int) -> list[str]:
    """Announce while somebody is killed, at a random moment; returns the announcements' ids."""
    rng = random.Random(seed)
    victim, kill_at_s = VICTIMS[seed % len(VICTIMS)], rng.uniform(0, WITHIN_S)
    pauses_s = [rng.uniform(0, WITHIN_S / AT_ONCE) for _ in range(AT_ONCE)]
    print(f"seed {seed}: {victim} is killed after {kill_at_s:.3f} s")
    announced = {f"seed-{seed}-{number}": f"Да {seed} {number}." for number in range(AT_ONCE)}

    async def announce() -> None:
        for pause_s, (name, text) in zip(pauses_s, announced.items(), strict=True):
            await scene.guide.begin("announce", id=name, text=text)
            await asyncio.sleep(pause_s)

    async def kill() -> None:
        await asyncio.sleep(kill_at_s)
        await scene.kill(victim)

    await asyncio.gather(announce(), kill())
    again_mono = time.monotonic() + SENT_AGAIN_S
    while untold := announced.keys() - scene.told():
        await asyncio.sleep(0.05)
        if victim in BROKERS and time.monotonic() > again_mono:
            again_mono = float("inf")
            print(f"  announced again: {sorted(untold)}")
            for name in untold:
                await scene.guide.begin("announce", id=name, text=announced[name])
        if time.monotonic() > again_mono + 60.0:
            break
    return list(announced)


async def trials(scene: Scene, seeds: Sequence[int]) -> None:
    announced = [name for seed in seeds for name in await trial(scene, seed)]
    everything = lambda: set(announced) <= scene.told()  # noqa: E731
    await scene.operator.until(everything, "all turns", scene.guide.log)
    turns = [turn["body"] for turn in scene.operator.read("turn")]
    assert sorted(turn["trigger_id"] for turn in turns) == sorted(announced), "each ends once"
    twice = len(scene.operator.told("turn")) - len(turns)
    print(f"{len(turns)} turns, each read once; {twice} came twice")


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_no_turn_is_lost_whoever_is_killed(scene: Scene) -> None:
    await trials(scene, range(1, 11))


@pytest.mark.long
@pytest.mark.timeout(1800)
async def test_no_turn_is_lost_in_a_hundred_kills(scene: Scene) -> None:
    await trials(scene, range(100, 200))


@pytest.mark.slow
async def test_a_guide_that_acknowledges_before_the_sync_loses_turns(
    tmp_path: Path, broker: Broker, fleet_broker: FleetBroker
) -> None:
    """The control: the trials would notice."""
    environment = fleet_broker.environment("test")
    async with (
        Operator(fleet_broker).there() as operator,
        Guide(tmp_path / "g", broker.port, environment, program=CARELESS) as guide,
    ):
        await guide.until_ready()
        first = (await guide.say("announce", text="Раз."))["trigger_id"]
        await guide.until(lambda: f"{ACKNOWLEDGED} {first}" in guide.log(), "its acknowledgement")
        guide.kill("telemetry")
        await guide.until_back("telemetry")
        last = await guide.begin("announce", text="Два.")
        told = lambda: {turn["body"]["trigger_id"] for turn in operator.told("turn")}  # noqa: E731
        await operator.until(lambda: last in told(), "the last turn", guide.log)
        assert first not in told()
