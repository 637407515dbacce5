"""A release is on the disk before it is marked as complete, and before the link leads to it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.fleet import ANSIBLE
from tests.support.system_calls import lost_by_a_cut, system_calls

TASKS = Path(__file__).parents[2] / "deploy" / "ansible" / "roles" / "app" / "tasks"
FILE, INCLUDE = "ansible.builtin.file", "ansible.builtin.include_tasks"
Task = dict[str, Any]


def lists_of_tasks(tasks: list[Task]) -> Iterator[list[Task]]:
    """The list itself and those of its blocks: within each, what stands first is done first."""
    yield tasks
    for task in tasks:
        for part in ("block", "rescue", "always"):
            yield from lists_of_tasks(task.get(part, []))


def files_made() -> Iterator[tuple[str, list[Task], int]]:
    for path in sorted(TASKS.glob("*.yml")):
        for tasks in lists_of_tasks(yaml.safe_load(path.read_text("utf-8"))):
            for place, task in enumerate(tasks):
                if FILE in task:
                    yield path.name, tasks, place


def is_sync(task: Task) -> bool:
    return str(task.get(INCLUDE, "")).endswith("on_disk.yml")


MARKS = [
    (name, tasks, place)
    for name, tasks, place in files_made()
    if str(tasks[place][FILE].get("path", "")).endswith("/.complete")
    and tasks[place][FILE]["state"] == "touch"
]
LINKS = [
    (name, tasks, place)
    for name, tasks, place in files_made()
    if tasks[place][FILE].get("dest") == "{{ app_root }}/current"
]


def test_every_mark_and_every_link_comes_right_after_the_sync() -> None:
    assert [name for name, *_ in MARKS] == ["dependencies.yml", "interpreter.yml", "release.yml"]
    assert [name for name, *_ in LINKS] == ["switch.yml"]
    for name, tasks, place in MARKS + LINKS:
        assert is_sync(tasks[place - 1]), f"{name}: {tasks[place]['name']}"
    for name, tasks, place in LINKS:
        assert is_sync(tasks[place + 1]), f"{name}: after {tasks[place]['name']}"


def test_a_cut_at_the_mark_or_at_the_link_finds_all_that_was_before(tmp_path: Path) -> None:
    """The role's own tasks, in their order, run by Ansible."""
    if not ANSIBLE.exists():
        pytest.skip("no Ansible in .venv-deploy; run: make setup")
    root = tmp_path / "root"
    release = root / "releases" / "r2"
    release.mkdir(parents=True)
    (root / "current").symlink_to(root / "releases" / "r1")
    _, installing, mark = next(found for found in MARKS if found[0] == "release.yml")
    _, switching, link = LINKS[0]
    program = {"ansible.builtin.shell": f"mkdir {release}/bin && echo program > {release}/bin/guide"}
    settings = {"ansible.builtin.shell": f"echo settings > {release}/guide.toml"}
    tasks = [program, *installing[mark - 1 : mark + 1], settings, *switching[link - 1 : link + 2]]
    for task in tasks:
        if INCLUDE in task:
            task[INCLUDE] = str(TASKS / task[INCLUDE])
    known = {
        "app_root": str(root),
        "app_release_dir": str(release),
        "app_switch_to": "r2",
        "ansible_python_interpreter": sys.executable,
    }
    play = {"hosts": "localhost", "gather_facts": False, "vars": known, "tasks": tasks}
    playbook = tmp_path / "play.yml"
    playbook.write_text(json.dumps([play]), "utf-8")
    home = {
        "HOME": tmp_path,
        "ANSIBLE_LOCAL_TEMP": tmp_path / "local",
        "ANSIBLE_REMOTE_TEMP": tmp_path / "remote",
    }
    command = ["env", *(f"{name}={value}" for name, value in home.items()), str(ANSIBLE)]
    calls = system_calls(
        [*command, "-i", "localhost,", "-c", "local", str(playbook)], tmp_path / "calls", cwd=root
    )

    assert (root / "current").resolve() == release
    marked = next(at for at, call in enumerate(calls) if call.opened == f"{release}/.complete")
    linked = next(
        at
        for at, call in enumerate(calls)
        if call.name.startswith("rename") and call.paths[-1] == f"{root}/current"
    )
    assert any(call.opened == f"{release}/bin/guide" for call in calls[:marked])
    assert marked < linked
    assert lost_by_a_cut(calls[:marked], root) == []
    assert lost_by_a_cut(calls[:linked], root) in ([], [f"name of {calls[linked].paths[0]}"])
    assert lost_by_a_cut(calls, root) == []
