"""The fleet's benchmark runs with a few shuttles, and its figures are of them."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from bench.own_environment import REPOSITORY

FEW = ("--shuttles", "5", "--processes", "2", "--rounds", "1", "--trials", "1", "--idle-s", "1")
QUICK = ("--settle-s", "0", "--away-s", "1")


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_a_small_fleet_is_measured(tmp_path: Path) -> None:
    written = tmp_path / "figures.json"
    ran = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.fleet", *FEW, *QUICK, "--json", str(written)),
        cwd=REPOSITORY,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    shown, complaints = (told.decode() for told in await ran.communicate())
    assert written.exists(), complaints
    figures = json.loads(written.read_text())
    for name in (
        "announced to all, accepted: none from",
        "desired change, in force: none from",
        "storm: turns lost",
    ):
        assert figures[name]["value"] == 0, shown
    for name in ("turn", "heartbeat", "command", "alarm", "connect"):
        assert figures[f"wire: {name}, up"]["value"] > 300, name
    assert figures["disk: a turn that waits"]["value"] > 300
    assert figures["desired change, in force: CPU of a shuttle"]["value"] > 0
    assert figures["telemetry: RSS of a process"]["value"] > 10
    assert max(map(len, shown.splitlines())) <= 80
    assert "…" not in shown
