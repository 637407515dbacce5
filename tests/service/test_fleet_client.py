"""An operator's connection, where the broker takes nothing: one line, and nobody waits for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from edge.fleet import client as fleet_client
from edge.fleet.client import FleetClient, FleetUnreachableError
from edge.fleet.configuration import DesiredBody
from tests.support.fleet_broker import FleetBroker
from tests.support.hostile_fleet_broker import HostileBroker
from tests.support.mqtt_peer import ACCEPT_5, CONNECT, PUBLISH, SUBSCRIBE, read_packet, suback

pytestmark = pytest.mark.timeout(120)
WAITS_S = 60.0

DESIRED = DesiredBody(version="v", ts=1.0, settings={})
SENDINGS: dict[str, Callable[[FleetClient], Awaitable[object]]] = {
    "command": lambda client: client.command("one", "report"),
    "desire": lambda client: client.desire("one", DESIRED),
}


async def hangs_up_on_a_publication(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """As RabbitMQ does to an account that may not publish there."""
    await lets_in(reader, writer, until=PUBLISH)


async def never_acknowledges(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await lets_in(reader, writer, until=None)


async def lets_in(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, until: int | None) -> None:
    while True:
        kind, body = await read_packet(reader)
        if kind == CONNECT:
            writer.write(ACCEPT_5)
        elif kind == SUBSCRIBE:
            writer.write(suback(body, 5))
        elif kind == until:
            return


@pytest.mark.parametrize("sending", SENDINGS)
@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (hangs_up_on_a_publication, "ended the connection and has not taken guide/v1/one"),
        (never_acknowledges, "has not taken guide/v1/one"),
    ],
)
async def test_what_the_broker_does_not_take_ends_with_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    sending: str,
    harm: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
    reason: str,
) -> None:
    if harm is never_acknowledges:
        monkeypatch.setattr(fleet_client, "TAKEN_WITHIN_S", 3.0)
    fleet = FleetBroker(tmp_path / "fleet")
    certificate = fleet.certificates.sign("hostile", host="127.0.0.1")
    async with (
        HostileBroker(fleet.port, harm, certificate).there(),
        FleetClient(fleet.fleet_settings("desk")) as client,
        asyncio.timeout(WAITS_S),
    ):
        with pytest.raises(FleetUnreachableError, match=reason):
            await SENDINGS[sending](client)
