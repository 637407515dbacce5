"""A fleet's broker as it is rolled out: RabbitMQ in three booted machines, made a cluster by the playbook."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from edge.config import FleetSettings
from tests.support.fleet import ANSIBLE, PACKAGES, Played, ansible
from tests.support.machine import Machine

NETWORK = "10.213.61"
HOST = "fleet.test"
"""The name of all nodes together, which nothing resolves here; the certificates have it."""
NODES = ("fleet-1", "fleet-2", "fleet-3")
PLAY_TIMEOUT_S = 400.0


class RabbitCluster:
    """Machines with RabbitMQ, and the engineer's inventory of them.

    Args:
        folder: for the inventory, its secrets and the SSH key.
        shuttles: id → groups.
        operators: name → whether safety may be said.
    """

    def __init__(
        self,
        folder: Path,
        machines: Mapping[str, Machine],
        shuttles: Mapping[str, tuple[str, ...]],
        operators: Mapping[str, bool],
    ) -> None:
        self._folder = folder
        self.machines = machines
        self.shuttles = dict(shuttles)
        self.operators = dict(operators)
        self.secrets = folder / "secrets" / "fleet"
        key = folder / "key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
        for machine in machines.values():
            machine.write("/root/.ssh/authorized_keys", key.with_suffix(".pub").read_text(), 0o600)

    def play(self, *arguments: str) -> Played:
        """Run the playbook of the other end, as an engineer does."""
        inventory = self._folder / "hosts.json"
        inventory.write_text(json.dumps(self._inventory()))
        return ansible(ANSIBLE, "-i", inventory, "playbooks/fleet.yml", *arguments, within_s=PLAY_TIMEOUT_S)

    def at(self, node: str) -> Node:
        """One node, as it is reached from outside."""
        return Node(self.machines[node].address, self.secrets)

    def serial(self, node: str) -> int:
        """Of the certificate that a node shows."""
        context = ssl.create_default_context(cafile=str(self.secrets / "ca.crt"))
        shown = self.secrets / "ops" / "client.crt"
        context.load_cert_chain(shown, shown.with_suffix(".key"))
        address = (self.machines[node].address, 8883)
        plain = socket.create_connection(address, 10.0)
        with context.wrap_socket(plain, server_hostname=HOST) as connection:
            return int(str((connection.getpeercert() or {})["serialNumber"]), 16)

    def control(self, node: str, command: str) -> str:
        """Call rabbitmqctl on a node."""
        return self.machines[node].run(f"rabbitmqctl --quiet {command}", timeout_s=120.0)

    def queues(self, node: str) -> dict[str, int]:
        """Queue → messages in it."""
        told = self.control(node, "--formatter json list_queues name messages")
        return {row["name"]: row["messages"] for row in json.loads(told)}

    def _inventory(self) -> dict[str, Any]:
        common = {
            "ansible_user": "root",
            "ansible_ssh_private_key_file": str(self._folder / "key"),
            "ansible_ssh_common_args": "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null",
            "fleet_host": HOST,
            "fleet_operators": [{"name": name, "safety": safety} for name, safety in self.operators.items()],
        }
        nodes = {name: {"ansible_host": machine.address} for name, machine in self.machines.items()}
        shuttles = {
            name: {"shuttle_id": name, "guide_settings": {"fleet": {"groups": list(groups)}}}
            for name, groups in self.shuttles.items()
        }
        return {
            "fleet_brokers": {"hosts": nodes, "vars": common},
            "shuttles": {"hosts": shuttles},
        }


class Node(NamedTuple):
    """One node's door: the certificates are those that the playbook has issued."""

    address: str
    secrets: Path

    def fleet_settings(self, name: str) -> FleetSettings:
        """How somebody of this name gets in."""
        return FleetSettings(
            host=self.address,
            ca_file=str(self.secrets / "ca.crt"),
            cert_file=str(self.secrets / name / "client.crt"),
            key_file=str(self.secrets / name / "client.key"),
        )


@contextlib.contextmanager
def booted(
    names: tuple[str, ...] = NODES, *, kind: str = "rmq", first: int = 11
) -> Iterator[dict[str, Machine]]:
    """Machines of Debian 13 with RabbitMQ's package, on one network.

    Args:
        kind: what the machines' own names begin with.
        first: last number of the first one's address.
    """
    with contextlib.ExitStack() as stack:
        machines = {}
        for number, name in enumerate(names):
            machine = Machine(
                "trixie",
                name=f"{kind}-{number + 1}",
                network=NETWORK,
                bridge="rmq-bridge",
                number=first + number,
                packages=(*PACKAGES, "rabbitmq-server"),
                flavour="rabbitmq",
            )
            machines[name] = stack.enter_context(machine)
        try:
            yield machines
        finally:
            for machine in machines.values():  # else each one waits long for the others before it goes
                machine.run("systemctl mask --runtime --now --no-block rabbitmq-server", check=False)
                machine.run("systemctl kill --signal=KILL rabbitmq-server", check=False)
