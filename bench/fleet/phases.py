"""What is done with a fleet that stands, one thing after the other."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from bench.fleet.host import Host
from bench.fleet.observer import Observer
from bench.fleet.turns import ended_turn
from bench.fleet.where import Where
from bench.processes import cpu_s, pss_mb
from edge.config import ENV_PREFIX, MqttSettings, TelemetrySettings
from edge.mqtt import Incoming, MqttSession, SessionOptions
from edge.telemetry.fleet import outbox
from edge.telemetry.fleet.configuration import ALL_READY_AFTER_S
from edge.telemetry.fleet.outbox import Made
from edge.telemetry.fleet.store import FILE_NAME, FleetStore
from edge.telemetry.payloads import turn as turn_payload
from tests.support.telemetry_alone import TelemetryAlone

HOSTS = 8
"""A shuttle has some nine descriptors, and paho cannot wait for one above 1023."""
STARTED_AT_ONCE = 4
CONNECTED_WITHIN_S = 180.0
TOLD_WITHIN_S = 120.0
STORED_TURNS = 200
WRITTEN_TURNS = 50
REST_S = 2.0
"""Between two rounds: what they say of one has been told."""


class Fleet:
    """Shuttles that run: real telemetry processes first, the rest in a few hosts."""

    def __init__(self, names: Sequence[str], real: Sequence[TelemetryAlone], hosts: Sequence[Host]) -> None:
        self.names = names
        self.real = real
        self.hosts = hosts
        self.began_mono = time.monotonic()

    def cpu_ms(self) -> float:
        """Processor time of a shuttle so far, on average."""
        pids = [telemetry.pid for telemetry in self.real] + [host.pid for host in self.hosts]
        return sum(map(_cpu, pids)) * 1000 / len(self.names)

    async def end_turns(self) -> None:
        """Each shuttle ends a turn."""
        for telemetry in self.real:
            telemetry.tell(ended_turn())
        await asyncio.gather(*(host.end_turns() for host in self.hosts))


class Idle(NamedTuple):
    """What the real telemetry processes and the broker take while nothing happens."""

    rss_mb: float
    pss_mb: float
    cpu_percent: float
    """Percent of a core, each."""
    broker_kb_per_session: float | None
    broker_cpu_percent: float | None
    messages_per_s: float
    """Messages that an operator hears of the whole fleet."""


class Answered(NamedTuple):
    """Times from the operator's publication to each shuttle's answer, as the operator gets it."""

    after_s: list[float]
    missing: int
    cpu_ms: float
    """What it costs a shuttle, whatever else the machine does."""


class Storm(NamedTuple):
    """What happened when a broker that was away came back."""

    away_s: float
    over_s: float | None
    """Until the last shuttle has told who it is, and all its turns; None: not in time."""
    lost: int
    again: int
    """Came twice, and were read once."""


@contextlib.asynccontextmanager
async def running_fleet(
    count: int, processes: int, where: Where, on_device_port: int, folder: Path, state: bytes
) -> AsyncIterator[Fleet]:
    names = [f"bench-{number:04}" for number in range(count)]
    real_names, light_names = names[:processes], names[processes:]
    async with contextlib.AsyncExitStack() as stack:
        room = asyncio.Semaphore(STARTED_AT_ONCE)

        async def start(name: str) -> TelemetryAlone:
            own = {
                f"{ENV_PREFIX}SHUTTLE__ID": name,
                f"{ENV_PREFIX}MQTT__PORT": str(on_device_port),
                f"{ENV_PREFIX}TELEMETRY__STATE_PERIOD_S": "10",
            }
            async with room:
                telemetry = TelemetryAlone(folder / name, where.environment() | own)
                return await stack.enter_async_context(telemetry)

        real = await asyncio.gather(*map(start, real_names))
        of_a_host = -(-len(light_names) // HOSTS) or 1
        groups = [light_names[at : at + of_a_host] for at in range(0, len(light_names), of_a_host)]
        hosts = [
            await stack.enter_async_context(Host(tuple(group), where.settings, folder, state))
            for group in groups
        ]
        yield Fleet(names, real, hosts)


async def all_there(observer: Observer, fleet: Fleet, since_mono: float) -> float:
    """Seconds until each has told who it is."""
    there = lambda: all(observer.births.get(name, 0.0) > since_mono for name in fleet.names)  # noqa: E731
    if not await observer.until(there, CONNECTED_WITHIN_S):
        away = [name for name in fleet.names if name not in observer.births]
        logs = "\n".join(host.log() for host in fleet.hosts)
        raise RuntimeError(f"{len(away)} shuttles did not come, such as {away[:3]}\n{logs}")
    return max(observer.births[name] for name in fleet.names) - since_mono


async def idle(
    observer: Observer, fleet: Fleet, where: Where, seconds: float, broker_before_mb: float | None
) -> Idle:
    pids = [telemetry.pid for telemetry in fleet.real]
    before, heard = {pid: _cpu(pid) for pid in pids}, observer.came
    broker_before_s = _cpu(where.own.pid) if where.own else 0.0
    began_mono = time.monotonic()
    await asyncio.sleep(seconds)
    passed_s = time.monotonic() - began_mono
    per_session = broker_cpu = None
    if where.own and broker_before_mb is not None:
        per_session = (rss_mb(where.own.pid) - broker_before_mb) * 1000 / len(fleet.names)
        broker_cpu = (_cpu(where.own.pid) - broker_before_s) / passed_s * 100
    return Idle(
        rss_mb=_mean(pids, rss_mb),
        pss_mb=_mean(pids, pss_mb),
        cpu_percent=_mean(pids, lambda pid: (_cpu(pid) - before[pid]) / passed_s * 100),
        broker_kb_per_session=per_session,
        broker_cpu_percent=broker_cpu,
        messages_per_s=(observer.came - heard) / passed_s,
    )


async def announce(observer: Observer, fleet: Fleet, rounds: int) -> Answered:
    """All shuttles are to say something; each answers that it will."""
    after_s: list[float] = []
    before_ms = fleet.cpu_ms()
    for number in range(rounds):
        began_mono = time.monotonic()
        text = f"Stop number {number}, please mind the step."
        command = await observer.command("all/announce", text=text, language="en", ttl=60)
        after_s += await _answers(observer, fleet, observer.receipts[command, "accepted"], began_mono)
        await asyncio.sleep(REST_S)
    missing = rounds * len(fleet.names) - len(after_s)
    return Answered(after_s, missing, (fleet.cpu_ms() - before_ms) / rounds)


async def desire(observer: Observer, fleet: Fleet, on_device_port: int, rounds: int) -> Answered:
    """All shuttles are to be of another loudness; each answers when it is."""
    after_s: list[float] = []
    async with _obeying(fleet, on_device_port):
        await asyncio.sleep(max(0.0, fleet.began_mono + ALL_READY_AFTER_S + 1.0 - time.monotonic()))
        before_ms = fleet.cpu_ms()
        for number in range(rounds):
            began_mono, version = time.monotonic(), f"bench-{number}"
            await observer.desire(version, {"speaker": {"volume": 0.5 + number / 100}})
            after_s += await _answers(observer, fleet, observer.following[version], began_mono)
            await asyncio.sleep(REST_S)
    missing = rounds * len(fleet.names) - len(after_s)
    return Answered(after_s, missing, (fleet.cpu_ms() - before_ms) / rounds)


async def _answers(
    observer: Observer, fleet: Fleet, answers: Mapping[str, float], began_mono: float
) -> list[float]:
    await observer.until(lambda: len(answers) == len(fleet.names), TOLD_WITHIN_S)
    return [came_mono - began_mono for came_mono in answers.values()]


@contextlib.asynccontextmanager
async def _obeying(fleet: Fleet, on_device_port: int) -> AsyncIterator[None]:
    """Stand for the rest of each real telemetry's guide: it is as loud as it is told."""
    by_name = dict(zip(fleet.names, fleet.real, strict=False))

    def take(message: Incoming) -> None:
        by_name[message.topic.split("/")[1]].obey(volume=json.loads(message.payload)["value"])

    options = SessionOptions(client_id="bench-guides", subscriptions=("shuttle/+/cmd/volume",))
    on_device = MqttSettings(host="127.0.0.1", port=on_device_port)
    async with MqttSession(on_device, options, on_message=take) as session:
        await session.wait_connected()
        yield


