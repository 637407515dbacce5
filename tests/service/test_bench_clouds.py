"""``python -m bench``: the yardstick brings everything that it needs itself."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from bench.own_environment import REPOSITORY
from tests.support.broker import MOSQUITTO
from tests.support.command import shuttle_guide
from tests.support.guide import clean_environment

NO_BROKER = 1
"""A port on which nobody listens: the running guide has no part in it."""
needs_broker = pytest.mark.skipif(MOSQUITTO is None, reason="no mosquitto on this machine")


async def yardstick(folder: Path, *arguments: str) -> dict[str, Any]:
    """Profile → what was found."""
    bench = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench", "--only", "yardstick", "--system", "stream", "--json", "found.json"),
        *arguments,
        env=clean_environment(folder, NO_BROKER) | {"PYTHONPATH": str(REPOSITORY)},
        cwd=folder,
        stdout=asyncio.subprocess.DEVNULL,
    )
    assert await bench.wait() == 0
    found: dict[str, Any] = json.loads((folder / "found.json").read_text())["yardstick"]
    return found


@pytest.mark.slow
@needs_broker
async def test_the_stream_and_its_floor_are_measured_on_clouds_of_its_own(tmp_path: Path) -> None:
    found = (await yardstick(tmp_path, "--profile", "fast", "--trials", "1", "--svg", "turn.svg"))["fast"]
    stream = found["systems"]["stream"]
    assert (stream["counted"], stream["failures"]) == (1, [])
    assert stream["first_sound_ms"]["median"] > found["floor_ms"]["nominal"] >= 120 + 75
    assert stream["first_content_ms"] == stream["first_sound_ms"]
    assert stream["tokens"] > 0
    assert stream["characters"] > 0
    assert ElementTree.parse(tmp_path / "turn.svg").getroot().tag.endswith("svg")


@pytest.mark.slow
@needs_broker
@pytest.mark.timeout(300)
async def test_dead_clouds_refuse_or_hang_and_the_guide_is_heard_beside_both(tmp_path: Path) -> None:
    found = await yardstick(tmp_path, "--profile", "dead", "hanging", "--trials", "1")
    assert list(found) == ["dead", "hanging"]
    for each in found.values():
        assert (each["systems"]["stream"]["counted"], each["systems"]["stream"]["tokens"]) == (1, 0)


async def test_the_form_that_it_had_says_where_it_is_now(tmp_path: Path) -> None:
    for old in (("--profile", "seed"), ("--ablate",), ("--profile", "lossy", "--system", "pool", "stream")):
        ended = await shuttle_guide(
            "bench", *old, environment=clean_environment(tmp_path, NO_BROKER), folder=tmp_path
        )
        assert ended.exit_code == 2
        assert "python -m bench" in ended.err
        assert len(ended.err.splitlines()) == 1
