"""The fleet's broker as it is rolled out: three nodes of RabbitMQ in booted machines, and real telemetry."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge.config import FleetSettings
from edge.fleet.broker import broker_of, tls_of
from edge.fleet.client import FleetClient, FleetUnreachableError
from edge.fleet.topics import PREFIX
from edge.mqtt import MqttSession, SessionOptions, SessionState
from edge.tasks import wait_at_most
from tests.support.broker import Broker
from tests.support.fleet import ANSIBLE
from tests.support.fleet_broker import Operator, environment_of
from tests.support.machine import Machine
from tests.support.own_hosts import HOSTS
from tests.support.rabbit_cluster import HOST, NODES, RabbitCluster, booted
from tests.support.telemetry_alone import TelemetryAlone

pytestmark = [
    pytest.mark.skipif(not ANSIBLE.exists(), reason="no Ansible in .venv-deploy; run: make setup"),
    pytest.mark.timeout(600),
]
SHUTTLES = ("one", "two", "three", "four")
TURNS = 10_000
REFUSED_WITHIN_S = 6.0


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitCluster]:
    """Made by the playbook. Operators: ops may say safety, desk may not."""
    with booted() as machines:
        shuttles = dict.fromkeys(SHUTTLES, ("beach",))
        made = RabbitCluster(
            tmp_path_factory.mktemp("fleet"), machines, shuttles, {"ops": True, "desk": False}
        )
        played = made.play()
        assert played.returncode == 0, played.output
        yield made


def test_the_playbook_makes_one_cluster_and_changes_nothing_the_second_time(cluster: RabbitCluster) -> None:
    running = cluster.control("fleet-2", "--formatter json cluster_status")
    assert set(msgspec.json.decode(running)["running_nodes"]) == {f"guide@{node}" for node in NODES}
    assert set(cluster.queues("fleet-3")) >= {"fleet.turns", "fleet.alarms", "fleet.receipts"}
    again = cluster.play()
    assert again.returncode == 0, again.output
    assert [again.counts(node)["changed"] for node in NODES] == [0, 0, 0], again.output
    users = msgspec.json.decode(cluster.control("fleet-1", "--formatter json list_users"))
    assert {user["user"] for user in users} == {*SHUTTLES, "ops", "desk"}, "and no guest"


# --- who may do what ---------------------------------------------------------------------------


class Attempt:
    """What somebody tries, and what the broker says to it."""

    def __init__(
        self, settings: FleetSettings, client_id: str, *, subscribe: str | None = None, expiry_s: int = 0
    ) -> None:
        self.said: list[str] = []
        self.came: list[str] = []
        self._settled, self._lost = asyncio.Event(), asyncio.Event()
        self._settings = settings
        self._options = SessionOptions(
            client_id=client_id,
            subscriptions=(subscribe,) if subscribe else (),
            session_expiry_s=expiry_s,
            section="fleet",
        )

    async def connects(self) -> bool:
        async with self._session() as session:
            return await self._settles(session)

    async def publishes(self, topic: str) -> bool:
        """Whether the broker takes a message on the topic; RabbitMQ ends the connection of who may not."""
        async with self._session() as session:
            assert await self._settles(session), self.said
            sent = session.publish(topic, "{}")
            lost = asyncio.create_task(self._lost.wait())
            await asyncio.wait((sent, lost), timeout=REFUSED_WITHIN_S, return_when=asyncio.FIRST_COMPLETED)
            lost.cancel()
            return sent.done() and sent.exception() is None

    def _session(self) -> MqttSession:
        return MqttSession(
            broker_of(self._settings),
            self._options,
            on_message=lambda message: self.came.append(message.topic),
            on_state=self._note,
            tls=tls_of(self._settings),
        )

    def _note(self, state: SessionState) -> None:
        self.said.append(state.text)
        if state.name == "lost":
            self._lost.set()
        if state.name != "connecting":
            self._settled.set()

    async def _settles(self, session: MqttSession) -> bool:
        await wait_at_most(self._settled, REFUSED_WITHIN_S)
        return session.state.name == "connected"


MAY_NOT_PUBLISH = (
    "guide/v1/two/turn",
    "guide.v1.two.turn",
    "guide/v1.two/turn",
    "guide/v1/*/turn",
    "guide/v1/all/announce",
    "guide/v1/group/beach/safety",
    "other/turn",
)
MAY_NOT_HEAR = (
    "#",
    "guide/v1/#",
    "guide/v1/+/turn",
    "guide/v1/+/cmd/+",
    "guide/v1/two/announce",
    "guide/v1/two/#",
    "guide.v1.two.announce",
    "guide/v1.two/announce",
    "guide/v1/one.two/announce",
    "guide/v1/group/+/announce",
    "guide/v1/group/hills/announce",
    "guide/v1/one/#",
    "$SYS/#",
)


async def test_a_shuttle_cannot_cross_anothers_permissions(cluster: RabbitCluster) -> None:
    own = cluster.at("fleet-1").fleet_settings("one")
    for topic in (
        "guide/v1/one/turn",
        "guide/v1/one/alarm/disk",
        "guide/v1/one.two/turn",
        "guide/v1/reply/desk-7",
    ):
        assert await Attempt(own, "guide-one").publishes(topic), topic
    for topic in MAY_NOT_PUBLISH:
        assert not await Attempt(own, "guide-one").publishes(topic), topic
    for scope in ("one", "all", "group/beach"):
        hears = Attempt(own, "guide-one", subscribe=f"guide/v1/{scope}/cmd/+")
        assert await hears.connects(), scope
    for topic in MAY_NOT_HEAR:
        hears = Attempt(own, "guide-one", subscribe=topic)
        assert not await hears.connects(), topic
        assert any("not authorized" in said for said in hears.said), (topic, hears.said)


async def test_only_who_the_authority_has_signed_gets_in_and_as_itself(
    cluster: RabbitCluster, tmp_path: Path
) -> None:
    own = cluster.at("fleet-2").fleet_settings("one")
    assert await Attempt(own, "guide-one").connects()
    assert await Attempt(own, "guide-one.speech", subscribe="guide/v1/one/announce").connects()
    for other in ("guide-two", "guide-one-two", "guide-one-speech", "guide-operator-ops"):
        thief = Attempt(own, other, subscribe="guide/v1/one/announce")
        assert not await thief.connects(), "of another one's session it gets nothing"
        assert any("not authorized" in said for said in thief.said), thief.said
    nobody = msgspec.structs.replace(own, cert_file=None, key_file=None)
    assert not await Attempt(nobody, "guide-one").connects()
    forged, key = tmp_path / "one.crt", tmp_path / "one.key"
    new = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=one"
    command = [*new.split(), "-keyout", key, "-out", forged]
    await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True)
    stranger = msgspec.structs.replace(own, cert_file=str(forged), key_file=str(key))
    assert not await Attempt(stranger, "guide-one").connects()


async def test_nobody_takes_what_waits_in_anothers_session(cluster: RabbitCluster) -> None:
    own, thief = (cluster.at("fleet-1").fleet_settings(name) for name in ("one", "two"))
    client_id, topic = "guide-one", "guide/v1/one/cmd/+"
    came: list[str] = []

    def session() -> MqttSession:
        options = SessionOptions(
            client_id=client_id, subscriptions=(topic,), session_expiry_s=3600, section="fleet"
        )
        take = lambda message: came.append(message.payload.decode())  # noqa: E731
        return MqttSession(broker_of(own), options, on_message=take, tls=tls_of(own))

    async with session() as owner:
        await owner.wait_connected()
    waits = Attempt(cluster.at("fleet-3").fleet_settings("ops"), "guide-operator-1")
    assert await waits.publishes("guide/v1/one/cmd/waits")
    for expiry_s in (0, 3600):
        for subscribe in (None, topic, "guide/v1/two/cmd/+"):
            taker = Attempt(thief, client_id, subscribe=subscribe, expiry_s=expiry_s)
            assert not await taker.connects(), (expiry_s, subscribe)
            assert taker.came == []
    async with session() as owner:
        await owner.wait_connected()
        async with asyncio.timeout(REFUSED_WITHIN_S):
            while not came:
                await asyncio.sleep(0.1)
        assert not await Attempt(thief, client_id).connects()
        async with asyncio.timeout(REFUSED_WITHIN_S):
            while not owner.counters["mqtt.thrown_out"]:  # as docs/security.md says: it is refused too late
                await asyncio.sleep(0.1)
            await owner.wait_connected()
    assert came == ["{}"]


async def test_safety_is_a_right_of_its_own(cluster: RabbitCluster) -> None:
    ops, desk = (cluster.at("fleet-3").fleet_settings(name) for name in ("ops", "desk"))
    for scope in ("one", "group/beach", "all"):
        assert await Attempt(desk, "guide-operator-1").publishes(f"{PREFIX}/{scope}/cmd/report"), scope
        assert await Attempt(ops, "guide-operator-1").publishes(f"{PREFIX}/{scope}/safety"), scope
        assert not await Attempt(desk, "guide-operator-1").publishes(f"{PREFIX}/{scope}/safety"), scope
    async with FleetClient(desk) as client:
        assert await client.command("one", "report")
        with pytest.raises(FleetUnreachableError, match="may this account say that"):
            await client.command("one", "safety", text="Get off, please.")
    for name in ("turn", "receipt", "birth"):
        assert not await Attempt(ops, "guide-operator-1").publishes(f"{PREFIX}/one/{name}"), name


async def test_certificates_are_renewed_and_nobody_is_thrown_out(
    cluster: RabbitCluster, broker: Broker, tmp_path: Path
) -> None:
    async with shuttle(cluster, broker, tmp_path, "one", "fleet-1") as telemetry:
        before = {node: cluster.serial(node) for node in NODES}
        played = await asyncio.to_thread(cluster.play, "-e", "fleet_certificates_renew_days=1000")
        assert played.returncode == 0, played.output
        assert not any(cluster.serial(node) == before[node] for node in NODES)
        assert "lost the broker" not in telemetry.log()
    async with shuttle(cluster, broker, tmp_path, "two", "fleet-2"):
        pass  # it is let in with its new one


# --- a node dies, another is cut off ---------------------------------------------------------------


def resolve(hosts: Path, machines: Iterable[Machine]) -> None:
    """Have the cluster's name mean these."""
    names = "".join(f"{machine.address} {HOST}\n" for machine in machines)
    hosts.write_text(f"127.0.0.1 localhost\n{names}")


