"""``examples/asound.conf`` gives speaker and listener one card under two names.

There is no card here: the real alsa-lib reads the file and looks for the card, and a sound server stands in
for dmix and dsnoop.
"""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from ctypes.util import find_library
from pathlib import Path

import pytest

from tests.support.sound_server import SoundServer

EXAMPLE = Path(__file__).parents[2] / "examples" / "asound.conf"
SYSTEM = Path("/usr/share/alsa/alsa.conf")
STAND_IN = "pcm.!shuttle_speaker { type pulse }\npcm.!shuttle_microphone { type pulse }\n"
OPEN = """
import ctypes, sys
alsa, pcm = ctypes.CDLL(sys.argv[1]), ctypes.c_void_p()
print(*(alsa.snd_pcm_open(ctypes.byref(pcm), name, direction, 0)
        for name, direction in ((b"shuttle_speaker", 0), (b"shuttle_microphone", 1))))
"""
PLAY_AND_HEAR = """
import numpy as np
from edge.listener.input_factory import make_input
from edge.speaker.output_factory import make_output
speaker, microphone = make_output("shuttle_speaker", 48_000, 0.03), make_input("shuttle_microphone")
microphone.open()
print(len(microphone.read()) > 0)
microphone.close()
speaker.open()
for _ in range(20):
    speaker.write(np.full(480, 0.25, np.float32))
print(speaker.latency_s > 0)
speaker.close()
"""

pytestmark = pytest.mark.skipif(
    find_library("asound") is None or not SYSTEM.exists(), reason="alsa-lib is not installed"
)


def run(program: str, *arguments: str, config: Path) -> list[str]:
    """What the program printed, with alsa-lib under this configuration."""
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env=os.environ | {"ALSA_CONFIG_PATH": str(config)},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def config_file(folder: Path, more: str = "") -> Path:
    path = folder / "asound.conf"
    path.write_text(f"<{SYSTEM}>\n<{EXAMPLE}>\n{more}")
    return path


def test_alsa_understands_it_and_misses_nothing_but_the_card(tmp_path: Path) -> None:
    library = find_library("asound")
    assert library
    missing = str(-errno.ENODEV)
    assert run(OPEN, library, config=config_file(tmp_path)) == [missing, missing]


def test_a_mistake_in_it_would_be_seen(tmp_path: Path) -> None:
    library = find_library("asound")
    assert library
    mistake = 'pcm.!shuttle_speaker { type dmix ipc_kez 5151 slave.pcm "shuttle_card" }\n'
    speaker, _ = run(OPEN, library, config=config_file(tmp_path, mistake))
    assert speaker == str(-errno.EINVAL)


def test_speaker_and_listener_find_their_devices_by_these_names(
    tmp_path: Path, sound_server: SoundServer
) -> None:
    with sound_server.record() as recording:
        assert run(PLAY_AND_HEAR, config=config_file(tmp_path, STAND_IN)) == ["True", "True"]
    assert recording.samples.max() == pytest.approx(0.25, abs=0.01)
