"""A board without a board: its device tree and interfaces over this machine's, while one playbook runs."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.support.fleet import ANSIBLE, Played, ansible

MODEL = "NVIDIA Jetson Orin Nano Engineering Reference Developer Kit Super"
SCANNED = """\
#!/bin/sh
for address; do :; done
echo "# $address:22 SSH-2.0-OpenSSH" >&2
[ ! -e {folder}/$address.pub ] || echo "$address $(cut -d' ' -f1,2 {folder}/$address.pub)"
"""
"""In place of ssh-keyscan: the board's key, without a server."""
WITHIN_S = 120.0


def missing() -> str | None:
    """Why no board can be made here, in words for a skipped test."""
    if not ANSIBLE.exists():
        return "no Ansible in .venv-deploy; run: make setup"
    tried = subprocess.run([*_namespace(), "true"], capture_output=True, text=True, check=False)
    return f"no mount namespace here: {tried.stderr.strip()}" if tried.returncode else None


def write_tree(folder: Path, serial: str, macs: dict[str, str]) -> None:
    """What lies in ``/sys/firmware`` and ``/sys/class/net`` of a board. Strings end with a NUL there."""
    base = folder / "firmware" / "devicetree" / "base"
    base.mkdir(parents=True, exist_ok=True)
    (base / "serial-number").write_text(f"{serial}\0")
    (base / "model").write_text(f"{MODEL}\0")
    for name, mac in macs.items():
        (folder / "net" / name / "device").mkdir(parents=True, exist_ok=True)
        (folder / "net" / name / "address").write_text(f"{mac}\n")
    (folder / "net" / "l4tbr0").mkdir(exist_ok=True)  # a bridge: no device is behind it
    (folder / "net" / "l4tbr0" / "address").write_text("ee:00:00:00:00:01\n")


class Bench:
    """An engineer's desk with an inventory, and boards that are put on it one at a time."""

    def __init__(self, folder: Path) -> None:
        self.inventory = folder / "inventory"
        self.labels = folder / "labels"
        self._folder = folder
        bin_folder = folder / "bin"
        bin_folder.mkdir()
        (bin_folder / "ssh-keyscan").write_text(SCANNED.format(folder=folder))
        (bin_folder / "ssh-keyscan").chmod(0o755)

    def new_host_key(self, address: str) -> str:
        """What a board has after its first start, and after each flash. Its public half."""
        key = self._folder / address
        for path in (key, key.with_suffix(f"{key.suffix}.pub")):
            path.unlink(missing_ok=True)
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
        return " ".join(Path(f"{key}.pub").read_text().split()[:2])

    def provision(self, serial: str, address: str, *arguments: str, mac: str = "48:b0:2d:00:00:01") -> Played:
        """Run the playbook on the board with that serial number, which SSH would reach at ``address``."""
        tree = self._folder / f"tree-{serial}"
        write_tree(tree, serial, {"eth0": mac})
        mounts = f"mount --bind {tree}/firmware /sys/firmware && mount --bind {tree}/net /sys/class/net"
        python = ANSIBLE.with_name("python")
        here = ("-e", "ansible_connection=local", "-e", f"ansible_python_interpreter={python}")
        play = [str(ANSIBLE), "-i", str(self.inventory), "playbooks/provision.yml", *here]
        asked = ["-e", f"boards={address}", "-e", f"provision_labels_dir={self.labels}", *arguments]
        return ansible(
            *(*_namespace(), "sh", "-c", f'{mounts} && exec "$@"', "sh", *play, *asked),
            environment={"PATH": f"{self._folder / 'bin'}:{os.environ['PATH']}"},
            within_s=WITHIN_S,
        )


def _namespace() -> list[str]:
    return ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
