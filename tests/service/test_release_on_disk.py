"""A release is on the disk before it is marked as complete, and before the link leads to it."""

from __future__ import annotations

import json
import shutil
import subprocess
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


def test_whoever_begins_a_change_brings_the_programs_of_today() -> None:
    """A shuttle whose release came long ago may have an older one, or none, which pull and prune call."""
    copies = [
        task.get("ansible.builtin.copy", {}) | task
        for task in flat(yaml.safe_load((TASKS / "begin.yml").read_text()))
    ]
    brought = {str(name) for copy in copies for name in [*copy.get("loop", []), copy.get("src", "")]}
    assert {"roll-out", INSTALL_RELEASE.name} <= brought


def halves(root: Path) -> tuple[str, str]:
    """A bundle's manifest without a usable archive, and what an install of it began here."""
    files = {
        "guide": {"name": "guide.tar", "sha256": "0" * 64},
        "wheels": {"name": "w.tar", "sha256": "1" * 64},
    }
    for begun in ("releases/r2", "cache/w", f"cache/venv-{'1' * 12}-python-3.11", "releases/r1"):
        (root / begun).mkdir(parents=True)
        (root / begun / "half").touch()
    for kept in ("guide.tar", "w.tar"):
        (root / "cache" / kept).write_text("x")
    (root / "current").symlink_to(root / "releases" / "r1")
    shutil.copy(INSTALL_RELEASE, root / "install-release")
    return json.dumps({"release": "r2", "python": "3.11", "files": files}), "w.tar guide.tar r1"


@pytest.mark.parametrize("command", [["install"], ["prune", "3"]])
def test_what_was_begun_and_is_not_whole_does_not_fill_the_disk(tmp_path: Path, command: list[str]) -> None:
    manifest, kept = halves(tmp_path)
    program = [sys.executable, str(tmp_path / "install-release"), *command]
    ended = subprocess.run(program, input=manifest, text=True, capture_output=True, check=False)
    assert ended.returncode == (1 if command == ["install"] else 0), "its archive is none"
    there = [path.name for part in ("cache", "releases") for path in (tmp_path / part).iterdir()]
    assert sorted(there) == sorted(kept.split()), "what runs stays, and what was fetched"


def test_a_mark_goes_before_what_it_marks(tmp_path: Path) -> None:
    manifest, _ = halves(tmp_path)
    old = tmp_path / "releases" / "old"
    old.mkdir()
    others = {f"file-{number}" for number in range(30)}
    for name in (*others, ".complete"):
        (old / name).touch()
    (tmp_path / "manifest.json").write_text(manifest)
    prune = f"{sys.executable} {tmp_path}/install-release prune 1 <{tmp_path}/manifest.json"
    calls = system_calls(["sh", "-c", prune], tmp_path / "calls", cwd=tmp_path)
    removed = [Path(call.paths[-1]).name for call in calls if call.name.startswith("unlink") and call.paths]
    assert others <= set(removed)
    assert removed.index(".complete") < min(map(removed.index, others))


def test_an_interpreter_in_use_stays_by_whatever_way_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    manifest, _ = halves(tmp_path / "disk")
    (tmp_path / "opt").symlink_to(tmp_path / "disk")
    for name in ("python-3.11-used", "python-3.11-of-long-ago"):
        (tmp_path / "disk" / name / "bin").mkdir(parents=True)
    venv = tmp_path / "disk" / "releases" / "r1" / ".venv"
    venv.mkdir()
    (venv / "pyvenv.cfg").write_text(f"home = {tmp_path}/opt/python-3.11-used/bin\n")
    program = [sys.executable, str(tmp_path / "disk" / "install-release"), "prune", "3"]
    subprocess.run(program, input=manifest, text=True, check=True, capture_output=True)
    assert [path.name for path in (tmp_path / "disk").glob("python-*")] == ["python-3.11-used"]


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
