"""A small fleet: Mosquitto with the files of deploy/fleet/mosquitto, and telemetry with a certificate."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from edge.fleet.broker import broker_of, tls_of
from edge.fleet.reading import FleetReader
from edge.mqtt import Incoming, MqttSession, SessionOptions
from tests.support.broker import Broker, running
from tests.support.fleet_broker import FleetBroker, JsonObject, Operator
from tests.support.telemetry_alone import TelemetryAlone
from tests.support.waiting import PATIENCE_S, until

FILES = Path(__file__).parents[2] / "deploy" / "fleet" / "mosquitto"


class SmallFleet(FleetBroker):
    """As the files have it; addresses, folders and log are the test's."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._config.write_text(self._as_the_files_have_it(folder))
        self._rules = folder / "guide.acl"
        self._rules.write_text((FILES / "guide.acl").read_text())
        self._rules.chmod(0o600)

    def let_nobody_say_safety(self) -> None:
        """Before it starts: accounts keep every other right."""
        lines = self._rules.read_text().splitlines(keepends=True)
        self._rules.write_text(
            "".join(line for line in lines if "write" not in line or "/safety" not in line)
        )

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
        for scope, version in (("all", "everybody"), ("group/beach", "beach")):
            desired = {"version": version, "ts": time.time(), "settings": {}}
            await operator.publish(f"{scope}/config/desired", json.dumps(desired))
            await operator.until(
                lambda v=version: "one" in heard_of(operator, v), f"{version} at one", one.log
            )
        by = lambda command: {  # noqa: E731
            topic
            for topic, frame in operator.came
            if topic.endswith("/receipt") and frame["body"]["command"] == command
        }
        await operator.until(lambda: len(by(told["all"])) == 2, "receipts of all", two.log)
        for scope in ("group/beach", "one"):
            await operator.until(lambda s=scope: bool(by(told[s])), f"a receipt of {scope}", one.log)
        assert by(told["one"]) == by(told["group/beach"]) == {"guide/v1/one/receipt"}


def heard_of(operator: Operator, version: str) -> set[str]:
    """Shuttles to which this desired version has come."""
    return {
        frame["shuttle"]
        for frame in operator.told("config/reported")
        if version in json.dumps([frame["body"][key] for key in ("version", "trying", "rejected")])
    }


ARCHIVE = "-V 5 -x 2592000 -c -q 1 -i archive -t guide/v1/+/turn -t guide/v1/+/receipt -t guide/v1/+/alarm/+"


async def frames_of(
    archive: asyncio.subprocess.Process, last_topic: str
) -> AsyncIterator[tuple[str, JsonObject]]:
    """Topic and frame of each message, each once, up to the one on ``last_topic``."""
    reader = FleetReader()
    assert archive.stdout is not None
    try:
        async with asyncio.timeout(PATIENCE_S):
            async for line in archive.stdout:
                topic, payload = line.decode().split(maxsplit=1)
                if topic == last_topic:
                    return
                if reader.read(topic, payload.encode()):
                    yield topic, json.loads(payload)
    finally:
        archive.kill()
        await archive.wait()


@pytest.mark.skipif(shutil.which("mosquitto_sub") is None, reason="needs mosquitto-clients")
async def test_an_archive_that_has_subscribed_once_is_kept_what_shuttles_tell(
    tmp_path: Path, broker: Broker, small: SmallFleet
) -> None:
    certificate, key = small.certificates.sign("archive")
    where = f"mosquitto_sub -h 127.0.0.1 -p {small.port} --cafile {small.certificates.ca}".split()
    subscribe = [*where, "--cert", certificate, "--key", key, *ARCHIVE.split()]
    async with telemetry(tmp_path, broker, small, "one") as one:
        one.end_turn("early")
        await one.until(lambda: one.counter("fleet.unheard") >= 1, "that nobody takes it")
        assert await (await asyncio.create_subprocess_exec(*subscribe, "-E")).wait() == 0
        async with Operator(small, "ops", topics=("guide/v1/one/receipt",)).there() as operator:
            command = await operator.command("one/cmd/report")
            await operator.until(lambda: "done" in operator.receipts(command), "a receipt", one.log)
        async with Operator(small, "two", topics=("guide/v1/two/cmd/+",)).there() as another:
            await another.publish("two/turn", "the last one")
        small.stop()
        small.start()
        fetch = await asyncio.create_subprocess_exec(*subscribe, "-v", stdout=asyncio.subprocess.PIPE)
        kept = [frame async for frame in frames_of(fetch, "guide/v1/two/turn")]
    states = [frame["body"]["state"] for topic, frame in kept if topic == "guide/v1/one/receipt"]
    assert states == ["accepted", "done"]


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
        await shuttle.until(lambda: bool(shuttle.came), "its own, behind all others")
        assert [topic for topic, _ in shuttle.came] == ["guide/v1/one/announce"]


async def test_a_certificate_of_the_fleet_can_clear_anothers_session_and_reads_nothing_of_it(
    small: SmallFleet,
) -> None:
    """What docs/security.md says a small fleet gives up."""
    came: list[tuple[str, str]] = []
    marks: set[str] = set()

    def take(name: str, message: Incoming) -> None:
        if message.topic.endswith("/mark"):
            marks.add(json.loads(message.payload)["id"])
        else:
            came.append((name, message.topic))

    def session(name: str, expiry_s: int = 3600) -> MqttSession:
        settings = small.fleet_settings(name)
        return MqttSession(
            broker_of(settings),
            SessionOptions(
                client_id="guide-one",
                subscriptions=(f"guide/v1/{name}/cmd/+",),
                session_expiry_s=expiry_s,
                section="fleet",
            ),
            on_message=lambda message: take(name, message),
            tls=tls_of(settings),
        )

    async def comes(name: str, expiry_s: int = 3600) -> None:
        """Connect, take what has waited (a mark comes behind it), and leave."""
        async with session(name, expiry_s) as there:
            await there.wait_connected()
            mark = await operator.command(f"{name}/cmd/mark")
            await until(lambda: mark in marks)

    async with Operator(small, "ops").there() as operator:
        await comes("one")
        await operator.command("one/cmd/report")
        await comes("one")
        assert came == [("one", "guide/v1/one/cmd/report")], "it waits for its owner"
        for expiry_s in (0, 3600):
            await operator.command("one/cmd/report")
            await comes("two", expiry_s)
            await comes("one")
            assert [name for name, _ in came].count("two") == 0, "nobody else reads it"
            assert len(came) == 1, "it is gone"
        async with session("one") as owner:
            await owner.wait_connected()
            async with session("two") as other:
                await other.wait_connected()
                await until(lambda: owner.counters["mqtt.thrown_out"] > 0)
