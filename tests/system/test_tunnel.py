"""An engineer reaches a shuttle that nobody can connect to: by the door, at which it holds a way open."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.fleet import ANSIBLE, ansible
from tests.support.machine import Machine
from tests.support.rabbit_cluster import booted

pytestmark = [
    pytest.mark.skipif(not ANSIBLE.exists(), reason="no Ansible in .venv-deploy; run: make setup"),
    pytest.mark.timeout(400),
]
PORT = 2201
PATIENCE_S = 60.0
ANYBODY = "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o BatchMode=yes -o ConnectTimeout=5"


class Site:
    """A door, a shuttle, and an engineer with one key for both."""

    def __init__(self, folder: Path, door: Machine, shuttle: Machine) -> None:
        self._folder = folder
        self.door, self.shuttle = door, shuttle
        self._key = folder / "key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self._key], check=True)
        for machine in (door, shuttle):
            machine.write("/root/.ssh/authorized_keys", self._key.with_suffix(".pub").read_text(), 0o600)

    def play(self, program: Path, *arguments: str, by_door: bool) -> tuple[int, str]:
        """One of Ansible's programs; the shuttle is reached by the door, or directly."""
        jump = f"ssh -i {self._key} {ANYBODY} -W %h:%p root@{self.door.address}"
        way = {
            "ansible_host": "127.0.0.1",
            "ansible_port": PORT,
            "ansible_ssh_common_args": f'{ANYBODY} -o ProxyCommand="{jump}"',
        }
        direct = {"ansible_host": self.shuttle.address, "ansible_ssh_common_args": ANYBODY}
        door_key = self.door.run("cat /etc/ssh/ssh_host_ed25519_key.pub").strip()
        shuttles = {
            "hosts": {"shuttle-01": {"tunnel_port": PORT, **(way if by_door else direct)}},
            "vars": {"tunnel_door": self.door.address, "tunnel_door_key": door_key},
        }
        doors = {
            "hosts": {"door": {"ansible_host": self.door.address, "ansible_ssh_common_args": ANYBODY}},
        }
        user = {
            "ansible_user": "root",
            "ansible_ssh_private_key_file": str(self._key),
            "ansible_ssh_args": "-o ControlMaster=no",  # no connection of before shall be taken
        }
        inventory = self._folder / "hosts.json"
        inventory.write_text(json.dumps({"all": {"vars": user}, "shuttles": shuttles, "doors": doors}))
        played = ansible(program, "-i", inventory, *arguments)
        return played.returncode, played.output

    def until_reached(self) -> str:
        """What the shuttle answers by way of the door."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            command = ("shuttle-01", "-m", "ansible.builtin.command", "-a", "cat /etc/machine-id")
            code, said = self.play(ANSIBLE.with_name("ansible"), *command, by_door=True)
            if code == 0:
                return said
            log = self.shuttle.run("journalctl -u shuttle-tunnel -n 20 --no-pager", check=False)
            assert time.monotonic() < deadline, f"{said}\n{log}"
            time.sleep(1.0)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The playbook was played where the shuttle is reached; now nobody reaches it any more."""
    with booted(("door", "shuttle-01"), kind="tun", first=21) as machines:
        made = Site(tmp_path_factory.mktemp("site"), machines["door"], machines["shuttle-01"])
        code, said = made.play(ANSIBLE, "playbooks/tunnel.yml", by_door=False)
        assert code == 0, said
        made.shuttle.write("/etc/ssh/sshd_config.d/nat.conf", "ListenAddress 127.0.0.1\n")
        made.shuttle.run("systemctl restart ssh")
        yield made


def test_a_shuttle_behind_nat_is_reached_by_the_door(site: Site) -> None:
    command = ("shuttle-01", "-m", "ansible.builtin.ping")
    code, said = site.play(ANSIBLE.with_name("ansible"), *command, by_door=False)
    assert code != 0, said
    assert site.shuttle.run("cat /etc/machine-id").strip() in site.until_reached()
    code, said = site.play(ANSIBLE, "playbooks/tunnel.yml", by_door=True)
    assert code == 0, said
    assert said.count("changed=0") == 2, said


def test_the_way_is_open_again_after_either_was_away(site: Site) -> None:
    site.shuttle.run("systemctl kill --signal=KILL shuttle-tunnel")
    site.until_reached()
    site.door.run("pkill -KILL -u shuttle-tunnel; true")
    site.until_reached()


def test_a_shuttles_key_opens_nothing_else_at_the_door(site: Site) -> None:
    ssh = (
        "ssh -F none -i /etc/shuttle-tunnel/key -o BatchMode=yes -o HostKeyAlias=door "
        "-o ExitOnForwardFailure=yes "
        f"-o UserKnownHostsFile=/etc/shuttle-tunnel/known_hosts shuttle-tunnel@{site.door.address}"
    )
    for wanted in ("id", "-N -R 127.0.0.1:2299:127.0.0.1:22", f"-N -R 0.0.0.0:{PORT}:127.0.0.1:22"):
        options, command = (wanted, "") if wanted.startswith("-") else ("", wanted)
        tried = site.shuttle.attempt(f"timeout 10 {ssh} {options} {command}", timeout_s=30.0)
        assert tried.returncode not in (0, 124), (wanted, tried.stdout, tried.stderr)
    tried = site.shuttle.attempt(f"timeout 10 {ssh} -W 127.0.0.1:22", timeout_s=30.0)
    assert "SSH-2.0" not in tried.stdout, "it may not go on from there"
