"""A small fleet: Mosquitto with the files of deploy/fleet/mosquitto, and telemetry with a certificate."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.broker import Broker, running
from tests.support.fleet_broker import FleetBroker, Operator
from tests.support.telemetry_alone import TelemetryAlone

FILES = Path(__file__).parents[2] / "deploy" / "fleet" / "mosquitto"
QUIET_S = 1.0


class SmallFleet(FleetBroker):
    """As the files have it; addresses, folders and log are the test's."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._config.write_text(self._as_the_files_have_it(folder))
        (folder / "guide.acl").write_text((FILES / "guide.acl").read_text())
        (folder / "guide.acl").chmod(0o600)

    def _as_the_files_have_it(self, folder: Path) -> str:
        certificates = folder / "certificates"
        text = (FILES / "guide.conf").read_text()
        text = text.replace("listener 8883", f"listener {self.port} 127.0.0.1")
        text = text.replace("/etc/mosquitto/fleet/ca.crt", str(self.certificates.ca))
        text = text.replace("/etc/mosquitto/fleet/broker", str(certificates / "broker"))
        text = text.replace("/etc/mosquitto/fleet", str(folder))
        assert "/etc/mosquitto/fleet" not in text
        return f"user root\nlog_dest stderr\nlog_type all\npersistence_location {folder}/\n{text}"


@pytest.fixture
def small(tmp_path: Path) -> Iterator[SmallFleet]:
    with running(SmallFleet(tmp_path / "fleet")) as started:
        assert isinstance(started, SmallFleet)
        yield started


def telemetry(folder: Path, broker: Broker, small: SmallFleet, name: str, *groups: str) -> TelemetryAlone:
    environment = {"SHUTTLE_GUIDE_SHUTTLE__ID": name, "SHUTTLE_GUIDE_MQTT__PORT": str(broker.port)}
    return TelemetryAlone(folder / name, small.environment(name, *groups) | environment)


async def test_shuttles_tell_and_obey_and_operators_hear_and_command(
    tmp_path: Path, broker: Broker, small: SmallFleet
) -> None:
    async with (
        Operator(small, "ops").there() as operator,
        telemetry(tmp_path, broker, small, "one", "beach") as one,
        telemetry(tmp_path, broker, small, "two") as two,
    ):
        for number in range(5):
            one.end_turn(f"one-{number}")
            two.end_turn(f"two-{number}")
        await operator.until(lambda: len(operator.read("turn")) == 10, "turns", one.log)
        told = {
            scope: await operator.command(f"{scope}/cmd/report") for scope in ("one", "group/beach", "all")
        }
        by = lambda command: {  # noqa: E731
            topic
            for topic, frame in operator.came
            if topic.endswith("/receipt") and frame["body"]["command"] == command
        }
        await operator.until(lambda: len(by(told["all"])) == 2, "receipts of all", two.log)
        await operator.until(lambda: bool(by(told["group/beach"])), "a receipt of the group", one.log)
        assert by(told["one"]) == by(told["group/beach"]) == {"guide/v1/one/receipt"}


@pytest.mark.parametrize(
    "topic",
    ["two/turn", "two/announce", "all/announce", "group/beach/safety", "one/cmd/mute", "one.two/turn"],
)
async def test_a_shuttle_cannot_cross_anothers_permissions(small: SmallFleet, topic: str) -> None:
    """Mosquitto says no, or drops it without a word."""
    async with (
        Operator(small, "ops").there() as operator,
        Operator(small, "one", topics=("guide/v1/one/cmd/+",)).there() as shuttle,
    ):
        with contextlib.suppress(Exception):
            await shuttle.publish(topic, '{"id": "forged"}')
        await shuttle.publish("one/turn", '{"id": "own"}')
        await operator.until(lambda: bool(operator.came), "the shuttle's own")
        assert [frame["id"] for _, frame in operator.came] == ["own"]


async def test_a_shuttle_hears_nothing_of_others(small: SmallFleet) -> None:
    async with (
        Operator(small, "ops").there() as operator,
        Operator(small, "one", topics=("guide/v1/#",)).there() as shuttle,
    ):
        for topic in ("two/announce", "two/cmd/mute", "group/hills/announce"):
            await operator.command(topic, text="…")
        await operator.command("one/announce", text="For one.")
        await shuttle.until(lambda: bool(shuttle.came), "its own")
        await asyncio.sleep(QUIET_S)
        assert [topic for topic, _ in shuttle.came] == ["guide/v1/one/announce"]
