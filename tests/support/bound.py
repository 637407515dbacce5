"""A role's tasks on this machine, with folders of the test's own in the place of some below ``/etc``."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support.fleet import ANSIBLE, Played, ansible


def play(
    folder: Path,
    tasks: Sequence[object],
    places: Mapping[str, Path],
    settings: Mapping[str, Any],
    **environment: str,
) -> Played:
    """Play the tasks in a mount namespace of their own.

    Args:
        folder: for the playbook; programs in its ``bin`` come before this machine's.
        places: what of this machine is hidden, or is not there → what stands in its place.
    """
    if not ANSIBLE.exists():
        pytest.skip("no Ansible in .venv-deploy; run: make setup")
    if os.geteuid() != 0:
        pytest.skip("needs root to put a folder in the place of another")
    about = {"hosts": "localhost", "connection": "local", "gather_facts": False}
    (folder / "play.json").write_text(json.dumps([{**about, "tasks": list(tasks)}]))
    extra = {"ansible_python_interpreter": sys.executable, "base_bundle_dir": "/", **settings}
    play = [str(ANSIBLE), "-i", "localhost,", "-e", json.dumps(extra), str(folder / "play.json")]
    layers = folder / "layers"
    layers.mkdir(exist_ok=True)
    steps = [f"mount -t tmpfs tmpfs {layers}"]
    for number, (place, own) in enumerate(places.items()):
        if not Path(place).exists():
            parent, upper, work = Path(place).parent, layers / f"upper-{number}", layers / f"work-{number}"
            options = f"lowerdir={parent},upperdir={upper},workdir={work}"
            steps += [f"mkdir {upper} {work}", f"mount -t overlay -o {options} overlay {parent}"]
            steps += [f"{'mkdir' if own.is_dir() else 'touch'} {place}"]
        steps += [f"mount --bind {own} {place}"]
    command = " && ".join([*steps, f"exec {shlex.join(play)}"])
    played = ansible(
        *("unshare", "--mount", "sh", "-c", command),
        environment={"PATH": f"{folder / 'bin'}:{os.environ['PATH']}"} | environment,
        within_s=180,
    )
    return played._replace(output=" ".join(played.output.split()))


def program(folder: Path, name: str, script: str) -> Path:
    """A stub in the folder's ``bin``."""
    path = folder / "bin" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path
