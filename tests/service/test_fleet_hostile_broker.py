"""Whatever the fleet's broker does, the shuttle is at work, within its memory, and tells a good one later."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bench.own_environment import REPOSITORY
from tests.support.broker import Broker
from tests.support.fleet_broker import FleetBroker, Operator
from tests.support.hostile_fleet_broker import HARMS, HostileBroker, stalls_in_the_handshake
from tests.support.set_clock import SetClock
from tests.support.telemetry_alone import TelemetryAlone

pytestmark = pytest.mark.timeout(180)

HARM_S = 4.0
SPEED = 5.0
"""Pauses between attempts last up to a minute; a fifth of it will do. Handshakes have 10 s of that."""
GROWS_BY_MB = 24.0
SIGNS = {
    "floods": ("fleet.commands", "fleet.unread_dropped"),
    "floods_with_long_ones": ("fleet.unread_dropped",),
    "sends_a_huge_packet": ("it sends a packet of 209715200 bytes, at most",),
    "sends_what_nobody_asked_for": ("QoS 2", "PINGREQ"),
}
"""What shows that the harm was done: counters, or words of the log."""
MOST_THREADS = 32
"""As the unit has it (``TasksMax``)."""


@pytest.mark.parametrize("harm", HARMS)
async def test_a_hostile_broker_costs_nothing_but_itself(tmp_path: Path, broker: Broker, harm: str) -> None:
    good = FleetBroker(tmp_path / "fleet")
    without_tls = HARMS[harm] is stalls_in_the_handshake
    certificate = None if without_tls else good.certificates.sign("hostile", host="127.0.0.1")
    clock = SetClock(tmp_path / "clock", fast=True)
    environment = good.environment("test") | {"SHUTTLE_GUIDE_MQTT__PORT": str(broker.port)}
    environment |= clock.environment(str(REPOSITORY))
    telemetry = TelemetryAlone(tmp_path / "t", environment)
    ended: list[str] = []
    hostile = HostileBroker(good.port, HARMS[harm], certificate)
    async with telemetry:
        before_mb = telemetry.most_memory_mb()
        clock.run(SPEED)
        async with hostile.there():
            for number in range(round(HARM_S / 0.1)):
                ended.append(f"amid-{number}")
                telemetry.end_turn(ended[-1])
                await asyncio.sleep(0.1)
            await telemetry.until(lambda: hostile.connections > 0, "the harm to begin")
            for sign in SIGNS.get(harm, ()):
                await telemetry.until(lambda s=sign: s in telemetry.log() or telemetry.counter(s) > 0, sign)
        await telemetry.until(lambda: telemetry.waiting_turns() == 0, "the turns to be kept")
        assert telemetry.state
        assert telemetry.state.ready, "to the on-device broker it is at work"
        assert telemetry.threads() < MOST_THREADS
        print(f"{harm}: {hostile.connections} connections, +{telemetry.most_memory_mb() - before_mb:.1f} MB")
        assert telemetry.most_memory_mb() < before_mb + GROWS_BY_MB
        good.start()
        try:
            async with Operator(good).there() as operator:
                told = lambda: {turn["id"] for turn in operator.told("turn")}  # noqa: E731
                await operator.until(lambda: set(ended) <= told(), "all turns", telemetry.log)
                assert len(operator.read("turn")) == len(ended)
        finally:
            good.kill()
    assert "Traceback" not in telemetry.log()