async def storm(observer: Observer, fleet: Fleet, where: Where, away_s: float) -> Storm | None:
    """Restart the broker while turns end; None: it is not ours."""
    if where.own is None:
        return None
    before = {name: len(observer.turns[name]) for name in fleet.names}
    again = observer.again
    await fleet.end_turns()
    await asyncio.to_thread(where.own.stop)
    stopped_mono = time.monotonic()
    await fleet.end_turns()
    await asyncio.sleep(max(0.0, stopped_mono + away_s - time.monotonic()))
    await asyncio.to_thread(where.own.start)
    back_mono = time.monotonic()

    def untold() -> int:
        return sum(before[name] + 2 - len(observer.turns[name]) for name in fleet.names)

    def over() -> bool:
        return not untold() and all(observer.births[name] > back_mono for name in fleet.names)

    is_over = await observer.until(over, TOLD_WITHIN_S)
    return Storm(
        away_s=back_mono - stopped_mono,
        over_s=time.monotonic() - back_mono if is_over else None,
        lost=untold(),
        again=observer.again - again,
    )


async def stored_bytes_per_turn(folder: Path) -> float:
    """How much the file grows for a turn that waits in it."""
    folder.mkdir()
    store = FleetStore(folder, "bench")

    async def keep() -> None:
        turn = ended_turn()
        body = turn_payload(turn, TelemetrySettings())
        made = Made(time.time(), time.monotonic(), "bench")
        await store.run(lambda db: outbox.add(db, "turn", turn.turn_id, body, made))

    await keep()
    await store.run(lambda db: db.execute("SELECT 1").fetchall())
    empty = (folder / FILE_NAME).stat().st_size
    for _ in range(STORED_TURNS):
        await keep()
    await store.close()  # what lies beside the file goes into it
    return ((folder / FILE_NAME).stat().st_size - empty) / STORED_TURNS


async def written_bytes_per_turn(observer: Observer, fleet: Fleet) -> float | None:
    """What telemetry has written to the device until a turn was told, and forgotten; None: no device."""
    telemetry, name = fleet.real[0], fleet.names[0]
    before, known = _written(telemetry.pid), len(observer.turns[name])
    for number in range(WRITTEN_TURNS):
        telemetry.tell(ended_turn())
        told = lambda number=number: len(observer.turns[name]) > known + number  # noqa: E731
        if not await observer.until(told, TOLD_WITHIN_S):
            raise RuntimeError(f"{name} does not tell its turn")
    return (_written(telemetry.pid) - before) / WRITTEN_TURNS or None


def rss_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024 / 1e6


def _cpu(pid: int) -> float:
    return sum(cpu_s(pid).values())


def _written(pid: int) -> int:
    lines = Path(f"/proc/{pid}/io").read_text().splitlines()
    return int(dict(line.split(": ") for line in lines)["write_bytes"])


def _mean(pids: Sequence[int], of: Callable[[int], float]) -> float:
    return sum(map(of, pids)) / len(pids)
