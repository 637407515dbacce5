"""``shuttle-guide devices`` on a real sound server: names, holders, a level and a tone."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.support.command import Ended, shuttle_guide
from tests.support.guide import clean_environment
from tests.support.sound_server import SoundServer
from tests.support.waiting import until


@pytest.fixture
def recorder(sound_server: SoundServer) -> Iterator[subprocess.Popen[bytes]]:
    """Somebody who records."""
    process = subprocess.Popen(
        ["parec", "--device=mic_in.monitor"],
        env=os.environ | sound_server.environment,
        stdout=subprocess.DEVNULL,
    )
    yield process
    process.terminate()
    process.wait(timeout=10)


async def devices(folder: Path, server: SoundServer, *arguments: str) -> Ended:
    environment = (
        clean_environment(folder, 1) | server.environment | {"SHUTTLE_GUIDE_SPEAKER__OUTPUT": "pulse"}
    )
    return await shuttle_guide("devices", *arguments, environment=environment, folder=folder)


async def test_devices_are_named_with_those_who_hold_them(
    tmp_path: Path, sound_server: SoundServer, recorder: subprocess.Popen[bytes]
) -> None:
    await until(lambda: sound_server.captures() == 1)
    ended = await devices(tmp_path, sound_server, "--json")
    assert ended.exit_code == 0
    found = {(each["name"], each["direction"]): each for each in json.loads(ended.out)}
    (holder,) = found["pulse", "capture"]["held_by"]
    assert f"(pid {recorder.pid}) on mic_in.monitor" in holder
    assert found["pulse", "playback"]["held_by"] == []
    shown = (await devices(tmp_path, sound_server)).out
    assert f"pid {recorder.pid}" in " ".join(shown.split())
    assert "speaker.output" in shown


async def test_a_level_and_a_tone_are_real(tmp_path: Path, sound_server: SoundServer) -> None:
    with sound_server.record() as recording:
        ended = await devices(tmp_path, sound_server, "--tone")
        assert (ended.exit_code, ended.out) == (0, "pulse: the chime was played\n")
    assert np.abs(recording.samples).max() > 0.2
    ended = await devices(tmp_path, sound_server, "--level", "pulse", "--seconds", "1.5")
    assert ended.exit_code == 1
    assert "nothing but zeros" in ended.out
    noise = np.random.default_rng(1).normal(0, 3000, 48_000).astype("<i2").tobytes()
    (tmp_path / "noise").write_bytes(noise * 30)
    player = await asyncio.create_subprocess_exec(
        *(
            "pacat",
            "--device=mic_in",
            "--rate=48000",
            "--channels=1",
            "--format=s16le",
            str(tmp_path / "noise"),
        ),
        env=os.environ | sound_server.environment,
    )
    await until(lambda: sound_server.plays() == 1)
    ended = await devices(tmp_path, sound_server, "--level", "pulse", "--seconds", "2")
    player.terminate()
    await player.wait()
    assert ended.exit_code == 0
    assert -30 < float(ended.out.split()[-2]) < -15


async def test_a_name_that_fits_nothing_is_one_line(tmp_path: Path, sound_server: SoundServer) -> None:
    for arguments in (("--level", "nowhere"), ("--tone", "nowhere"), ("--tone", "wav:")):
        ended = await devices(tmp_path, sound_server, *arguments)
        assert (ended.exit_code, ended.out) == (1, "")
        assert len([line for line in ended.err.splitlines() if "ALSA" not in line]) == 1
