"""Telemetry is killed at random moments, the fleet's broker goes away: nothing is lost, nor told twice."""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path

import pytest

from tests.support.broker import Broker
from tests.support.careless_telemetry import CARELESS
from tests.support.fleet_broker import FleetBroker, Operator
from tests.support.telemetry_alone import TelemetryAlone
from tests.support.two_networks import TwoNetworks

TURNS = 30
LEAVES_BY_ITSELF = (
    "-c",
    "import sys; from edge import lifecycle; from edge.cli.main import main;"
    " lifecycle.STOP_WITHIN_S = 8.0; sys.exit(main())",
)
"""The process as it is, which need not be quick on a busy machine."""


def environment(broker: Broker, fleet: FleetBroker) -> dict[str, str]:
    return fleet.environment("test") | {"SHUTTLE_GUIDE_MQTT__PORT": str(broker.port)}


async def trial(telemetry: TelemetryAlone, operator: Operator, rng: random.Random, name: str) -> None:
    """Turns end while telemetry is killed once, at a random moment."""
    began = time.monotonic()
    kill_after = rng.randrange(TURNS)
    killed_at = None
    for number in range(TURNS):
        telemetry.end_turn(f"{name}-{number}")
        await asyncio.sleep(rng.choice((0, 0, 0.003, 0.02)))
        if number == kill_after:
            killed_at = time.monotonic() - began
            await telemetry.kill()
            await telemetry.start()
    print(f"{name}: killed after turn {kill_after}, {killed_at:.3f} s")


async def trials(broker: Broker, fleet: FleetBroker, folder: Path, seeds: range) -> None:
    async with (
        Operator(fleet).there() as operator,
        TelemetryAlone(folder / "t", environment(broker, fleet)) as telemetry,
    ):
        for seed in seeds:
            await trial(telemetry, operator, random.Random(seed), f"seed-{seed}")
        # What is counted below takes this process long enough to hold up the turns that still wait in it.
        await telemetry.until(lambda: telemetry.waiting_turns() == 0, "all to be taken")
        wanted = {f"seed-{seed}-{number}" for seed in seeds for number in range(TURNS)}
        told = lambda: {turn["id"] for turn in operator.told("turn")}  # noqa: E731
        await operator.until(lambda: wanted <= told(), "all turns", telemetry.log)
        turns = operator.read("turn")
        assert len(turns) == len(seeds) * TURNS, "told once by shuttle and id"
        assert sorted({turn["seq"] for turn in turns}) == sorted(turn["seq"] for turn in turns)


async def test_no_turn_is_lost_when_telemetry_is_killed(
    tmp_path: Path, broker: Broker, fleet_broker: FleetBroker
) -> None:
    await trials(broker, fleet_broker, tmp_path, range(1, 5))


@pytest.mark.long
@pytest.mark.timeout(1800)
async def test_no_turn_is_lost_in_a_hundred_trials(
    tmp_path: Path, broker: Broker, fleet_broker: FleetBroker
) -> None:
    await trials(broker, fleet_broker, tmp_path, range(100, 200))


async def test_whoever_acknowledges_before_the_sync_loses_turns(
    tmp_path: Path, broker: Broker, fleet_broker: FleetBroker
) -> None:
    """The control: the trials would notice."""
    async with Operator(fleet_broker).there() as operator:
        telemetry = TelemetryAlone(tmp_path / "t", environment(broker, fleet_broker))
        telemetry.program = CARELESS
        async with telemetry:
            telemetry.end_turn("first")
            await telemetry.until(lambda: telemetry.waiting_turns() == 0, "it to be acknowledged")
            await telemetry.kill()
            await telemetry.start()
            telemetry.end_turn("last")
            told = lambda: {turn["id"] for turn in operator.told("turn")}  # noqa: E731
            await operator.until(lambda: "last" in told(), "the last turn", telemetry.log)
        assert "first" not in told()


