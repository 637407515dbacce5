"""The recognizer server's container as it is written down: image, compose files, what the build is given."""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.compose import compose_file

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy/fleet/recognizer"


def instructions() -> list[tuple[str, str]]:
    """Each instruction of the Dockerfile with its arguments."""
    text = re.sub(r"(?m)^\s*#.*\n", "", (FOLDER / "Dockerfile").read_text()).replace("\\\n", " ")
    return [
        (name, rest.strip()) for name, _, rest in (line.partition(" ") for line in text.splitlines()) if name
    ]


def recognizer() -> dict[str, Any]:
    service: dict[str, Any] = compose_file(FOLDER / "compose.yaml")["services"]["recognizer"]
    return service


def test_code_comes_last_and_packages_come_by_their_hashes() -> None:
    made = instructions()
    (code,) = (at for at, (name, rest) in enumerate(made) if name == "COPY" and rest.startswith("edge "))
    after = [name for name, _ in made[code + 1 :]]
    assert after == ["RUN", "WORKDIR", "USER"]
    installs = [rest for name, rest in made if name == "RUN" and "pip install" in rest]
    assert all("--require-hashes" in rest or "--no-index" in rest for rest in installs)
    locks = ("requirements-recognizer.lock", "requirements-recognizer-gpu.lock")
    assert all("index" not in (ROOT / lock).read_text() for lock in locks)


def test_it_runs_as_somebody_who_may_nothing() -> None:
    (user,) = {rest for name, rest in instructions() if name == "USER"}
    service = recognizer()
    assert user == service["user"] != "0:0"
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    writable = [each for each in service["volumes"] if not each.endswith(":ro")]
    assert writable == []


def test_image_and_compose_ask_the_same_health() -> None:
    (check,) = (rest for name, rest in instructions() if name == "HEALTHCHECK")
    options, _, command = check.partition(" CMD ")
    asked = recognizer()["healthcheck"]
    assert ["CMD", *json.loads(command)] == asked["test"]
    told = dict(re.findall(r"--([a-z-]+)=(\S+)", options))
    assert told == {
        "interval": asked["interval"],
        "timeout": asked["timeout"],
        "start-period": asked["start_period"],
        "retries": str(asked["retries"]),
    }


def test_a_gpu_is_reserved_where_one_is_asked_for() -> None:
    service = compose_file(FOLDER / "compose.gpu.yaml")["services"]["recognizer"]
    (device,) = service["deploy"]["resources"]["reservations"]["devices"]
    assert device["capabilities"] == ["gpu"]


def test_the_build_is_given_what_it_copies_and_nothing_else() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    given = {rule[1:] for rule in rules if rule.startswith("!")}
    copied = {source for name, rest in instructions() if name == "COPY" for source in rest.split()[:-1]}
    assert given == copied
    assert all((ROOT / path).exists() for path in given)
    for link in (path for path in (ROOT / "edge").rglob("*") if path.is_symlink()):
        target = (link.parent / link.readlink()).resolve().relative_to(ROOT.resolve())
        assert any(fnmatch.fnmatch(str(target), f"{path}*") for path in given), (
            f"{link} leads out of what is given"
        )


def test_the_script_runs_it_as_compose_does(tmp_path: Path) -> None:
    """An engine without compose is given the same by its options."""
    (tmp_path / "recognizer.env").touch()
    service = recognizer()
    asked = engine(tmp_path, "run", RECOGNIZER_ETC=str(tmp_path)).stdout
    options = dict(re.findall(r"--([a-z-]+) ([^-\s]\S*)", asked))
    assert "--read-only" in asked
    assert [options["cap-drop"]] == service["cap_drop"]
    assert [f"{options['security-opt']}:true"] == service["security_opt"]
    assert [options["tmpfs"]] == service["tmpfs"]
    limits = service["deploy"]["resources"]["limits"]
    assert options["memory"] == limits["memory"].lower()
    assert int(options["pids-limit"]) == limits["pids"]
    assert f"{options['stop-timeout']}s" == service["stop_grace_period"]
    assert options["restart"] == service["restart"]
    assert asked.split()[-2:] == service["command"]
    assert "--gpus" not in asked
    assert "--gpus all" in engine(tmp_path, "run", RECOGNIZER_ETC=str(tmp_path), GPU="1").stdout


@pytest.mark.parametrize("doing", ["run", "logs", "status", "stop"])
def test_what_buildah_cannot_do_it_says_in_one_line(tmp_path: Path, doing: str) -> None:
    refused = engine(tmp_path, doing, ENGINE="buildah")
    assert refused.returncode != 0
    assert "buildah builds images and runs none" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


def test_what_is_missing_is_said_in_one_line(tmp_path: Path) -> None:
    for settings, said in (
        ({"ENGINE": "lxc"}, "expected ENGINE=docker, podman or buildah, got 'lxc'"),
        ({}, "expected RECOGNIZER_ETC=FOLDER"),
    ):
        refused = engine(tmp_path, "run", **settings)
        assert refused.returncode != 0
        assert said in refused.stderr


def engine(folder: Path, doing: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """The script with engines that only say what they were asked."""
    programs = folder / "bin"
    programs.mkdir(exist_ok=True)
    for name in ("docker", "podman", "buildah"):
        (programs / name).write_text('#!/bin/sh\necho "$@"\n')
        (programs / name).chmod(0o755)
    environment = {"PATH": f"{programs}:{os.environ['PATH']}"} | settings
    return subprocess.run(
        shlex.split(f"{FOLDER / 'engine.sh'} {doing}"),
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
