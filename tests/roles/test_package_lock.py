"""Who holds the package lock at a board's first boot is named and waited for: the true tasks, true locks."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.fleet import ANSIBLE, ROOT, Played, ansible

pytestmark = pytest.mark.skipif(not ANSIBLE.exists(), reason="no Ansible in .venv-deploy; run: make setup")
BASE = ROOT / "deploy" / "ansible" / "roles" / "base"
LOCKS = (
    "/var/lib/dpkg/lock-frontend",
    "/var/lib/dpkg/lock",
    "/var/lib/apt/lists/lock",
    "/var/cache/apt/archives/lock",
)
HOLD = """\
import fcntl, os, sys, time
lock = open(sys.argv[1], "w")
fcntl.lockf(lock, fcntl.LOCK_EX)
print("held", flush=True)
until = time.monotonic() + 300
while time.monotonic() < until and not os.path.exists(sys.argv[2]):
    time.sleep(0.1)
"""
Hold = Callable[[Path], int]


@pytest.fixture
def hold(tmp_path: Path) -> Iterator[Hold]:
    """Locks a file until ``let-go`` is there, as apt does; gives the process's id."""
    holders: list[subprocess.Popen[str]] = []

    def begin(path: Path) -> int:
        command = [sys.executable, "-c", HOLD, str(path), str(tmp_path / "let-go")]
        holders.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        assert holders[-1].stdout is not None
        assert holders[-1].stdout.readline() == "held\n"
        return holders[-1].pid

    yield begin
    for holder in holders:
        holder.kill()
        holder.wait()
        assert holder.stdout is not None
        holder.stdout.close()


@pytest.fixture
def script(tmp_path: Path) -> str:
    """``apt_holders.sh`` for the locks of a system in a folder."""
    text = (BASE / "files" / "apt_holders.sh").read_text()
    assert {*re.findall(r"/var/[a-z/-]+", text)} == {*LOCKS}
    for lock in LOCKS:
        (tmp_path / lock[1:]).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / lock[1:]).touch()
    return text.replace("/var/", f"{tmp_path}/var/")


def told(script: str) -> str:
    ended = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True, timeout=60)
    return ended.stdout


def play(folder: Path, script: str, wait_s: int) -> Played:
    role = folder / "roles" / "base"
    (role / "files").mkdir(parents=True)
    (role / "tasks").mkdir()
    (role / "files" / "apt_holders.sh").write_text(script)
    shutil.copy(BASE / "tasks" / "apt_lock.yml", role / "tasks" / "main.yml")
    tasks = (role / "tasks" / "main.yml").read_text()
    (role / "tasks" / "main.yml").write_text(tasks.replace("delay: 10", "delay: 1"))
    playbook = folder / "play.json"
    roles = [{"role": "base", "base_apt_wait_s": wait_s}]
    playbook.write_text(
        json.dumps([{"hosts": "localhost", "connection": "local", "gather_facts": False, "roles": roles}])
    )
    extra = json.dumps({"ansible_python_interpreter": sys.executable})
    return ansible(
        *(ANSIBLE, "-i", "localhost,", "-e", extra, playbook),
        environment={
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "ANSIBLE_ROLES_PATH": str(folder / "roles"),
        },
    )


@pytest.mark.parametrize("lock", LOCKS)
def test_the_holder_of_each_lock_is_named(lock: str, script: str, tmp_path: Path, hold: Hold) -> None:
    assert told(script) == ""
    pid = hold(tmp_path / lock[1:])
    (line,) = told(script).splitlines()
    assert line.startswith(f"{tmp_path}{lock}: process {pid} (")
    assert sys.executable in line


def test_a_lock_that_is_let_go_is_waited_for(script: str, tmp_path: Path, hold: Hold) -> None:
    pid = hold(tmp_path / LOCKS[0][1:])
    played = play(tmp_path, f"{script}\ntouch {tmp_path}/let-go\n", wait_s=600)  # when it was asked once
    assert played.returncode == 0, played.output
    said = " ".join(played.output.split())
    assert f"THE PACKAGE LOCK IS HELD: {tmp_path}{LOCKS[0]}: process {pid}" in said
    assert "Waiting for it, 10 minutes at most; this goes on by itself." in said


def test_one_that_is_not_let_go_ends_the_play_with_its_name(script: str, tmp_path: Path, hold: Hold) -> None:
    pid = hold(tmp_path / LOCKS[1][1:])
    played = play(tmp_path, script, wait_s=20)
    assert played.returncode != 0
    said = " ".join(played.output.split())
    assert f"free after 20 s; it is held: {tmp_path}{LOCKS[1]}: process {pid}" in said
    assert "run this again" in said
