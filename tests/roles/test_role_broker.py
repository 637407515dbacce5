"""What an account of the shuttle's broker can do to the others, with the files that Ansible's role writes."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from edge.config import MqttSettings
from edge.fleet.frame import AlarmName
from edge.ingest.native_control import COMMANDS
from edge.mqtt import MqttSession, PublishRefusedError
from tests.support.broker import Broker, running
from tests.support.guide import SHUTTLE_ID, Guide
from tests.support.mqtt_watch import Watch
from tests.support.role_broker import ACCOUNTS, RoleBroker
from tests.support.waiting import PATIENCE_S, until

pytestmark = pytest.mark.timeout(400)  # a play takes its time on a busy machine
ID = SHUTTLE_ID
SAFETY = f"shuttle/{ID}/safety"
CONTROL_ID = f"shuttle-guide-{ID}-control"
GUIDE = ("guide-events", "guide-control", "guide-telemetry", "guide-console", "guide-cli")
COMMAND_TOPICS = {f"cmd/{name}" for name in COMMANDS}
ALARM_TOPICS = {f"alarm/{name}" for name in get_args(AlarmName)}
SPOKEN = {"announce", "safety"}
MAY_WRITE = {
    "camera-front": {"event"},
    "vehicle": {"vehicle", "safety"} | COMMAND_TOPICS - {"cmd/pool", "cmd/cancel"},
    "dispatch": SPOKEN | COMMAND_TOPICS,
    "display": set(),
    "guide-events": set(),
    "guide-control": set(),
    "guide-telemetry": {"ready", "status", "state", "turn", "spoken"} | ALARM_TOPICS,
    "guide-console": {"event", "ask", "announce"} | COMMAND_TOPICS,
    "guide-cli": SPOKEN | COMMAND_TOPICS | {"event", "ask", "vehicle"},
}
"""Account → topics below ``shuttle/ID/``, and no others."""
FOREIGN = (
    "frigate/events",
    "homeassistant/device/x/config",
    "shuttle/other/event",
    "event",
    "$SYS/x",
)
BELOW = ("", "/x", "/event")
"""Levels that a wildcard would let in."""
TODAYS_ITERATIONS = 210_000
FLOOD = 3000


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    if shutil.which("openssl") is None:
        pytest.skip("no openssl on this machine to make certificates with")
    folder = tmp_path_factory.mktemp("certificate")
    made = (folder / "own.crt", folder / "own.key")
    new = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=own"
    extension = "-addext subjectAltName=IP:127.0.0.1 -addext keyUsage=critical,digitalSignature,keyCertSign"
    files = ("-out", str(made[0]), "-keyout", str(made[1]))
    subprocess.run([*new.split(), *extension.split(), *files], check=True, capture_output=True)
    return made


@pytest.fixture(scope="module")
def role_broker(
    tmp_path_factory: pytest.TempPathFactory, certificate: tuple[Path, Path]
) -> Iterator[RoleBroker]:
    with running(RoleBroker(tmp_path_factory.mktemp("role"), ID, certificate=certificate)) as started:
        assert isinstance(started, RoleBroker)
        yield started


def control_of(broker: RoleBroker, **changes: object) -> Watch:
    """The guide's control session, as ingest opens it."""
    topics = (f"shuttle/{ID}/announce", SAFETY, f"shuttle/{ID}/cmd/+")
    settings = broker.account("guide-control", **changes)
    return Watch(settings, CONTROL_ID, subscriptions=topics, session_expiry_s=86_400)


def watch(broker: RoleBroker, account: str, **options: Any) -> Watch:
    """A session of a device that leaves its client id to the broker."""
    return Watch(broker.account(account, protocol="5"), "", **options)


