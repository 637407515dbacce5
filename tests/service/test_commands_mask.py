"""Keys and passwords stand in nothing that a command tells, or a program that crashes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from edge.config import SECRETS
from tests.support.canaries import KEY, PASSWORD, parts_found

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "command",
    [
        ("config", "show"),
        ("config", "show", "--json"),
        ("config", "check"),
        ("doctor",),
        ("doctor", "--json"),
    ],
)
def test_no_command_shows_them(command: tuple[str, ...], tmp_path: Path) -> None:
    proxy = f"http://user:{PASSWORD}@127.0.0.1:9"
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "COLUMNS": "400",
        "HTTPS_PROXY": proxy,
        "SHUTTLE_GUIDE_STATE_DIR": str(tmp_path),
        "SHUTTLE_GUIDE_GROQ__BASE_URL": "http://127.0.0.1:9",
        "SHUTTLE_GUIDE_ELEVENLABS__BASE_URL": f"http://user:{PASSWORD}@127.0.0.1:9",
        "SHUTTLE_GUIDE_OPENAI__BASE_URL": f"http://127.0.0.1:9/v1?api_key={PASSWORD}",
        "SHUTTLE_GUIDE_MQTT__USERNAME": "guide",
        "SHUTTLE_GUIDE_MQTT__HOST": f"user:{PASSWORD}@127.0.0.1",
        "SHUTTLE_GUIDE_MODELS_MIRROR": f"https://user:{PASSWORD}@127.0.0.1",
        **{name.upper(): KEY for name in SECRETS},
    }
    ended = subprocess.run(
        [sys.executable, "-m", "edge", *command], cwd=tmp_path, env=env, capture_output=True, text=True
    )
    assert ended.returncode in (0, 1), ended.stderr
    assert ended.stdout
    assert not parts_found(ended.stdout + ended.stderr), ended.stdout


def test_a_program_that_crashes_shows_none(tmp_path: Path) -> None:
    script = tmp_path / "crash.py"
    secret = repr(PASSWORD)[1:-1]
    script.write_text(
        "import sys, threading\n"
        "from edge import journal\n"
        "journal.be_discreet()\n"
        "words = sys.stdin.read()\n"
        "def fail(): raise ValueError(words)\n"
        "thread = threading.Thread(target=fail); thread.start(); thread.join()\n"
        "fail()\n"
    )
    ended = subprocess.run([sys.executable, script], input=secret, capture_output=True, text=True, cwd=ROOT)
    assert ended.returncode == 1
    assert ended.stderr.count("\nValueError\n") == 2
    assert not parts_found(ended.stderr), ended.stderr
