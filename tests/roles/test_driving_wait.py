"""The role's own look at a shuttle that goes on driving, by Ansible, with stubs for what it asks."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from tests.support.fleet import ANSIBLE, ansible

pytestmark = [
    pytest.mark.skipif(not ANSIBLE.exists(), reason="no Ansible in .venv-deploy; run: make setup"),
    pytest.mark.timeout(400),
]
DRIVES = json.dumps([{"name": "ingest vehicle", "verdict": "ok", "is": "driving"}])


def test_who_was_waited_for_in_vain_is_only_asked_again(tmp_path: Path) -> None:
    programs = {
        "current/.venv/bin/shuttle-guide": f"echo $1 >>{tmp_path}/asked; echo '{DRIVES}'",
        "roll-out": "true",
        "bin/systemctl": "echo active",
    }
    for name, line in programs.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"#!/bin/sh\n{line}\n")
        (tmp_path / name).chmod(0o755)
    look = {"ansible.builtin.include_role": {"name": "app", "tasks_from": "health"}}
    note = {"ansible.builtin.command": f"{tmp_path}/current/.venv/bin/shuttle-guide again"}
    known = {
        "app_root": str(tmp_path),
        "app_spoken_test": "Hello.",
        "app_wait_standing_s": 10,
        "ansible_python_interpreter": sys.executable,
    }
    play = {"hosts": "localhost", "gather_facts": False, "vars": known, "tasks": [look, note, look]}
    (tmp_path / "play.yml").write_text(json.dumps([play]))
    stubs = {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}"}
    played = ansible(ANSIBLE, "-i", "localhost,", "-c", "local", tmp_path / "play.yml", environment=stubs)
    assert played.returncode == 0, played.output
    assert played.output.count("localhost DRIVES, so nobody has heard it") == 2
    asked = (tmp_path / "asked").read_text().split()
    assert "trigger" not in asked
    first, second = asked[: asked.index("again")], asked[asked.index("again") + 1 :]
    assert (first, second) == (["doctor"] * 3, ["doctor"] * 2)
