"""``shuttle-guide bench --profile``: everything that it needs it brings itself."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.support.broker import MOSQUITTO
from tests.support.command import shuttle_guide
from tests.support.guide import clean_environment

NO_BROKER = 1
"""A port on which nobody listens: the running guide has no part in it."""


@pytest.mark.skipif(MOSQUITTO is None, reason="no mosquitto on this machine")
async def test_bench_measures_the_stream_and_its_floor_on_clouds_of_its_own(tmp_path: Path) -> None:
    ended = await shuttle_guide(
        *("bench", "--profile", "fast", "--system", "stream", "-n", "2", "--json", "--svg", "turn.svg"),
        environment=clean_environment(tmp_path, NO_BROKER),
        folder=tmp_path,
    )
    assert ended.exit_code == 0, ended.err
    found = json.loads(ended.out)
    stream = found["systems"]["stream"]
    assert (stream["counted"], stream["failures"]) == (2, [])
    assert stream["first_sound_ms"]["median"] > found["floor_ms"]["nominal"] >= 120 + 75
    assert stream["first_content_ms"] == stream["first_sound_ms"]
    assert stream["tokens"] > 0
    assert stream["characters"] > 0
    assert ElementTree.parse(tmp_path / "turn.svg").getroot().tag.endswith("svg")


@pytest.mark.skipif(MOSQUITTO is None, reason="no mosquitto on this machine")
async def test_dead_clouds_refuse_or_hang_and_the_guide_is_heard_beside_both(tmp_path: Path) -> None:
    ended = await shuttle_guide(
        *("bench", "--profile", "dead", "--system", "stream", "-n", "1", "--json"),
        environment=clean_environment(tmp_path, NO_BROKER),
        folder=tmp_path,
    )
    assert ended.exit_code == 0, ended.err
    refusing, hanging = (json.loads(line) for line in ended.out.splitlines())
    assert (refusing["profile"], hanging["profile"]) == ("dead", "hanging")
    for found in (refusing, hanging):
        assert (found["systems"]["stream"]["counted"], found["systems"]["stream"]["tokens"]) == (1, 0)


async def test_a_system_needs_a_profile(tmp_path: Path) -> None:
    ended = await shuttle_guide(
        "bench", "--system", "pool", environment=clean_environment(tmp_path, NO_BROKER), folder=tmp_path
    )
    assert ended.exit_code == 2
    assert "--profile" in ended.err
    assert len(ended.err.splitlines()) == 1
