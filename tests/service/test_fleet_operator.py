"""An operator's commands at a broker that has kept nothing of who is away."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from edge.fleet.broker import broker_of, tls_of
from edge.mqtt import Incoming, MqttSession, SessionOptions
from tests.service.test_fleet import command
from tests.support.broker import Broker
from tests.support.fleet_broker import FleetBroker
from tests.support.guide import Guide, clean_environment


async def test_who_is_silent_and_who_has_not_played_it_is_shown(
    tmp_path: Path, broker: Broker, fleet_broker: FleetBroker
) -> None:
    operator = clean_environment(tmp_path, 1) | fleet_broker.environment("desk")
    async with Guide(tmp_path / "g", broker.port, fleet_broker.environment("test", "beach")) as guide:
        await guide.until_ready()
        code, shown = await command(operator, "status", "--within", "4", "--expect", "test,ghost")
        assert code == 1
        (ghost,) = [line for line in shown.splitlines() if "ghost" in line]
        assert "silent" in ghost
        assert "there" in shown
        texts = ("announce", "--texts", "ru=Остановка.", "en=A stop.", "--group", "beach", "--json")
        code, said = await command(
            operator, *texts, "--expect", "test", "--not-before", "1", "--within", "60"
        )
        assert (code, json.loads(said)) == (0, {"test": ["played", None]})
        (turn,) = await guide.until_turns(lambda turn: turn["text"] == "Остановка.")
        assert turn["outcome"] == "spoken"
        code, said = await command(operator, *texts, "--expect", "test,ghost", "--within", "10")
        assert (code, json.loads(said)) == (1, {"ghost": ["silent", None], "test": ["played", None]})
    code, said = await command(operator, *texts, "--not-before", "soon")
    assert (code, said.count("\n")) == (1, 1)


async def test_what_is_desired_of_who_is_away_waits_in_its_session(
    tmp_path: Path, fleet_broker: FleetBroker
) -> None:
    settings = fleet_broker.fleet_settings("test")
    came: list[Incoming] = []

    def shuttle() -> MqttSession:
        options = SessionOptions(
            client_id="guide-test", subscriptions=("guide/v1/test/config/desired",), session_expiry_s=3600
        )
        return MqttSession(broker_of(settings), options, on_message=came.append, tls=tls_of(settings))

    async with shuttle() as session:
        await session.wait_connected()
    desk = clean_environment(tmp_path, 1) | fleet_broker.environment("desk")
    own = tmp_path / "desired" / "shuttle" / "test.toml"
    own.parent.mkdir(parents=True)
    own.write_text('groups = ["beach"]\n[speaker]\nvolume = 0.25\n')
    code, shown = await command(desk, "config", "apply", str(own.parents[1]), "--within", "8", "--json")
    (row,) = json.loads(shown)
    assert (code, row["state"]) == (1, "not heard")
    async with shuttle() as session:
        await session.wait_connected()
        while not came:
            await asyncio.sleep(0.05)
    desired = json.loads(came[0].payload)
    assert (desired["version"], desired["settings"]) == (row["version"], {"speaker": {"volume": 0.25}})