@contextlib.asynccontextmanager
async def shuttle(
    cluster: RabbitCluster, broker: Broker, folder: Path, name: str, node: str
) -> AsyncIterator[TelemetryAlone]:
    """Its telemetry, connected to one node; from then on the cluster's name has the addresses of all."""
    hosts = folder / f"{name}.hosts"
    resolve(hosts, [cluster.machines[node]])
    settings = msgspec.structs.replace(cluster.at(NODES[0]).fleet_settings(name), host=HOST)
    telemetry = TelemetryAlone(
        folder / name,
        {
            **environment_of(settings, "beach"),
            "SHUTTLE_GUIDE_SHUTTLE__ID": name,
            "SHUTTLE_GUIDE_MQTT__PORT": str(broker.port),
            HOSTS: str(hosts),
        },
    )
    telemetry.program = ("-m", "tests.support.own_hosts")
    async with telemetry:
        await telemetry.until(lambda: is_connected(telemetry), "the fleet's broker")
        resolve(hosts, cluster.machines.values())
        yield telemetry


def is_connected(telemetry: TelemetryAlone) -> bool:
    return telemetry.state is not None and telemetry.state.facts["fleet"].startswith("connected")


def cut_off(cluster: RabbitCluster, node: str, *, back: bool = False) -> None:
    """From the other nodes; whoever is outside still reaches it."""
    for other in NODES:
        if other != node:
            address = cluster.machines[other].address
            cluster.machines[node].run(f"ip route {'delete' if back else 'add'} blackhole {address}/32")


