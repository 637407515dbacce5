"""``shuttle-guide accept sound`` through a real sound server: the guide's own devices and rates."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import shuttle_guide
from tests.support.guide import clean_environment
from tests.support.ports import free_port
from tests.support.room import Room
from tests.support.sound_server import UNHURRIED, SoundServer

pytestmark = [pytest.mark.real_time("a tone has to come back from the loudspeaker whole")]


async def accept_sound(
    folder: Path, more: dict[str, str], output: str = "default", source: str = "default"
) -> tuple[int, dict[str, Any]]:
    environment = clean_environment(folder, free_port()) | UNHURRIED | more
    environment |= {"SHUTTLE_GUIDE_SPEAKER__OUTPUT": output, "SHUTTLE_GUIDE_LISTENER__INPUT": source}
    ended = await shuttle_guide("accept", "sound", "--json", environment=environment, folder=folder)
    assert ended.out, ended.err
    return ended.exit_code, json.loads(ended.out)


def verdicts(told: dict[str, Any]) -> dict[str, str]:
    return {check["name"]: check["verdict"] for check in told["checks"]}


async def test_a_room_that_is_heard_passes(sound_server: SoundServer, tmp_path: Path) -> None:
    with Room(sound_server.environment):
        exit_code, told = await accept_sound(tmp_path, dict(sound_server.environment))
    figures = told["figures"]
    assert figures["found"] is True, told
    found = verdicts(told)
    # The server's own buffers are no part of it: a busy machine makes them long.
    assert {name for name, verdict in found.items() if verdict == "failed"} <= {"delay"}, told
    assert exit_code == (1 if found["delay"] == "failed" else 0)
    assert -30 < figures["level_dbfs"] < -12
    assert -75 < figures["noise_dbfs"] < -55
    assert figures["delay_ms"] > 0
    assert figures["capture_rate_hz"] == 16_000


async def test_a_microphone_that_hears_nothing_fails(sound_server: SoundServer, tmp_path: Path) -> None:
    exit_code, told = await accept_sound(tmp_path, dict(sound_server.environment))
    assert exit_code == 1
    assert verdicts(told) == {"tone": "failed"}
    assert "zeros" in told["checks"][0]["found"]


async def test_a_device_that_is_not_there_fails_with_what_to_do(
    sound_server: SoundServer, tmp_path: Path
) -> None:
    exit_code, told = await accept_sound(tmp_path, dict(sound_server.environment), "No such card")
    assert exit_code == 1
    assert "No such card" in told["checks"][0]["found"]
    assert told["checks"][0]["advice"]


@pytest.mark.parametrize(("output", "source"), [("null", "default"), ("default", "null")])
async def test_what_is_not_configured_is_not_there(output: str, source: str, tmp_path: Path) -> None:
    exit_code, told = await accept_sound(tmp_path, {}, output, source)
    assert (exit_code, verdicts(told)) == (0, {"tone": "not there"})