async def test_while_the_broker_is_away_turns_wait_also_in_a_telemetry_that_is_killed(
    tmp_path: Path, broker: Broker, fleet_broker: FleetBroker
) -> None:
    async with (
        Operator(fleet_broker).there() as operator,
        TelemetryAlone(tmp_path / "t", environment(broker, fleet_broker)) as telemetry,
    ):
        await operator.until(lambda: bool(operator.told("birth")), "a birth", telemetry.log)
        fleet_broker.stop()
        for number in range(200):
            telemetry.end_turn(f"away-{number}")
        await telemetry.kill()
        await telemetry.start()
        fleet_broker.start()
        wanted = {f"away-{number}" for number in range(200)}
        await operator.until(
            lambda: wanted <= {turn["id"] for turn in operator.told("turn")}, "all turns", telemetry.log
        )
        turns = operator.read("turn")
        assert [turn["id"] for turn in turns] == [f"away-{number}" for number in range(200)], "in their order"
        assert [turn["seq"] for turn in turns] == sorted({turn["seq"] for turn in turns})


async def test_what_was_under_way_comes_twice_and_is_known_by_its_id(
    tmp_path: Path, broker: Broker, fleet_broker: FleetBroker
) -> None:
    """The control of reading by shuttle and id: the broker had it, and its acknowledgement was lost."""
    networks = TwoNetworks(fleet_broker.port)
    async with networks.there(), Operator(fleet_broker).there() as operator:
        through = {"SHUTTLE_GUIDE_FLEET__PORT": str(networks.port)}
        async with TelemetryAlone(tmp_path / "t", environment(broker, fleet_broker) | through) as telemetry:
            await operator.until(lambda: bool(operator.told("birth")), "a birth", telemetry.log)
            await operator.until_quiet()
            networks.swallows_answers = True
            telemetry.end_turn("twice")
            await operator.until(lambda: len(operator.told("turn")) >= 1, "it once", telemetry.log)
            await telemetry.kill()
            networks.heal()
            await telemetry.start()
            await operator.until(lambda: len(operator.told("turn")) >= 2, "it twice", telemetry.log)
            assert len(operator.read("turn")) == 1


@pytest.mark.parametrize("seed", [1, 2])
async def test_no_turn_is_lost_when_the_broker_comes_and_goes(
    tmp_path: Path, broker: Broker, fleet_broker: FleetBroker, seed: int
) -> None:
    rng = random.Random(seed)
    async with (
        Operator(fleet_broker).there() as operator,
        TelemetryAlone(tmp_path / "t", environment(broker, fleet_broker)) as telemetry,
    ):
        await operator.until(lambda: bool(operator.told("birth")), "a birth", telemetry.log)
        for number in range(4 * TURNS):
            telemetry.end_turn(f"flap-{number}")
            await asyncio.sleep(rng.choice((0, 0.005, 0.02)))
            if number % TURNS == TURNS // 2:
                print(f"seed {seed}: the broker leaves after turn {number}")
                fleet_broker.stop()
                fleet_broker.start()
        wanted = {f"flap-{number}" for number in range(4 * TURNS)}
        await operator.until(
            lambda: wanted <= {turn["id"] for turn in operator.told("turn")}, "all turns", telemetry.log
        )
        assert len(operator.read("turn")) == 4 * TURNS


async def test_what_the_disk_does_not_take_is_counted_and_told(
    tmp_path: Path, broker: Broker, fleet_broker: FleetBroker
) -> None:
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "state").write_text("no folder")
    async with (
        Operator(fleet_broker).there() as operator,
        TelemetryAlone(tmp_path / "t", environment(broker, fleet_broker)) as telemetry,
    ):
        await operator.until(lambda: bool(operator.told("birth")), "a birth", telemetry.log)
        telemetry.end_turn("lost")

        def lost() -> list[dict[str, int]]:
            return [body["outbox"]["lost"] for body in operator.bodies("state")]

        await operator.until(lambda: {"turn": 1} in lost(), "it to be told", telemetry.log)
        await telemetry.until(lambda: telemetry.counter("fleet.not_kept") == 1, "it to be counted")
        await operator.until(lambda: bool(operator.told("alarm/outbox")), "an alarm", telemetry.log)
        assert telemetry.state is not None
        assert telemetry.state.ready


