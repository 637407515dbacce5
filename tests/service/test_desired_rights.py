"""Who may read and write what the fleet desires, between real users, in the folders that systemd makes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

SYSTEMD = Path(__file__).parents[2] / "systemd"
GUIDE = 61_900
PROGRAM = """
import json, os, sys
from pathlib import Path
from edge.config.desired import desired_path
from edge.config.load import loaded
from edge.fleet.configuration import DesiredBody
from edge.telemetry.fleet.desired_file import write

user, group, action, folder = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
os.setgroups([]), os.setgid(group), os.setuid(user), os.umask(0o077)
os.environ.pop("CREDENTIALS_DIRECTORY", None)
path = desired_path(folder)
if action == "write":
    write(path, DesiredBody(version="v1", ts=1.0, settings={"speaker": {"volume": 0.25}}))
    (path.parent / "fleet.sqlite").write_bytes(b"turns")
    print(json.dumps(oct(path.stat().st_mode & 0o777)))
elif action == "read":
    now = loaded({"SHUTTLE_GUIDE_FLEET__HOST": "fleet.example", "SHUTTLE_GUIDE_STATE_DIR": folder})
    print(json.dumps([now.settings.speaker.volume, [str(note) for note in now.notes]]))
elif action == "spy":
    print(json.dumps((path.parent / "fleet.sqlite").read_text()))
elif action == "replace":
    (path.parent / "new").write_bytes(b"")
    (path.parent / "new").replace(path)
"""

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to be several users")


class Person(NamedTuple):
    number: int
    group: int


TELEMETRY, SPEAKER, STRANGER = Person(61_901, GUIDE), Person(61_902, GUIDE), Person(61_903, 61_903)


def ran(who: Person, action: str, folder: Path) -> subprocess.CompletedProcess[str]:
    arguments = (str(who.number), str(who.group), action, str(folder))
    command = (sys.executable, "-c", PROGRAM, *arguments)
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """``/var/lib/shuttle-guide``, with a folder for each unit."""
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.geteuid() and not folder.stat().st_mode & 0o001:
            folder.chmod(0o755)
    for process, person in (("telemetry", TELEMETRY), ("speaker", SPEAKER)):
        unit = (SYSTEMD / f"shuttle-guide-{process}.service").read_text()
        mode = re.search(r"(?m)^StateDirectoryMode=(\d+)$", unit)
        assert mode
        folder = tmp_path / process
        folder.mkdir()
        os.chown(folder, person.number, person.group)
        folder.chmod(int(mode[1], 8))
    return tmp_path


def test_telemetry_writes_it_the_guide_reads_it_and_nobody_else_does_either(state: Path) -> None:
    written = ran(TELEMETRY, "write", state / "telemetry")
    assert json.loads(written.stdout) == "0o640", written.stderr
    assert json.loads(ran(SPEAKER, "read", state / "speaker").stdout) == [0.25, []]
    assert "PermissionError" in ran(SPEAKER, "spy", state / "speaker").stderr
    assert "PermissionError" in ran(SPEAKER, "replace", state / "speaker").stderr
    volume, notes = json.loads(ran(STRANGER, "read", state / "telemetry").stdout)
    assert volume == 0.8
    assert "Permission denied" in notes[0]
