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
from tests.support.shuttle_files import ROLL_OUT, ShuttleFiles
from tests.support.system_calls import Call, lost_by_a_cut, system_calls

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


def test_every_mark_comes_right_after_the_sync() -> None:
    assert [name for name, *_ in MARKS] == ["dependencies.yml", "interpreter.yml", "release.yml"]
    for name, tasks, place in MARKS:
        assert is_sync(tasks[place - 1]), f"{name}: {tasks[place]['name']}"


def test_no_task_makes_the_link_by_itself() -> None:
    links = [
        tasks[place][FILE].get("dest", tasks[place][FILE].get("path")) for _, tasks, place in files_made()
    ]
    assert "{{ app_root }}/current" not in links


def test_a_cut_at_the_mark_finds_all_that_was_before(tmp_path: Path) -> None:
    """The role's own tasks, in their order, run by Ansible."""
    if not ANSIBLE.exists():
        pytest.skip("no Ansible in .venv-deploy; run: make setup")
    root = tmp_path / "root"
    release = root / "releases" / "r2"
    release.mkdir(parents=True)
    _, installing, mark = next(found for found in MARKS if found[0] == "release.yml")
    program = {"ansible.builtin.shell": f"mkdir {release}/bin && echo program > {release}/bin/guide"}
    tasks = [program, *installing[mark - 1 : mark + 1]]
    for task in tasks:
        if INCLUDE in task:
            task[INCLUDE] = str(TASKS / task[INCLUDE])
    known = {
        "app_root": str(root),
        "app_release_dir": str(release),
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

    marked = next(at for at, call in enumerate(calls) if call.opened == f"{release}/.complete")
    assert any(call.opened == f"{release}/bin/guide" for call in calls[:marked])
    assert lost_by_a_cut(calls[:marked], root) == []


@pytest.fixture
def shuttle(tmp_path: Path) -> ShuttleFiles:
    shuttle = ShuttleFiles(tmp_path / "root")
    shuttle.make_release("r1")
    shuttle.make_release("r2")
    shuttle.roll_out("change-to", "r1")
    shuttle.roll_out("proven", "r1")
    return shuttle


def traced(shuttle: ShuttleFiles, folder: Path, *arguments: str) -> list[Call]:
    environment = [f"{name}={value}" for name, value in shuttle.environment.items()]
    command = ["env", *environment, str(ROLL_OUT), *arguments]
    return system_calls(command, folder / f"calls-{arguments[0]}", cwd=shuttle.root)


def first(calls: list[Call], name: str, path: Path) -> int:
    """Place of the first call of this kind whose last path is this one."""
    return next(
        at for at, call in enumerate(calls) if call.name.startswith(name) and call.paths[-1:] == [str(path)]
    )


def test_a_cut_at_the_link_finds_all_that_it_leads_to(shuttle: ShuttleFiles, tmp_path: Path) -> None:
    calls = traced(shuttle, tmp_path, "change-to", "r2")
    opt, etc = shuttle.root / "opt" / "shuttle-guide", shuttle.root / "etc"
    assert shuttle.runs() == "r2"
    linked = first(calls, "rename", opt / "current")
    synced = [at for at, call in enumerate(calls) if call.name == "syncfs" and call.file == str(etc)]
    assert any(call.opened == f"{etc}/systemd/system/shuttle-guide.target" for call in calls[:linked])
    assert [at for at in synced if at < linked], "the units"
    assert lost_by_a_cut(calls[:linked], etc) == []
    assert lost_by_a_cut(calls[:linked], opt) == [f"name of {opt}/.current"]
    assert [at for at in synced if at > linked], "the link itself"


def test_who_comes_back_is_on_the_disk_before_anything_changes(shuttle: ShuttleFiles, tmp_path: Path) -> None:
    calls = traced(shuttle, tmp_path, "begin")
    opt = shuttle.root / "opt" / "shuttle-guide"
    assert any(call.opened == f"{opt}/at-risk" for call in calls)
    assert lost_by_a_cut(calls, opt) == []
    assert shuttle.commands()[-1] == "systemctl restart shuttle-put-back.timer"


def test_what_was_proven_is_on_the_disk_before_it_counts(shuttle: ShuttleFiles, tmp_path: Path) -> None:
    shuttle.roll_out("change-to", "r2")
    calls = traced(shuttle, tmp_path, "proven", "r2")
    kept = shuttle.root / "opt" / "shuttle-guide" / "kept"
    counted = first(calls, "rename", kept / "proven")
    assert set(lost_by_a_cut(calls[:counted], kept)) <= {
        f"name of {kept}/{name}" for name in (".proven", ".before", "before")
    }
    assert lost_by_a_cut(calls, kept) == []
