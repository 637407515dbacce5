"""What a bundle brings, over SSH to a user who needs a password for sudo, as on a fresh board."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.fleet import ANSIBLE, PACKAGES, Played, ansible, manifest_of, write_manifest
from tests.support.light_bundle import make_light_bundle
from tests.support.machine import Machine
from tests.support.signing import make_key

pytestmark = pytest.mark.timeout(900)
USER, PASSWORD, SHUTTLE = "rider", "a password of one's own", "shuttle-01"
MODEL = "whisper/own/model.bin"
WEIGHTS = random.Random(1).randbytes(2**20 + 1) * 300
THERE = f"/var/lib/shuttle-guide/models/{MODEL}"
STICK = "/media/usb/bundle"
CUT_BEHIND = len(WEIGHTS) // 8
"""Bytes: most is still to come when it is cut, also where the cutter is late."""
OVERHEAD = 4 * 2**20
"""Bytes: Ansible's modules, and SSH's own."""
PLAY = [
    {
        "hosts": "shuttles",
        "become": True,
        "gather_facts": False,
        "roles": [{"role": "bundle"}, {"role": "models", "models_command": "/bin/true"}],
    }
]


class Engineer:
    """A bundle with a model of 300 MB, and a board."""

    def __init__(self, folder: Path, machine: Machine) -> None:
        self.machine = machine
        self.bundle = folder / "bundle"
        self._folder = folder
        self._signer = make_key(folder)
        make_light_bundle(self.bundle, "light", None)
        model = self.bundle / "models" / MODEL
        model.parent.mkdir(parents=True)
        model.write_bytes(WEIGHTS)
        self.sign({MODEL: hashlib.sha256(WEIGHTS).hexdigest()}, len(WEIGHTS))
        key = folder / "key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
        machine.run(f"install -d -m 700 -o {USER} /home/{USER}/.ssh")
        machine.write(f"/home/{USER}/.ssh/authorized_keys", key.with_suffix(".pub").read_text(), 0o644)
        machine.write("/root/password", f"{USER}:{PASSWORD}\n", 0o600)
        machine.run("chpasswd < /root/password")
        machine.write(f"/etc/sudoers.d/{USER}", f"{USER} ALL=(ALL:ALL) ALL\n", 0o440)
        known = {
            "ansible_host": machine.address,
            "ansible_user": USER,
            "ansible_become_password": PASSWORD,
            "ansible_ssh_private_key_file": str(key),
            "ansible_ssh_common_args": "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null",
            "bundle_dir": str(self.bundle),
            "trusted_signers": [self._signer.with_name(f"{self._signer.name}.pub").read_text().strip()],
        }
        inventory = {"shuttles": {"hosts": {SHUTTLE: {}}, "vars": known}}
        (folder / "hosts.json").write_text(json.dumps(inventory))
        (folder / "play.yml").write_text(json.dumps(PLAY))

    def sign(self, models: dict[str, str], size: int) -> None:
        sizes = dict.fromkeys(models, size)
        manifest = {**manifest_of(self.bundle), "models": models, "models_bytes": sizes}
        write_manifest(self.bundle, manifest, self._signer)

    def play(self, *arguments: str) -> Played:
        return ansible(ANSIBLE, "-i", self._folder / "hosts.json", self._folder / "play.yml", *arguments)

    def received(self) -> int:
        """Bytes that have come over the board's network."""
        return int(self.machine.run("cat /sys/class/net/host0/statistics/rx_bytes"))

    def sha256_there(self) -> str:
        return self.machine.run(f"sha256sum {THERE}").split()[0]

    def cut(self, behind: int, *, within_s: float = 120.0) -> None:
        """End SSH as soon as so many bytes of the model are there, until ``mend``.

        A session that ends between two pieces alone would be opened anew, and nobody would notice.
        """
        until = time.monotonic() + within_s
        parts = self.machine.root / Path(THERE).parent.relative_to("/")
        while not any(part.stat().st_size >= behind for part in parts.glob("*.part")):
            assert time.monotonic() < until, "nothing came"
            time.sleep(0.02)
        self.machine.run(f"systemctl stop ssh.socket ssh.service; pkill -KILL -u {USER} sshd")

    def mend(self) -> None:
        self.machine.run("systemctl start ssh.service")


@pytest.fixture(scope="module")
def engineer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engineer]:
    if not ANSIBLE.exists() or not shutil.which("ssh"):
        pytest.skip("no Ansible in .venv-deploy (make setup), or no ssh")
    with Machine(name="brng-one", network="10.213.93", packages=PACKAGES, flavour="ssh") as machine:
        yield Engineer(tmp_path_factory.mktemp("engineer"), machine)


def test_a_disk_without_room_is_told_before_anything_comes(engineer: Engineer) -> None:
    manifest = manifest_of(engineer.bundle)
    engineer.sign(manifest["models"], 10**15)
    try:
        played = engineer.play()
    finally:
        engineer.sign(manifest["models"], len(WEIGHTS))
    assert played.returncode == 2, played.output
    assert played.counts(SHUTTLE)["changed"] == 0
    assert "is too full: expected 1000000" in played.output
    assert "What can go: models" in played.output


def test_what_was_cut_in_the_middle_goes_on_and_only_the_rest_is_sent(engineer: Engineer) -> None:
    engineer.machine.run(f"rm -rf {Path(THERE).parent}")
    cutter = threading.Thread(target=engineer.cut, args=(CUT_BEHIND,))
    cutter.start()
    played = engineer.play()
    cutter.join()
    engineer.mend()
    assert played.returncode == 4, played.output
    assert f"{SHUTTLE} WENT AWAY" in played.output
    assert engineer.machine.attempt(f"ls {THERE}").returncode != 0
    came = int(engineer.machine.run(f"stat -c %s {THERE}.*.part"))
    assert CUT_BEHIND <= came < len(WEIGHTS)

    before = engineer.received()
    played = engineer.play()
    assert played.returncode == 0, played.output
    assert engineer.sha256_there() == hashlib.sha256(WEIGHTS).hexdigest()
    assert engineer.machine.run(f"stat -c '%U %a' {THERE}").split() == ["root", "644"]
    assert engineer.received() - before < (len(WEIGHTS) - came) * 1.1 + OVERHEAD
    again = engineer.play()
    assert again.counts(SHUTTLE)["changed"] == 0, again.output


def test_a_stick_in_the_board_is_checked_there_and_nothing_of_weight_is_sent(engineer: Engineer) -> None:
    """The engineer has the manifest and its signature alone."""
    whole, engineer.bundle = engineer.bundle, engineer.bundle.with_name("away")
    whole.rename(engineer.bundle)
    whole.mkdir()
    for name in ("manifest.json", "manifest.json.sig"):
        shutil.copy(engineer.bundle / name, whole)
    engineer.machine.run(f"mkdir -p {Path(STICK).parent}; rm -rf {Path(THERE).parent}")
    engineer.machine.copy(engineer.bundle, STICK)
    before = engineer.received()
    played = engineer.play("-e", f"bundle_on_device={STICK}")
    assert played.returncode == 0, played.output
    assert engineer.sha256_there() == hashlib.sha256(WEIGHTS).hexdigest()
    assert engineer.received() - before < OVERHEAD

    engineer.machine.run(f"rm {THERE}; echo more >> {STICK}/models/{MODEL}")
    played = engineer.play("-e", f"bundle_on_device={STICK}")
    assert played.returncode == 2, played.output
    assert f"models/{MODEL}: FAILED" in played.output
    assert engineer.machine.attempt(f"ls {THERE}").returncode != 0
