"""The shuttle's broker without the shuttle: Mosquitto with what the role writes for an inventory."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from edge.config import MqttSettings, Secret
from tests.support.broker import Broker
from tests.support.fleet import ANSIBLE, PLAYBOOKS, ansible
from tests.support.ports import free_port

ROLE = PLAYBOOKS / "roles" / "mosquitto"
WRITTEN_TO = "/etc/mosquitto/"
ACCOUNTS = {
    "camera-front": "camera",
    "vehicle": "vehicle",
    "dispatch": "dispatch",
    "dispatch-2": "dispatch",
    "display": "display",
}
"""Of the inventory; the guide's own are the role's."""
RENDERED_WITHIN_S = 120.0


class Inventory:
    """One shuttle's inventory in a folder, and the files that the role writes for it.

    Args:
        folder: for the inventory with its passwords, and below it for what is written.
        shuttle: its name, which is its id.
    """

    def __init__(self, folder: Path, shuttle: str) -> None:
        self.shuttle = shuttle
        self.etc = folder / "etc" / shuttle
        self._folder = folder
        self.etc.mkdir(parents=True, exist_ok=True)
        (self.etc / "certs").mkdir(exist_ok=True)

    def write(self, **variables: Any) -> None:
        """Have the role's own templates and module write into ``etc``."""
        play = {
            "hosts": self.shuttle,
            "connection": "local",
            "gather_facts": False,
            "tasks": [
                {
                    "ansible.builtin.import_role": {
                        "name": "mosquitto",
                        "tasks_from": variables.pop("tasks_from", "passwords"),
                    }
                },
                {
                    "mosquitto_passwords": {
                        "path": str(self.etc / "shuttle-guide.passwords"),
                        "accounts": "{{ mosquitto_passwords }}",
                        "owner": "{{ lookup('ansible.builtin.pipe', 'id -un') }}",
                    }
                },
                *(
                    {
                        "ansible.builtin.template": {
                            "src": str(ROLE / "templates" / f"{name}.j2"),
                            "dest": str(self.etc / name),
                            "mode": "0600",
                        }
                    }
                    for name in ("shuttle-guide.acl", "mosquitto.conf")
                ),
            ],
        }
        host = {"ansible_python_interpreter": "{{ ansible_playbook_python }}", "shuttle_id": self.shuttle}
        accounts = [{"name": name, "role": role} for name, role in ACCOUNTS.items()]
        hosts = {self.shuttle: host | {"mqtt_accounts": accounts} | variables}
        (self._folder / "hosts.json").write_text(json.dumps({"all": {"hosts": hosts}}))
        (self._folder / "play.json").write_text(json.dumps([play]))
        hosts_file, playbook = self._folder / "hosts.json", self._folder / "play.json"
        played = ansible(ANSIBLE, "-i", hosts_file, playbook, within_s=RENDERED_WITHIN_S)
        assert played.returncode == 0, played.output

    def passwords(self) -> Mapping[str, str]:
        """Account → password, as the engineer finds them."""
        folder = self._folder / "secrets" / self.shuttle / "mqtt"
        return {path.name: path.read_text().strip() for path in folder.iterdir()}


class RoleBroker(Broker):
    """A broker that runs with these files, on ports of the test's own.

    Args:
        certificate: makes a second listener with TLS, as for other machines: certificate and key.
    """

    def __init__(self, folder: Path, shuttle: str = "s1", *, certificate: Sequence[Path] = ()) -> None:
        if not ANSIBLE.exists():
            pytest.skip("no Ansible in .venv-deploy; run: make setup")
        super().__init__(folder, persistent=True)
        self.inventory = Inventory(folder / "inventory", shuttle)
        self.tls_port = free_port()
        tls = dict(zip(("certificate", "key"), (path.read_text() for path in certificate), strict=False))
        self._variables = {"mosquitto_tls": tls | {"port": self.tls_port}} if tls else {}
        for name, source in zip(("shuttle-guide.crt", "shuttle-guide.key"), certificate, strict=False):
            (self.inventory.etc / "certs" / name).write_bytes(source.read_bytes())
        self.write()
        written = (self.inventory.etc / "mosquitto.conf").read_text()
        moved = written.replace(WRITTEN_TO, f"{self.inventory.etc}/").replace(
            "/var/lib/mosquitto/", f"{folder}/"
        )
        moved = re.sub(r"(?m)^listener 1883 ", f"listener {self.port} ", moved)
        self._config.write_text(f"user root\n{moved}\nlog_type all\n")

    def write(self) -> None:
        """Write accounts and access list anew; ``reload`` puts them into force."""
        self.inventory.write(**self._variables)

    def account(self, name: str, **changes: object) -> MqttSettings:
        """Settings of somebody with that account."""
        password = Secret(self.inventory.passwords()[name])
        return self.settings(username=name, password=password, **changes)
