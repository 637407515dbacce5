"""`make deploy`, `make remote-status` and `make remote-logs`: Ansible and journalctl underneath."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.fleet import ANSIBLE, ROOT

pytestmark = [
    pytest.mark.skipif(not ANSIBLE.exists(), reason="no Ansible in .venv-deploy; run: make setup"),
    pytest.mark.skipif(shutil.which("make") is None, reason="needs make"),
    pytest.mark.timeout(120),
]
JOURNALCTL = """\
#!/bin/sh
echo "journal of $* here"
"""


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    """Two shuttles that are this machine."""
    local = {
        "ansible_connection": "local",
        "ansible_become": False,
        "ansible_python_interpreter": sys.executable,
    }
    hosts = {"shuttle-01": local, "shuttle-02": local}
    path = tmp_path / "hosts.json"
    path.write_text(json.dumps({"shuttles": {"hosts": hosts}}))
    program = tmp_path / "bin" / "journalctl"
    program.parent.mkdir()
    program.write_text(JOURNALCTL)
    program.chmod(0o755)
    return path


def make(inventory: Path, *arguments: str) -> tuple[int, str]:
    """Exit code, and all that it printed. Ansible is there already."""
    path = f"{inventory.parent / 'bin'}:{os.environ['PATH']}"
    ended = subprocess.run(
        ["make", "--old-file=.venv-deploy/.ready", f"INVENTORY={inventory}", *arguments],
        cwd=ROOT,
        env=os.environ | {"PATH": path, "ANSIBLE_NOCOLOR": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return ended.returncode, ended.stdout + ended.stderr


def test_the_journal_of_one_shuttle_is_shown(inventory: Path) -> None:
    code, said = make(inventory, "remote-logs", "SHUTTLE=shuttle-02", "LINES=7")
    assert code == 0, said
    assert "journal of --unit=shuttle-guide* --lines=7 --no-pager here" in said
    assert "shuttle-02" in said
    assert "shuttle-01" not in said


def test_whose_journal_has_to_be_said(inventory: Path) -> None:
    code, said = make(inventory, "remote-logs")
    assert code != 0
    assert "expected SHUTTLE=" in said
    assert "journal of" not in said


@pytest.mark.parametrize("target", ["deploy", "remote-status"])
def test_playbooks_are_played_on_all_or_on_one(inventory: Path, target: str) -> None:
    code, said = make(inventory, target, "ANSIBLE_ARGS=--list-hosts")
    assert code == 0, said
    assert {"shuttle-01", "shuttle-02"} <= set(said.split())
    assert f"playbook: playbooks/{'site' if target == 'deploy' else 'status'}.yml" in said
    code, said = make(inventory, target, "SHUTTLE=shuttle-02", "ANSIBLE_ARGS=--list-hosts")
    assert code == 0, said
    assert "shuttle-02" in said.split()
    assert "shuttle-01" not in said.split()
