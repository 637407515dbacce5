"""What goes over the wire for each kind of message: a whole guide behind a proxy that counts."""

from __future__ import annotations

import asyncio
import json
import statistics
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

from bench.measured_guide import environment_of, running_guide
from edge.config import ENV_PREFIX
from tests.support.broker import running
from tests.support.fleet_broker import FleetBroker, Operator
from tests.support.two_networks import TwoNetworks

NAME = "wire"
QUIET_S = 0.7
"""Silence after which all that was caused has been told."""
TLS_BYTES = 22
"""Bytes that TLS 1.3 adds to a record (RFC 8446: header, content type, tag of AES-GCM)."""
PING = (2 + TLS_BYTES, 2 + TLS_BYTES)


class Bytes(NamedTuple):
    """Bytes inside TCP, with TLS. Headers of TCP and IP are not in them: 40 to 60 bytes a segment."""

    up: int
    down: int


class WireCost(NamedTuple):
    """What each kind of message costs, and what the guide tells of itself."""

    connect: Bytes
    """TLS handshake, session, subscriptions and the first heartbeat."""
    heartbeat: Bytes
    """``birth``, ``status`` and ``state`` with their acknowledgements."""
    turn: Bytes
    command: Bytes
    """A command that was done, with its two receipts."""
    alarm: Bytes
    """Raised or cleared, with the heartbeat that tells it at once."""
    ping: Bytes
    """Computed."""
    state: bytes


async def measure(folder: Path, on_device_port: int, trials: int) -> WireCost:
    with running(FleetBroker(folder / "wire-broker")) as broker:
        assert isinstance(broker, FleetBroker)
        networks = TwoNetworks(broker.port)
        async with networks.there(), Operator(broker).there() as operator:
            fleet = broker.environment(NAME) | {f"{ENV_PREFIX}FLEET__PORT": str(networks.port)}
            async with running_guide(environment_of(folder, on_device_port, NAME, fleet)) as guide:
                await operator.until(lambda: bool(operator.told("birth")), "a birth")
                await _quiet(networks)
                connect = Bytes(networks.told_bytes, networks.answered_bytes)

                async def costs(cause: Callable[[int], Awaitable[object]]) -> Bytes:
                    return await _median(networks, cause, trials)

                async def do(name: str, leaf: str = "", **body: str) -> None:
                    told = len(operator.told(leaf))
                    command = await operator.command(f"{NAME}/cmd/{name}", **body)
                    await operator.until(lambda: len(operator.receipts(command)) == 2, name)
                    await operator.until(lambda: not leaf or len(operator.told(leaf)) > told, leaf)

                turn = await costs(lambda number: guide.ask())
                command = await costs(lambda number: do("unmute"))
                report = await costs(lambda number: do("report", "birth"))
                microphone = await costs(
                    lambda number: do(
                        "microphone", "alarm/microphone_off", value="on" if number % 2 else "off"
                    )
                )
                state = json.dumps(operator.bodies("state")[-1]["guide"]).encode()
    return WireCost(
        connect=connect,
        heartbeat=_less(report, command),
        turn=turn,
        command=command,
        alarm=_less(microphone, command),
        ping=Bytes(*PING),
        state=state,
    )


async def _median(networks: TwoNetworks, cause: Callable[[int], Awaitable[object]], trials: int) -> Bytes:
    """The middle one: a heartbeat may come in between."""
    up, down = [], []
    for number in range(trials):
        before = networks.told_bytes, networks.answered_bytes
        await cause(number)
        await _quiet(networks)
        up.append(networks.told_bytes - before[0])
        down.append(networks.answered_bytes - before[1])
    return Bytes(round(statistics.median(up)), round(statistics.median(down)))


async def _quiet(networks: TwoNetworks) -> None:
    while True:
        before = networks.told_bytes, networks.answered_bytes
        await asyncio.sleep(QUIET_S)
        if before == (networks.told_bytes, networks.answered_bytes):
            return


def _less(one: Bytes, other: Bytes) -> Bytes:
    return Bytes(one.up - other.up, one.down - other.down)
