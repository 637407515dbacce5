"""A board that SSH reaches becomes a shuttle: the playbook on a booted machine, and what its entry gives."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.board import MODEL
from tests.support.fleet import ANSIBLE, PACKAGES, Played, ansible
from tests.support.machine import Machine

pytestmark = pytest.mark.timeout(600)
SERIAL = "1421324000123"
SHUTTLE = "shuttle-01"
DEVICE_TREE = f"""\
mount -o remount,rw /sys
mkdir -p /sys/firmware/devicetree/base
printf '{SERIAL}\\0' >/sys/firmware/devicetree/base/serial-number
printf '{MODEL}\\0' >/sys/firmware/devicetree/base/model
"""


class Desk:
    """The engineer's: an inventory without hosts, and a board."""

    def __init__(self, folder: Path, board: Machine) -> None:
        self.board = board
        self.inventory = folder / "inventory"
        self._folder = folder
        self._key = folder / "key"
        (self.inventory / "group_vars" / "all").mkdir(parents=True)
        (self.inventory / "hosts.yml").write_text("shuttles:\ncanary:\n")
        variables: dict[str, Any] = {
            "ansible_user": "shuttle",
            "ansible_ssh_private_key_file": str(self._key),
            "shuttle_id": "{{ inventory_hostname }}",
            "mqtt_accounts": [{"name": "camera-front", "role": "camera"}],
        }
        (self.inventory / "group_vars" / "all" / "main.json").write_text(json.dumps(variables))
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self._key)], check=True)
        # As tools/l4t_create_default_user.sh and docs/flash.md have it.
        board.run("useradd --create-home --shell /bin/bash --groups sudo shuttle; mkdir -m 700 ~shuttle/.ssh")
        board.write("/home/shuttle/.ssh/authorized_keys", self._key.with_suffix(".pub").read_text(), 0o600)
        board.run("chown -R shuttle: ~shuttle/.ssh")
        board.run("echo 'shuttle ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/shuttle")
        board.run(DEVICE_TREE)

    def run(self, program: str, *arguments: str) -> Played:
        """One of Ansible's, with nothing known of this machine's user."""
        alone = {"ANSIBLE_SSH_ARGS": "-o ControlMaster=no -o GlobalKnownHostsFile=/dev/null"}
        return ansible(ANSIBLE.with_name(program), "-i", self.inventory, *arguments, environment=alone)

    def provision(self, *arguments: str) -> Played:
        labels = ("-e", f"provision_labels_dir={self._folder / 'labels'}")
        address = ("-e", f"boards={self.board.address}")
        return self.run("ansible-playbook", "playbooks/provision.yml", *address, *labels, *arguments)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    if not ANSIBLE.exists():
        pytest.skip("no Ansible in .venv-deploy; run: make setup")
    packages = (*PACKAGES, "sudo", "mosquitto", "mosquitto-clients")
    with Machine(name="prov-one", network="10.213.87", packages=packages, flavour="board") as board:
        yield Desk(tmp_path_factory.mktemp("desk"), board)


def test_it_becomes_an_entry_that_ansible_reaches(desk: Desk) -> None:
    played = desk.provision()
    assert played.returncode == 0, played.output
    fingerprint = desk.board.run("ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub").split()[1]
    assert fingerprint in played.output
    asked = desk.run("ansible", SHUTTLE, "-m", "ansible.builtin.command", "-a", "id -un")
    assert asked.returncode == 0, asked.output
    assert "shuttle" in asked.output


def test_nothing_was_changed_on_the_board(desk: Desk) -> None:
    assert (
        desk.board.run("find /etc /home /opt /var/lib/mosquitto -newer /etc/sudoers.d/shuttle -type f") == ""
    )


def test_again_changes_nothing(desk: Desk) -> None:
    played = desk.provision()
    assert played.returncode == 0, played.output
    assert "changed=0" in played.output.splitlines()[-3]


def test_the_broker_that_is_rolled_out_is_the_one_that_cameras_know(desk: Desk) -> None:
    play = {"hosts": "shuttles", "become": True, "gather_subset": ["min"], "roles": ["mosquitto"]}
    broker = desk.inventory.with_name("broker.yml")
    broker.write_text(json.dumps([play]))
    played = desk.run("ansible-playbook", str(broker))
    assert played.returncode == 0, played.output
    secrets = desk.inventory / "secrets"
    password = (secrets / SHUTTLE / "mqtt" / "camera-front").read_text().strip()
    topic = f"shuttle/{SHUTTLE}/event"
    where = ("mosquitto_pub", "-h", desk.board.address, "-p", "8883", "--cafile", str(secrets / "ca.crt"))
    said = subprocess.run(
        (*where, "-u", "camera-front", "-P", password, "-q", "1", "-t", topic, "-m", "five cats"),
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert said.returncode == 0, said.stderr


def test_another_machine_in_its_place_is_refused_until_it_is_said_that_it_was_exchanged(desk: Desk) -> None:
    desk.board.run(
        "ssh-keygen -q -t ed25519 -N '' -f /root/new && mv /root/new /etc/ssh/ssh_host_ed25519_key"
    )
    desk.board.run("rm -f /etc/ssh/ssh_host_rsa_key /etc/ssh/ssh_host_ecdsa_key; systemctl restart ssh")
    asked = desk.run("ansible", SHUTTLE, "-m", "ansible.builtin.command", "-a", "id -un")
    assert "Host key verification failed" in asked.output
    known = (desk.inventory / "known_hosts").read_bytes()
    assert "not the one that was noted" in desk.provision().output
    assert (desk.inventory / "known_hosts").read_bytes() == known
    assert desk.provision("-e", "replaced=true").returncode == 0
    asked = desk.run("ansible", SHUTTLE, "-m", "ansible.builtin.command", "-a", "id -un")
    assert asked.returncode == 0, asked.output
