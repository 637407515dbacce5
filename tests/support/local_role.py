"""Roles that are played on this machine, with files in a folder."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.support.fleet import ANSIBLE, Played, ansible


def play_here(
    folder: Path,
    roles: Sequence[Mapping[str, Any]],
    given: Mapping[str, Any],
    *more: str,
    tasks: Sequence[Mapping[str, Any]] = (),
    environment: Mapping[str, str] | None = None,
    within_s: float = 300.0,
) -> Played:
    """Play roles, and tasks behind them.

    Args:
        folder: for the playbook; programs in its ``bin`` come before this machine's.
        given: variables, before all others.
        more: arguments of Ansible.
    """
    about = {"hosts": "localhost", "connection": "local", "gather_facts": False}
    playbook = folder / "play.json"
    playbook.write_text(json.dumps([{**about, "roles": roles, "tasks": tasks}]))
    extra = json.dumps({"ansible_python_interpreter": sys.executable, **given})
    command: list[str | Path] = [ANSIBLE, "-i", "localhost,", "-e", extra, *more, playbook]
    return ansible(
        *command,
        environment={
            "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            **(environment or {}),
        },
        within_s=within_s,
    )
