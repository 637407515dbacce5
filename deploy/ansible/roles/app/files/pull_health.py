"""Whether the guide that runs is well, as the role's health.yml asks (pull.py).

PULL_ROOT is a folder to take for / (for tests).
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pull_file import RefusedError

ROOT = Path(os.environ.get("PULL_ROOT", "/"))
OPT, ETC = ROOT / "opt/shuttle-guide", ROOT / "etc/shuttle-guide"
CURRENT = OPT / "current"
GUIDE = CURRENT / ".venv/bin/shuttle-guide"
UNITS = [
    f"shuttle-guide-{process}"
    for process in ("ingest", "listener", "commentator", "speaker", "telemetry", "console")
]
ENVIRONMENT = {
    "SHUTTLE_GUIDE_RUNTIME_DIR": "/run/shuttle-guide",
    "CREDENTIALS_DIRECTORY": str(ETC / "credentials"),
    "PYTHONDONTWRITEBYTECODE": "1",
}
IS_DRIVING = re.compile(r' vehicle",[^}]*"driving"')
"""As ``doctor --json`` tells it of ingest."""
COMMAND_S = 300.0
PAUSE_S = 2.0
"""Between two looks of the doctor's."""


class UnhealthyError(Exception):
    """Why what runs is not healthy."""


def call(command: Sequence[str | Path], text: str | None = None) -> str:
    """What it says. Raises RefusedError with its last line where it fails."""
    ended = subprocess.run(
        list(map(str, command)),
        env=os.environ | ENVIRONMENT,
        input=text,
        capture_output=True,
        text=True,
        timeout=3 * 3600,
    )
    if ended.returncode:
        lines = (ended.stderr.strip() or ended.stdout.strip()).splitlines() or [
            f"ended with {ended.returncode}"
        ]
        raise RefusedError(f"{Path(command[0]).name} {command[1]}: {lines[-1]}")
    return ended.stdout.strip()


def roll_out(*arguments: str) -> str:
    return call([OPT / "roll-out", *arguments])


def prove(release: str, settings: dict[str, Any], before: Sequence[str] = ()) -> bool:
    """Returns when it is healthy; False where it still owes to be heard.

    Args:
        before: lives of the processes that are to be over.
    """
    until_mono = time.monotonic() + settings["ready_within_s"]
    while set(_systemctl("is-active")) != {"active"} or set(lives()) & set(before):
        if time.monotonic() > until_mono:
            raise UnhealthyError(f"not every process was ready within {settings['ready_within_s']} s")
        time.sleep(1)
    now = lives()
    for left in reversed(range(6)):  # a device may open late
        doctor = guide("doctor", "--json")
        if doctor.returncode == 0:
            break
        if not left:
            raise UnhealthyError(f"the doctor misses: {_missing(doctor.stdout) or doctor.stderr.strip()}")
        time.sleep(PAUSE_S)
    roll_out("ready")
    if settings["spoken_test"]:
        if not stands(settings["wait_standing_s"]):
            return False
        spoken = guide("trigger", "--topic=announce", "--as-json", settings["spoken_test"])
        if spoken.returncode and "muted" not in spoken.stderr:
            raise UnhealthyError("the spoken test was not heard")
    if lives() != now:
        raise UnhealthyError("a process was started anew while the release was looked at")
    roll_out("proven", release)
    return True


def stands(within_s: float) -> bool:
    """Waits for it, at most so long. A vehicle that tells no speed counts as standing."""
    until_mono = time.monotonic() + within_s
    while IS_DRIVING.search(guide("doctor", "--json").stdout):
        if time.monotonic() > until_mono:
            return False
        time.sleep(min(10.0, within_s / 10))
    return True


def lives() -> list[str]:
    return _systemctl("show", "--property=InvocationID", "--value")


def guide(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(GUIDE), *arguments]
    try:
        return subprocess.run(
            command, env=os.environ | ENVIRONMENT, capture_output=True, text=True, timeout=COMMAND_S
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 1, "", f"no answer within {COMMAND_S:.0f} s")
    except OSError as error:
        return subprocess.CompletedProcess(command, 1, "", str(error))


def _systemctl(*arguments: str) -> list[str]:
    """Of all units; some may have failed."""
    return subprocess.run(
        ["systemctl", *arguments, *UNITS], capture_output=True, text=True, timeout=COMMAND_S
    ).stdout.split()


def _missing(told: str) -> str:
    try:
        return ", ".join(found["name"].strip() for found in json.loads(told) if found["verdict"] == "missing")
    except ValueError:
        return ""
