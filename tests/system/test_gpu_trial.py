"""The roll-out's trial of the GPU on a booted machine: it is what the listener will be."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import installed_guide
from tests.support.fleet import ANSIBLE, PACKAGES
from tests.support.machine import Machine
from tests.support.units import Units

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]
ROOT = Path(__file__).parents[2]
PROBE = Path(__file__).with_name("gpu_probe.py")
OLD, NEW = "/opt/shuttle-guide/releases/old", "/opt/shuttle-guide/releases/new"
INTERPRETER = f'#!/bin/sh\n[ "$1" = -m ] || exec /usr/bin/python3 {NEW}/gpu_probe.py trial\n'
"""Of the new release: it installs any wheel, and runs the probe instead of the trial's script."""
LISTENER = f"#!/bin/sh\nexec /usr/bin/python3 {OLD}/gpu_probe.py listener\n"
PLAY = """\
- hosts: all
  gather_facts: false
  handlers:
    - name: Restart the guide
      ansible.builtin.debug:
        msg: restarted
  roles:
    - role: gpu
"""
NETLINK = "import socket\nsocket.socket(socket.AF_NETLINK, socket.SOCK_RAW)\n"
"""Root may open one."""


class Shuttle:
    """A booted machine whose listener runs, and a release beside it that is tried."""

    def __init__(self, machine: Machine, folder: Path) -> None:
        self.machine = machine
        self._folder = folder
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / "key")], check=True, timeout=60
        )
        machine.write("/root/.ssh/authorized_keys", (folder / "key.pub").read_text(), 0o600)
        machine.write("/etc/nv_tegra_release", "# R38 (release), REVISION: 4.0\n")
        installed_guide.install_units(machine)
        for release in (OLD, NEW):
            machine.copy(PROBE, f"{release}/gpu_probe.py")
        units = ROOT / "systemd"
        for part in ("optional", "sysusers.d"):
            machine.copy(units / part, f"{NEW}/systemd/{part}")
        for part in ("shuttle-guide-listener.service", "shuttle-guide-.service.d"):
            machine.copy(units / part, f"{NEW}/systemd/system/{part}")
        machine.write(f"{NEW}/.venv/bin/python", INTERPRETER, 0o755)
        machine.write(f"{OLD}/.venv/bin/shuttle-guide", LISTENER, 0o755)
        machine.run(f"ln -s {OLD} /opt/shuttle-guide/current")
        option = "shuttle-guide-listener.service.d/gpu.conf"
        machine.copy(units / "optional" / option, f"/etc/systemd/system/{option}")
        machine.run(
            "groupadd --system render"  # as udev has on a board
            " && mknod -m 660 /dev/gpu_of_a_test c 226 255 && chgrp render /dev/gpu_of_a_test"
            " && mknod -m 666 /dev/nvme_of_a_test c 240 0"
            " && systemctl daemon-reload && systemctl start shuttle-guide-listener"
        )

    def try_gpu(self, engine: str, *, seconds: int = 60) -> str:
        """Play the role with an engine, which is what the trial imports; the verdict."""
        self.machine.write(f"{NEW}/engine.py", engine)
        wheel = self._folder / "ctranslate2-1.whl"
        wheel.write_text(engine + str(seconds))
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        given = {
            "ansible_user": "root",
            "ansible_ssh_private_key_file": str(self._folder / "key"),
            "ansible_ssh_common_args": "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null",
            "gpu_wheels": {"7": [{"src": str(wheel), "sha256": digest}]},
            "gpu_python": f"{NEW}/.venv/bin/python",
            "gpu_release_dir": NEW,
            "gpu_cpu_wheels_dir": "/nowhere",
            "gpu_whisper_model": "/nowhere",
            "gpu_trial_s": seconds,
        }
        (self._folder / "play.yml").write_text(PLAY)
        command = [str(ANSIBLE), "-i", f"{self.machine.address},", "-e", json.dumps(given)]
        ended = subprocess.run(
            [*command, str(self._folder / "play.yml")],
            env=os.environ
            | {"ANSIBLE_ROLES_PATH": str(ROOT / "deploy/ansible/roles"), "ANSIBLE_NOCOLOR": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return self.machine.run(f"cat {NEW}/.inference")

    def told(self, kept_as: str) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(
            self.machine.run(f"cat /var/lib/shuttle-guide/listener/{kept_as}.json")
        )
        return told


@pytest.fixture(scope="module")
def shuttle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shuttle]:
    if not ANSIBLE.exists() or not shutil.which("ssh"):
        pytest.skip("system tests: no Ansible in .venv-deploy, or no ssh; run: make setup")
    with Machine(name="gpu-one", network="10.213.99", packages=PACKAGES, flavour="ssh") as machine:
        yield Shuttle(machine, tmp_path_factory.mktemp("gpu"))


def test_the_trial_may_what_the_listener_may_and_no_more(shuttle: Shuttle) -> None:
    listener = Units(shuttle.machine).pid("listener")
    assert listener
    assert shuttle.try_gpu("") == "gpu"
    tried = shuttle.told("trial")
    assert tried == shuttle.told("listener")
    uid = shuttle.machine.run("id --user shuttle-guide-listener").strip()
    assert tried["Uid"].split() == [uid] * 4
    assert (tried["NoNewPrivs"], tried["Seccomp"], tried["CapEff"]) == ("1", "2", "0" * 16)
    assert {name: tried[name] for name in ("a node of the GPU", "its state", "code made at run time")} == {
        "a node of the GPU": "errno 6",  # by its group and its number; there is no driver behind it
        "its state": "done",
        "code made at run time": "done",
    }
    for refused in ("another node", "/etc", "the release", "a namespace", "a netlink socket"):
        assert tried[refused] != "done", refused
    assert Units(shuttle.machine).pid("listener") == listener, "it went on meanwhile"
    left = shuttle.machine.run("ls /run/systemd/system /run; systemctl list-units --all 'guide-gpu-trial*'")
    assert "guide-gpu-trial" not in left.replace("'guide-gpu-trial*'", "")


def test_what_only_root_may_fails_the_trial(shuttle: Shuttle) -> None:
    assert shuttle.try_gpu(NETLINK).startswith(
        "cpu, since this failed: Run a model on the GPU. the engine does not start: [Errno 97]"
    )
    as_root = shuttle.machine.attempt(f"cd {NEW} && /usr/bin/python3 gpu_probe.py root")
    assert as_root.returncode == 0, "as root it would have passed"


def test_one_that_hangs_is_killed_with_its_children(shuttle: Shuttle) -> None:
    hangs = (
        "import os, signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "os.fork()\nwhile True: time.sleep(1)\n"
    )
    verdict = shuttle.try_gpu(hangs, seconds=3)
    assert verdict == "cpu, since this failed: Run a model on the GPU. The GPU did not answer within 3 s"
    # With brackets, so that it does not find its own shell.
    assert not shuttle.machine.run("pgrep -f '[g]pu_probe.py trial'", check=False)