async def test_no_turn_is_lost_when_a_node_is_killed_and_another_is_cut_off(
    cluster: RabbitCluster, broker: Broker, tmp_path: Path
) -> None:
    before = cluster.queues("fleet-3")["fleet.turns"]
    watcher = Watcher(cluster, "fleet-3")
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(watcher.operator.there())
        fleet = [
            await stack.enter_async_context(shuttle(cluster, broker, tmp_path, name, node))
            for name, node in zip(SHUTTLES, (*NODES, NODES[0]), strict=True)
        ]
        await watcher.until(lambda: len(watcher.born) == len(SHUTTLES), "births", 60.0)
        publishing = asyncio.create_task(publish(fleet, TURNS))
        await asyncio.sleep(5.0)
        cluster.machines["fleet-1"].run("systemctl kill --signal=KILL rabbitmq-server")
        commands = [await watcher.operator.command("all/cmd/report")]
        await asyncio.sleep(20.0)
        commands.append(await watcher.operator.command("group/beach/cmd/report"))
        await asyncio.to_thread(cut_off, cluster, "fleet-2")
        await asyncio.sleep(30.0)
        commands.append(await watcher.operator.command("all/cmd/report"))
        await asyncio.to_thread(cut_off, cluster, "fleet-2", back=True)
        await publishing
        wanted = {(name, f"{name}-{number}") for name in SHUTTLES for number in range(TURNS // len(SHUTTLES))}
        await watcher.until(lambda: wanted <= watcher.turns.keys(), "all turns", 150.0, fleet)
        done = lambda: all(watcher.done[c] == set(SHUTTLES) for c in commands)  # noqa: E731
        await watcher.until(done, f"receipts of {commands}", 60.0, fleet)
    assert watcher.turns.keys() == wanted
    print(f"came twice, and is known by shuttle and id: {sum(watcher.turns.values()) - TURNS}")
    assert all("lost the broker" in telemetry.log() for telemetry in (fleet[0], fleet[1])), "they moved"
    deadline = time.monotonic() + 30.0
    while cluster.queues("fleet-3")["fleet.turns"] - before < TURNS:  # told every five seconds
        assert time.monotonic() < deadline, "who comes later does not find them all"
        await asyncio.sleep(1.0)


async def publish(fleet: list[TelemetryAlone], turns: int) -> None:
    """Turns end in all shuttles, one after the other, for about a minute and a half."""
    for number in range(turns // len(fleet)):
        for telemetry, name in zip(fleet, SHUTTLES, strict=True):
            telemetry.end_turn(f"{name}-{number}")
        await asyncio.sleep(0.03)


class Watcher:
    """What an operator hears at one node, counted."""

    def __init__(self, cluster: RabbitCluster, node: str) -> None:
        self.operator = Operator(cluster.at(node), "ops")
        self.turns: dict[tuple[str, str], int] = {}
        """Shuttle and id → how often it came."""
        self.born: set[str] = set()
        self.done: dict[str, set[str]] = {}
        """Command → shuttles that have done it."""
        self._read = 0

    async def until(
        self, fulfilled: Any, what: str, patience_s: float, fleet: list[TelemetryAlone] | None = None
    ) -> None:
        deadline = time.monotonic() + patience_s
        while True:
            self._count()
            if fulfilled():
                return
            logs = "\n".join("\n".join(each.log().splitlines()[-6:]) for each in fleet or ())
            assert time.monotonic() < deadline, f"waited in vain for {what}: {len(self.turns)} turns\n{logs}"
            await asyncio.sleep(0.5)

    def _count(self) -> None:
        came = self.operator.came
        for topic, frame in came[self._read :]:
            name, _, leaf = topic.removeprefix(f"{PREFIX}/").partition("/")
            if leaf == "turn":
                key = (name, frame["id"])
                self.turns[key] = self.turns.get(key, 0) + 1
            elif leaf == "birth":
                self.born.add(name)
            elif leaf == "receipt" and frame["body"]["state"] == "done":
                self.done.setdefault(frame["body"]["command"], set()).add(name)
        self._read = len(came)