async def test_what_a_full_disk_does_not_take_is_counted_and_the_rest_is_told(
    tmp_path: Path, broker: Broker, fleet_broker: FleetBroker
) -> None:
    """No file may grow any more while the broker is away; later there is room again."""
    async with (
        Operator(fleet_broker).there() as operator,
        TelemetryAlone(tmp_path / "t", environment(broker, fleet_broker)) as telemetry,
    ):
        await operator.until(lambda: bool(operator.told("birth")), "a birth", telemetry.log)
        fleet_broker.stop()
        telemetry.fill_disk(300_000)
        ended = {f"full-{number}" for number in range(100)}
        for turn_id in ended:
            telemetry.end_turn(turn_id)
        await telemetry.until(lambda: telemetry.counter("fleet.not_kept") > 5, "the disk to be full")
        assert telemetry.state
        assert telemetry.state.ready
        await telemetry.until(lambda: telemetry.waiting_turns() == 0, "all to be taken")
        telemetry.fill_disk(None)
        fleet_broker.start()
        telemetry.end_turn("room")
        told = lambda: {turn["id"] for turn in operator.told("turn")}  # noqa: E731
        await operator.until(lambda: "room" in told(), "the turn after it", telemetry.log)
        lost = lambda: [body["outbox"]["lost"].get("turn", 0) for body in operator.bodies("state")]  # noqa: E731
        count = lambda: sum(lost()[-1:]) + len(told() & ended)  # noqa: E731
        await operator.until(lambda: count() == 100, "the count", telemetry.log)
        await telemetry.until(lambda: lost()[-1] == telemetry.counter("fleet.not_kept"), "the same count")
        await operator.until(lambda: bool(operator.told("alarm/outbox")), "an alarm", telemetry.log)


async def test_what_lies_on_a_full_disk_is_told_although_it_cannot_be_forgotten(
    tmp_path: Path, broker: Broker, fleet_broker: FleetBroker
) -> None:
    """Nothing can be written any more, and that does not end; what was kept before gets to the fleet."""
    async with TelemetryAlone(tmp_path / "t", environment(broker, fleet_broker)) as telemetry:
        async with Operator(fleet_broker).there() as operator:
            await operator.until(lambda: bool(operator.told("birth")), "a birth", telemetry.log)
            fleet_broker.stop()
            ended = {f"kept-{number}" for number in range(60)}
            for turn_id in ended:
                telemetry.end_turn(turn_id)
            await telemetry.until(lambda: telemetry.waiting_turns() == 0, "them to be kept")
            telemetry.fill_disk(0)
            fleet_broker.start()
            told = lambda: {turn["id"] for turn in operator.told("turn")}  # noqa: E731
            await operator.until(lambda: ended <= told(), "all of them", telemetry.log)
            telemetry.fill_disk(None)
            waiting = lambda: [body["outbox"]["waiting"] for body in operator.bodies("state")][-1:]  # noqa: E731
            telemetry.end_turn("room")
            await operator.until(lambda: "room" in told(), "the turn after it", telemetry.log)
            await operator.command("test/cmd/report")
            await operator.until(lambda: waiting() in ([0], [1]), "them to be forgotten", telemetry.log)
        assert len(operator.read("turn")) == len(ended) + 1
        assert len(operator.told("turn")) == len(ended) + 1, "and none was told twice meanwhile"


async def test_nothing_is_lost_when_telemetry_is_stopped_and_it_leaves_quietly(
    tmp_path: Path, broker: Broker, fleet_broker: FleetBroker
) -> None:
    telemetry = TelemetryAlone(tmp_path / "t", environment(broker, fleet_broker))
    telemetry.program = LEAVES_BY_ITSELF
    async with Operator(fleet_broker).there() as operator, telemetry:
        for restart in range(3):
            stopping = asyncio.create_task(telemetry.stop())
            for number in range(TURNS):
                telemetry.end_turn(f"stop-{restart}-{number}")
                await asyncio.sleep(0.05)
            assert await stopping == 0
            await telemetry.start()
        wanted = {f"stop-{restart}-{number}" for restart in range(3) for number in range(TURNS)}
        await operator.until(
            lambda: wanted <= {turn["id"] for turn in operator.told("turn")}, "all turns", telemetry.log
        )
        for trouble in ("Traceback", "cannot go on", "did not stop", "is lost"):
            assert trouble not in telemetry.log()
