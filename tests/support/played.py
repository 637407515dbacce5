"""Playbooks on machines that are folders: an ``ssh`` that runs what it is told here, and can be cut off."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tests.support.fleet import ANSIBLE, Played, ansible

SSH = """\
#!/bin/bash
# The last two arguments are the host and the command.
host=${{@: -2:1}}
if [ -e {folder}/$host/gone ]; then
  echo "ssh: connect to host $host port 22: No route to host" >&2
  exit 255
fi
allowance={folder}/$host/allowance
if [ -e $allowance ] && ! [ -t 0 ]; then
  data=$(mktemp)
  head -c "$(cat $allowance)" >$data
  echo $(($(cat $allowance) - $(stat -c %s $data))) >$allowance
  /bin/sh -c "${{@: -1}}" <$data
  ended=$?
  rm $data
  [ "$(cat $allowance)" -gt 0 ] && exit $ended
  echo "client_loop: send disconnect: Broken pipe" >&2
  exit 255
fi
exec /bin/sh -c "${{@: -1}}"
"""


class Stand:
    """A folder for each machine, and what is played on them.

    Args:
        folder: of the test.
        hosts: names of the machines; the first is the canary.
    """

    def __init__(self, folder: Path, *hosts: str) -> None:
        self.folder = folder
        self.hosts = hosts
        self.canaries = list(hosts[:1])
        for host in hosts:
            (folder / host).mkdir()
        self._ssh = folder / "ssh"
        self._ssh.write_text(SSH.format(folder=folder))
        self._ssh.chmod(0o755)

    def gone(self, host: str) -> Path:
        """While this file exists, the machine cannot be reached."""
        return self.folder / host / "gone"

    def allow(self, host: str, size: int) -> None:
        """So many bytes get through to it; behind them the connection is lost, whatever it is used for."""
        (self.folder / host / "allowance").write_text(f"{size}\n")

    def left(self, host: str) -> int:
        """What is left of them."""
        return int((self.folder / host / "allowance").read_text())

    def play(self, playbook: Path, roles: Path, *arguments: str, **known: Any) -> Played:
        """Play it with these roles; ``known`` are variables of all machines."""
        variables = {
            "ansible_become": False,
            "ansible_python_interpreter": sys.executable,
            "ansible_ssh_executable": str(self._ssh),
            "ansible_ssh_transfer_method": "piped",
            "stand": str(self.folder),
            **known,
        }
        inventory: dict[str, Any] = {
            "shuttles": {"hosts": {host: {} for host in self.hosts}, "vars": variables},
        }
        if self.canaries:
            inventory["canary"] = {"hosts": {host: {} for host in self.canaries}}
        (self.folder / "hosts.json").write_text(json.dumps(inventory))
        own = {
            "ANSIBLE_ROLES_PATH": str(roles),
            "ANSIBLE_REMOTE_TEMP": str(self.folder / "remote"),
            "ANSIBLE_LOCAL_TEMP": str(self.folder / "local"),
        }
        return ansible(ANSIBLE, "-i", self.folder / "hosts.json", playbook, *arguments, environment=own)
