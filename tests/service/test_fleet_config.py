"""A whole guide that is configured by its fleet: live, by a restart, and back where it does no good."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

from tests.service.test_fleet import command
from tests.support.broker import Broker
from tests.support.fleet_broker import FleetBroker
from tests.support.guide import Guide, clean_environment

JsonObject = dict[str, Any]


async def test_a_live_setting_is_followed_reported_and_compared(
    tmp_path: Path, broker: Broker, fleet_broker: FleetBroker
) -> None:
    desk = clean_environment(tmp_path, 1) | fleet_broker.environment("desk")
    folder = tmp_path / "desired"
    folder.mkdir()
    (folder / "all.toml").write_text("[speaker]\nvolume = 0.25\n")
    async with Guide(tmp_path / "g", broker.port, fleet_broker.environment("test")) as guide:
        await guide.until_ready()
        pids = {name: guide.pid(name) for name in ("commentator", "speaker", "telemetry")}
        code, shown = await command(desk, "config", "diff", str(folder))
        assert code == 1, shown
        assert "speaker.volume: 0.25 is desired, 0.8 in force" in shown
        code, shown = await command(desk, "config", "apply", str(folder), "--json")
        (row,) = json.loads(shown)
        assert (code, row["state"], row["reported"]) == (0, "follows", row["version"]), guide.log()[-3000:]
        await guide.until_state(lambda state: state["volume"] == 0.25)
        assert {name: guide.pid(name) for name in pids} == pids, "nobody was started anew"
        desired = tomllib.loads((guide.folder / "state" / "desired.toml").read_text())
        assert desired == {"version": row["version"], "speaker": {"volume": 0.25}}
        code, shown = await command(desk, "config", "diff", str(folder))
        assert code == 0, shown
        assert max(map(len, shown.splitlines())) <= 80