async def refused(session: MqttSession, topic: str, *, retain: bool = False) -> str:
    """What the broker has against a publication, empty when it takes it."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            await session.publish(topic, "x", retain=retain)
    except PublishRefusedError as error:
        return str(error)
    return ""


# --- a client id is an account's own ---


def strangers(broker: RoleBroker) -> dict[str, MqttSettings]:
    """Ways to come to the broker for somebody who is not the guide."""
    camera = broker.account("camera-front")
    return {
        "another account": camera,
        "no account": broker.settings(),
        "a wrong password": broker.settings(username="guide-control", password=camera.password),
        "no such account": broker.settings(username="guide", password=camera.password),
    }


@pytest.mark.parametrize(("protocol", "tls"), [("5", False), ("3.1.1", False), ("5", True)])
@pytest.mark.parametrize("who", ["another account", "no account", "a wrong password", "no such account"])
async def test_nobody_else_throws_the_guide_out_or_takes_what_waits_for_it(
    role_broker: RoleBroker, certificate: tuple[Path, Path], protocol: str, who: str, tls: bool
) -> None:
    """Mosquitto 2.0.11 loses a session whose id is sent without a user name, were it not for the prefix."""
    stranger = msgspec.structs.replace(strangers(role_broker)[who], protocol=protocol)
    if tls:
        stranger = msgspec.structs.replace(
            stranger, port=role_broker.tls_port, tls=True, ca_file=str(certificate[0])
        )
    came = {"connected", "refused", "lost"}

    async def intrude() -> None:
        for taken in ("guide-control", CONTROL_ID):
            async with Watch(
                stranger, taken
            ) as thief:  # a clean start: what waits for that id is thrown away
                await thief.until(lambda thief=thief: bool(came & {state.name for state in thief.states}))  # type: ignore[misc]

    async with control_of(role_broker, protocol=protocol) as guide, watch(role_broker, "dispatch") as desk:
        await guide.until_connected()
        await intrude()
        await desk.session.publish(SAFETY, "while it is there")
        await guide.until(lambda: guide.payloads() == [b"while it is there"])
        assert [state.name for state in guide.states] == ["connected"]
    async with watch(role_broker, "dispatch") as desk:
        await desk.session.publish(SAFETY, "while it is away")
    await intrude()
    async with control_of(role_broker, protocol=protocol) as guide, watch(role_broker, "dispatch") as desk:
        await guide.until(lambda: guide.payloads() == [b"while it is away"])
        await desk.session.publish(SAFETY, "when it is back")
        await guide.until(lambda: guide.payloads() == [b"while it is away", b"when it is back"])


@pytest.mark.parametrize("who", ["no account", "a wrong password", "no such account"])
async def test_who_does_not_say_who_he_is_stays_out(role_broker: RoleBroker, who: str) -> None:
    async with Watch(strangers(role_broker)[who], "shuttle-stranger") as stranger:
        assert "bad user name or password" in (await stranger.until_state("refused")).text


# --- a closed list of topics for each account ---


@pytest.mark.parametrize("account", MAY_WRITE)
async def test_an_account_may_write_to_its_topics_and_leave_nothing_elsewhere(
    role_broker: RoleBroker, account: str
) -> None:
    every = set.union(*MAY_WRITE.values())
    topics = [f"shuttle/{ID}/{leaf}{below}" for leaf in sorted(every) for below in BELOW]
    async with watch(role_broker, account) as session:
        await session.until_connected()
        taken = {
            topic
            for topic in (*topics, f"shuttle/{ID}", *FOREIGN)
            if not await refused(session.session, topic, retain=topic.startswith(FOREIGN))
        }
    assert taken == {f"shuttle/{ID}/{leaf}" for leaf in MAY_WRITE[account]}


def test_the_access_list_knows_no_wildcard_and_no_topic_without_code(role_broker: RoleBroker) -> None:
    lines = (role_broker.inventory.etc / "shuttle-guide.acl").read_text().splitlines()
    rules = [line for line in lines if not line.startswith("#")]
    assert not any(sign in line for line in rules for sign in "+#%")
    assert all(f" shuttle/{ID}/" in line for line in rules if line.startswith("topic"))
    assert not any(word in line for line in lines for word in ("pattern", "frigate", "homeassistant"))
    assert [line for line in rules if line.startswith("user")] == [f"user {n}" for n in (*GUIDE, *ACCOUNTS)]


async def test_a_last_will_is_no_way_around_it(role_broker: RoleBroker) -> None:
    async with control_of(role_broker) as guide, watch(role_broker, "dispatch") as desk:
        await guide.until_connected()
        program = (
            "import os, sys, paho.mqtt.client as mqtt\n"
            "client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id='')\n"
            f"client.username_pw_set('camera-front', {role_broker.inventory.passwords()['camera-front']!r})\n"
            f"client.will_set({SAFETY!r}, 'Выходите!', 1, True)\n"
            "client.on_connect = lambda *_: os._exit(0)\n"
            f"client.connect('127.0.0.1', {role_broker.port})\n"
            "client.loop_forever()\n"
        )
        ended = await asyncio.create_subprocess_exec(sys.executable, "-c", program)
        assert await ended.wait() == 0
        await desk.until_connected()
        await desk.session.publish(SAFETY, "Держитесь!")
        await guide.until(lambda: guide.payloads() == ["Держитесь!".encode()])


async def test_a_subscription_to_everything_hears_what_the_account_may_hear(role_broker: RoleBroker) -> None:
    async with (
        watch(role_broker, "camera-front", subscriptions=("#",)) as camera,
        watch(role_broker, "dispatch") as desk,
        watch(role_broker, "guide-telemetry") as telemetry,
    ):
        await camera.until_connected()
        await desk.session.publish(f"shuttle/{ID}/announce", "Следующая остановка — Луна Бич.")
        await telemetry.session.publish(f"shuttle/{ID}/turn", "{}")
        await telemetry.session.publish(f"shuttle/{ID}/ready", '{"ready":true}')
        await camera.until(lambda: camera.messages != [])
        assert [message.topic for message in camera.messages] == [f"shuttle/{ID}/ready"]


# --- what one account can take from the others ---


async def test_a_flood_of_one_account_leaves_what_waits_for_the_guide_and_lets_it_hear_more(
    role_broker: RoleBroker,
) -> None:
    async with control_of(role_broker) as guide:
        await guide.until_connected()
    async with (
        watch(role_broker, "dispatch") as desk,
        watch(role_broker, "camera-front", max_queued_messages=FLOOD) as camera,
        watch(role_broker, "vehicle", max_queued_messages=FLOOD) as vehicle,
    ):
        await desk.session.publish(SAFETY, "first")
        events = [camera.session.publish(f"shuttle/{ID}/event", "x" * 8000) for _ in range(FLOOD)]
        await asyncio.wait(events)
        volumes = [vehicle.session.publish(f"shuttle/{ID}/cmd/volume", "40%") for _ in range(FLOOD)]
        await asyncio.wait(volumes)
        async with control_of(role_broker) as guide:
            await guide.until(lambda: guide.messages != [])
            assert guide.payloads()[0] == b"first"
            await guide.until(lambda: len(guide.messages) >= 1000)  # max_queued_messages
            await desk.session.publish(SAFETY, "second")
            await guide.until(lambda: guide.payloads()[-1] == b"second")


def test_without_a_firewall_that_loads_only_the_machine_itself_is_listened_to(
    certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    broker = RoleBroker(tmp_path, ID, certificate=certificate)
    tls = {"certificate": certificate[0].read_text(), "key": certificate[1].read_text()}
    unit = ("LoadState=loaded", "UnitFileState=enabled", "ActiveState=active")
    for firewall, outside in (
        (unit, True),
        ((*unit[:2], "ActiveState=failed"), False),
        (("LoadState=not-found", "UnitFileState=", "ActiveState=inactive"), True),  # the site has its own
        (("LoadState=loaded", "UnitFileState=disabled", "ActiveState=inactive"), True),
    ):
        broker.inventory.write(mosquitto_tls=tls, mosquitto_firewall={"stdout_lines": firewall})
        lines = (broker.inventory.etc / "mosquitto.conf").read_text().splitlines()
        listeners = [line for line in lines if line.startswith("listener")]
        assert listeners == ["listener 1883 127.0.0.1"] + ["listener 8883"] * outside


async def test_strangers_on_the_network_take_no_connection_from_the_guide(role_broker: RoleBroker) -> None:
    with contextlib.ExitStack() as held:
        for _ in range(200):
            address = ("127.0.0.1", role_broker.tls_port)
            held.enter_context(socket.create_connection(address, timeout=5))
        await until(lambda: "max_connections exceeded" in role_broker.log())
        async with control_of(role_broker) as guide:
            await guide.until_connected()


async def test_a_message_that_is_too_large_ends_its_sender_alone(role_broker: RoleBroker) -> None:
    async with control_of(role_broker) as guide, watch(role_broker, "camera-front") as camera:
        await guide.until_connected()
        await camera.until_connected()
        camera.session.publish(f"shuttle/{ID}/event", "x" * 40_000)
        await camera.until_state("lost")
        assert [state.name for state in guide.states] == ["connected"]


# --- passwords ---


def test_passwords_are_made_for_each_shuttle_kept_to_their_owner_and_hashed_at_todays_strength(
    role_broker: RoleBroker, tmp_path: Path
) -> None:
    ours = role_broker.inventory.passwords()
    other = RoleBroker(tmp_path, "other").inventory
    assert ours.keys() == other.passwords().keys() == {*GUIDE, *ACCOUNTS}
    both = [*ours.values(), *other.passwords().values()]
    assert len(set(both)) == len(both)
    assert {len(password) for password in both} == {32}
    for path in (tmp_path / "inventory/secrets/other/mqtt").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    written = other.etc / "shuttle-guide.passwords"
    before = written.read_text()
    hashed = dict(line.split(":", 1) for line in before.splitlines())
    assert {entry.split("$")[1:3] == ["7", str(TODAYS_ITERATIONS)] for entry in hashed.values()} == {True}
    written.write_text(before.replace(f"$7${TODAYS_ITERATIONS}$", "$7$101$", 1))
    other.write()
    renewed = dict(line.split(":", 1) for line in written.read_text().splitlines())
    changed = [name for name in hashed if hashed[name] != renewed[name]]
    assert changed == [next(iter(hashed))], "what is strong already is left alone"


async def test_a_rotation_while_the_guide_is_away_keeps_what_waits_for_it(
    role_broker: RoleBroker, tmp_path: Path
) -> None:
    with running(RoleBroker(tmp_path, ID)) as broker:
        assert isinstance(broker, RoleBroker)
        old = broker.inventory.passwords()
        async with control_of(broker) as guide:
            await guide.until_connected()
        async with watch(broker, "dispatch") as desk, watch(broker, "vehicle") as vehicle:
            await desk.session.publish(SAFETY, "Держитесь!")
            await vehicle.until_connected()
            rotated = {"mosquitto_rotate_accounts": ["vehicle"], "tasks_from": "rotate"}
            broker.inventory.write(**rotated)
            new = broker.inventory.passwords()
            broker.reload()
            await vehicle.until_state("refused")
            assert "lost" not in [state.name for state in desk.states], "its password has stayed"
        assert {name for name in old if old[name] != new[name]} == {*GUIDE, "vehicle"}
        async with control_of(broker) as guide:
            await guide.until(lambda: guide.payloads() == ["Держитесь!".encode()])


# --- the guide with its own accounts ---


async def test_a_guide_with_an_account_for_each_session_speaks_and_its_commands_throw_nobody_out(
    role_broker: RoleBroker, tmp_path: Path
) -> None:
    passwords = role_broker.inventory.passwords()
    own = {f"MQTT_{name[6:].upper()}_PASSWORD": passwords[name] for name in GUIDE}
    environment = {"SHUTTLE_GUIDE_MQTT__USERNAME": "guide"} | own
    desk = role_broker.account("dispatch")
    async with Guide(tmp_path / "g", role_broker.port, environment, desk) as guide:
        await guide.until_ready()
        turn = await guide.say("announce", text="Следующая остановка — Луна Бич.")
        assert turn["outcome"] == "spoken"
        for command in (("doctor",), ("trigger", "--topic=announce", "Связь есть.")):
            said = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "edge", *command),
                env=guide.environment,
                cwd=tmp_path,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            output, _ = await said.communicate()
            assert said.returncode == 0, output.decode()
        counters = [process["counters"] for process in guide.retained["state"]["processes"].values()]
        assert not any("mqtt.thrown_out" in counter for counter in counters)
    assert "lost the broker" not in guide.log()


async def test_a_guide_on_a_broker_where_ids_can_be_taken_says_so_in_its_state(
    broker: Broker, tmp_path: Path
) -> None:
    soon = {"SHUTTLE_GUIDE_MQTT__BACKOFF_MAX_S": "1"}
    async with Guide(tmp_path / "g", broker.port, soon) as guide:
        await guide.until_ready()
        async with Watch(broker.settings(), CONTROL_ID):
            told = await guide.until_state(
                lambda state: (
                    "thrown out" in state["processes"]["ingest"]["facts"]["mqtt.control"]
                    and state["processes"]["ingest"]["counters"].get("mqtt.thrown_out", 0) >= 3
                )
            )
        assert told["processes"]["ingest"]["facts"]["mqtt.events"].startswith("connected")
        # What is published while nobody has a session of that id is for nobody: it is there, and lasts.
        await guide.until_state(
            lambda state: "thrown out" not in state["processes"]["ingest"]["facts"]["mqtt.control"]
        )
        await guide.until(lambda: guide.retained["ready"]["ready"] is True, "to be ready again")
        assert (await guide.say("safety", text="Держитесь, пожалуйста."))["outcome"] == "spoken"
    assert guide.log().count("thrown out again and again: another client connects with the id") >= 1
