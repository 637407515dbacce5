"""A release is on the disk before it is marked as complete, and before the link leads to it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.light_bundle import make_interpreter, make_light_bundle, missing_python
from tests.support.shuttle_files import ROLL_OUT, ShuttleFiles
from tests.support.system_calls import Call, lost_by_a_cut, system_calls

INSTALL_RELEASE = ROLL_OUT.with_name("install_release.py")
TASKS = ROLL_OUT.parents[1] / "tasks"


def test_no_task_makes_mark_or_link_by_itself() -> None:
    """It is the programs' work, whose order of writes and syncs is looked at below."""
    for path in sorted(TASKS.glob("*.yml")):
        for task in flat(yaml.safe_load(path.read_text("utf-8"))):
            made = task.get("ansible.builtin.file", {})
            names = {str(made.get("dest", "")), str(made.get("path", ""))}
            assert not any(name.endswith(("/.complete", "}}/current")) for name in names), path.name


def flat(tasks: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for task in tasks:
        yield task
        for part in ("block", "rescue", "always"):
            yield from flat(task.get(part, []))


def test_a_cut_at_a_mark_finds_all_that_was_before(tmp_path: Path) -> None:
    """Of the interpreter, of what releases share, and of the release: by the program itself."""
    if reason := missing_python():
        pytest.skip(reason)
    root = tmp_path / "root"
    (root / "cache").mkdir(parents=True)
    program = root / "install-release"
    shutil.copy(INSTALL_RELEASE, program)
    name = make_light_bundle(root / "cache", "first", make_interpreter(root / "cache", "one"))
    install = f"{sys.executable} {program} install <{root}/cache/manifest.json"
    calls = system_calls(["sh", "-c", install], tmp_path / "calls", cwd=root)
    marks = [at for at, call in enumerate(calls) if call.opened.endswith("/.complete")]
    assert [Path(calls[at].opened).parent.name.split("-")[0] for at in marks] == ["python", "venv", "0.1.0"]
    assert (root / "releases" / name / ".complete").exists()
    for at in marks:
        # What was renamed unwritten before is written now: between, there was no mark, and nobody takes it.
        lost = [line for line in lost_by_a_cut(calls[:at], root) if "its name before" not in line]
        assert lost == [], calls[at].opened


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
