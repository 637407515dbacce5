"""RealtimeSTT's own client, unchanged, in an environment of its own that is made once per checkout.

Its module imports PyAudio, which comes as source only: it takes a compiler and PortAudio's headers.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

ENVIRONMENT = Path(__file__).parents[2] / ".venv-realtimestt"
PACKAGE = "realtimestt==1.1.2"
WITHOUT_DEPENDENCIES = (PACKAGE, "websocket-client==1.9.0", "colorama==0.4.6")
WITH_DEPENDENCIES = ("numpy>=2,<3", "scipy>=1.15,<2", "PyAudio==0.2.14")
FITS = range(11, 13)
"""Minor versions of Python 3 that the package takes."""
MADE_WITHIN_S = 600


def stock_client_python() -> Path:
    """The interpreter that has the client; skips with one line where it cannot be had."""
    if sys.version_info.minor not in FITS:
        pytest.skip(f"{PACKAGE} takes Python 3.11 and 3.12, this is 3.{sys.version_info.minor}")
    python = ENVIRONMENT / "bin/python"
    with _one_at_a_time():
        if not (ENVIRONMENT / ".made").exists():
            _make(python)
    return python


def _make(python: Path) -> None:
    commands = (
        [sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)],
        [str(python), "-m", "pip", "install", "--quiet", "--no-deps", *WITHOUT_DEPENDENCIES],
        [str(python), "-m", "pip", "install", "--quiet", *WITH_DEPENDENCIES],
        [str(python), "-c", "from RealtimeSTT import AudioToTextRecorderClient"],
    )
    for command in commands:
        made = subprocess.run(command, capture_output=True, text=True, timeout=MADE_WITHIN_S, check=False)
        if made.returncode:
            lines = made.stderr.strip().splitlines() or ["no reason was given"]
            pytest.skip(f"{PACKAGE} cannot be installed here (PyAudio needs portaudio19-dev): {lines[-1]}")
    (ENVIRONMENT / ".made").touch()


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    with Path(f"{ENVIRONMENT}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def run_stock_client(program: str, *arguments: str, environment: Mapping[str, str] | None = None) -> Any:
    """What a program that uses the client prints as its last line, in JSON."""
    python = stock_client_python()
    done = subprocess.run(
        [str(python), "-c", program, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, **(environment or {})},
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return json.loads(done.stdout.strip().splitlines()[-1])
