"""The roles ``monitoring`` and ``metrics`` on a booted machine: what a shuttle measures gets through."""

from __future__ import annotations

import json
import shlex
import subprocess
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.fleet import ANSIBLE, PACKAGES, PLAYBOOKS, Played, ansible
from tests.support.fleet_broker import Certificates
from tests.support.machine import Machine

pytestmark = [
    pytest.mark.skipif(not ANSIBLE.exists(), reason="no Ansible in .venv-deploy; run: make setup"),
    pytest.mark.timeout(900),
]
FLEET_PACKAGES = ("prometheus", "prometheus-alertmanager", "nginx-light")
ASK = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=10).read().decode())"
PATIENCE_S = 90.0


class Server:
    """One machine that is both: a shuttle, and the fleet's server of metrics."""

    def __init__(self, folder: Path, machine: Machine) -> None:
        self.machine, self._folder = machine, folder
        self.certificates = Certificates(folder / "certificates")
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / "key"], check=True)
        machine.write("/root/.ssh/authorized_keys", (folder / "key.pub").read_text(), 0o600)

    def run(self, *command: str) -> str:
        """What it writes, on the machine."""
        return self.machine.run(shlex.join(command))

    def play(self, role: str, **settings: Any) -> Played:
        play = {"hosts": "all", "gather_facts": False, "roles": [{"role": role}]}
        playbook = self._folder / "play.json"
        playbook.write_text(json.dumps([play]))
        host = {
            "ansible_host": self.machine.address,
            "ansible_user": "root",
            "ansible_ssh_private_key_file": str(self._folder / "key"),
            "ansible_ssh_common_args": "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null",
            "shuttle_id": "s1",
            "guide_settings": {"metrics": {"enabled": True}},
            "monitoring_files": str(PLAYBOOKS.parent / "fleet"),
            "monitoring_alertmanager": str(PLAYBOOKS.parent / "fleet/alertmanager/alertmanager.yml"),
            **settings,
        }
        (self._folder / "hosts.json").write_text(json.dumps({"all": {"hosts": {"m1": host}}}))
        return ansible(ANSIBLE, "-i", self._folder / "hosts.json", playbook, within_s=600)

    def tls(self, name: str, host: str | None = None) -> dict[str, str]:
        certificate, key = self.certificates.sign(name, host=host)
        authority = self.certificates.ca
        return {
            "authority": authority.read_text(),
            "certificate": certificate.read_text(),
            "key": key.read_text(),
        }

    def archive(self) -> dict[str, str]:
        """The distribution's Prometheus as a release archive."""
        program = self._folder / "prometheus"
        program.write_text('#!/bin/sh\nexec /usr/bin/prometheus "$@"\n')
        program.chmod(0o755)
        path = self._folder / "prometheus.tar.gz"
        with tarfile.open(path, "w:gz") as archive:
            archive.add(program, arcname="prometheus-1.0/prometheus")
        digest = subprocess.run(["sha256sum", path], check=True, capture_output=True, text=True)
        return {"src": str(path), "sha256": digest.stdout.split()[0]}

    def asked(self, query: str) -> list[dict[str, Any]]:
        url = f"http://127.0.0.1:9090/api/v1/query?query={query}"
        result: list[dict[str, Any]] = json.loads(self.run("python3", "-c", ASK, url))["data"]["result"]
        return result

    def until_asked(self, query: str) -> list[dict[str, Any]]:
        deadline = time.monotonic() + PATIENCE_S
        while not (found := self.asked(query)):
            assert time.monotonic() < deadline, self.machine.run(
                "journalctl", "-u", "shuttle-metrics", "-n", "30"
            )
            time.sleep(1)
        return found

    def listening(self) -> set[str]:
        """Addresses of TCP sockets that wait for connections."""
        lines = self.run("ss", "-Hltn").splitlines()
        return {line.split()[3] for line in lines}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    packages = (*PACKAGES, *FLEET_PACKAGES)
    with Machine(name="prm-fleet", network="10.213.62", packages=packages, flavour="metrics") as machine:
        yield Server(tmp_path_factory.mktemp("metrics"), machine)


def test_what_a_shuttle_measures_gets_through(server: Server) -> None:
    address = server.machine.address
    played = server.play("monitoring", monitoring_tls=server.tls("server", address))
    assert played.returncode == 0, played.output
    outside = {each for each in server.listening() if not each.startswith("127.0.0.")}
    assert {each.rpartition(":")[2] for each in outside} == {"22", "9443"}
    shuttle = {
        "metrics_url": f"https://{address}:9443/api/v1/write",
        "metrics_tls": server.tls("s1"),
        "metrics_prometheus": server.archive(),
        "metrics_interval_s": 5,
    }
    played = server.play("metrics", **shuttle)
    assert played.returncode == 0, played.output
    up = server.until_asked("up%7Bjob%3D%22shuttle-guide%22%7D")
    assert {(each["metric"]["shuttle"], each["value"][1]) for each in up} == {("s1", "0")}  # no guide is here
    assert {each["metric"]["process"] for each in up} >= {"ingest", "telemetry"}
    again = server.play("metrics", **shuttle)
    assert again.counts("m1")["changed"] == 0, again.output


def test_the_agent_may_do_little_on_the_machine_itself(server: Server) -> None:
    shown = server.run("systemd-analyze", "security", "--no-pager", "shuttle-metrics.service")
    level = float(shown.partition("Overall exposure level for shuttle-metrics.service: ")[2].split()[0])
    assert level <= 2.0
    pid = server.run("systemctl", "show", "--value", "--property=MainPID", "shuttle-metrics").strip()
    status = server.run("cat", f"/proc/{pid}/status")
    assert "CapEff:\t0000000000000000" in status
    assert "\nUid:\t0\t" not in status
    secrets = server.run("stat", "--format=%a %U", "/etc/shuttle-metrics/secrets").split()
    assert secrets == ["700", "root"]


def test_with_the_distributions_package_its_own_server_never_runs(server: Server) -> None:
    """It would listen on all addresses. (The fleet's server of metrics on this machine ends with it.)"""
    server.run("systemctl", "disable", "--now", "--quiet", "prometheus.service")
    url = f"https://{server.machine.address}:9443/api/v1/write"
    played = server.play("metrics", metrics_url=url, metrics_tls=server.tls("s1"))
    assert played.returncode == 0, played.output
    assert (
        server.run("systemctl", "show", "--value", "--property=LoadState", "prometheus").strip() == "masked"
    )
    assert server.run("systemctl", "is-active", "shuttle-metrics").strip() == "active"
    assert not {each for each in server.listening() if each.endswith(":9090")}
    played = server.play("metrics")
    assert played.returncode == 0, played.output
    assert "shuttle-metrics" not in server.run("ls", "/etc/systemd/system", "/etc")
