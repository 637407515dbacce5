"""The roles ``monitoring`` and ``grafana`` on a folder and a stub of systemctl; what they write is run."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.fleet import ANSIBLE, Played
from tests.support.local_role import play_here
from tests.support.metrics_fleet import FILES, MetricsFleet, program
from tests.support.ports import free_port
from tests.support.power_role import SYSTEMCTL
from tests.support.served import Served

pytestmark = [
    pytest.mark.skipif(not ANSIBLE.exists(), reason="no Ansible in .venv-deploy; run: make setup"),
    pytest.mark.timeout(400),
]
UNITS = "etc/systemd/system"
TLS = {"authority": "AUTHORITY", "certificate": "CERTIFICATE", "key": "KEY"}


class Server:
    """The fleet's server of metrics: a folder, and a stub of systemctl."""

    def __init__(self, folder: Path) -> None:
        for name in ("promtool", "amtool"):
            program(name)
        self._folder, self.root = folder, folder / "root"
        self._units = folder / "units"
        self._units.mkdir(parents=True)
        self.root.mkdir()
        for unit in ("prometheus", "prometheus-alertmanager", "nginx", "grafana-server"):
            (self._units / f"{unit}.service").touch()
        stub = folder / "bin" / "systemctl"
        stub.parent.mkdir()
        stub.write_text(SYSTEMCTL.replace("{folder}", str(folder)))
        stub.chmod(0o755)

    def play(self, role: str, settings: Mapping[str, Any], *more: str) -> tuple[Played, list[str]]:
        """How it ended, and what systemctl was asked."""
        asked = self._folder / "asked"
        asked.write_text("")
        given = {
            "monitoring_root": str(self.root),
            "monitoring_files": str(FILES),
            "monitoring_alertmanager": str(FILES / "alertmanager/alertmanager.yml"),
            "monitoring_debs": [],  # they are here already
            "monitoring_tls": TLS,
            "grafana_root": str(self.root),
            "grafana_files": str(FILES / "grafana"),
            "grafana_password": "a password of a test",
        } | dict(settings)
        played = play_here(self._folder, [{"role": role}], given, *more)
        return played, asked.read_text().splitlines()

    def files(self) -> list[Path]:
        return [path for path in self.root.rglob("*") if path.is_file()]

    def command(self, unit: str, port: int) -> list[str]:
        """What the drop-in starts, in the folder, on another port."""
        text = (self.root / UNITS / f"{unit}.service.d/fleet.conf").read_text().replace("\\\n", " ")
        (started,) = re.findall(r"(?m)^ExecStart=(.+)$", text)
        listen = re.sub(r"(?<=127\.0\.0\.1:)\d+", str(port), started)
        for path in ("/etc/prometheus", "/var/lib/prometheus"):
            listen = listen.replace(path, f"{self.root}{path}")
        return listen.split()


def test_the_server_is_set_up_once_runs_with_what_was_written_and_changes_nothing_after_it(
    tmp_path: Path,
) -> None:
    server = Server(tmp_path / "server")
    accounts = {"monitoring_accounts": [{"name": "s1", "hash": "$6$salt$hash"}]}
    played, asked = server.play("monitoring", accounts)
    assert played.returncode == 0, played.output
    assert "KEY" not in played.output
    assert (server.root / "etc/nginx/metrics/accounts").read_text() == "s1:$6$salt$hash\n"
    assert (server.root / "etc/nginx/metrics/server.key").stat().st_mode & 0o777 == 0o600
    assert {line for line in asked if "enable" in line} == {
        f"systemctl enable {unit}.service" for unit in ("prometheus", "prometheus-alertmanager", "nginx")
    }
    (server.root / "var/lib/prometheus/alertmanager").mkdir(parents=True)
    for unit, path in (("prometheus", "/api/v1/rules"), ("prometheus-alertmanager", "/api/v2/status")):
        port = free_port()
        with Served(server.command(unit, port), port, "/-/ready", tmp_path / f"{unit}.log") as served:
            told = served.get(path)
            if unit == "prometheus":
                rules = [rule["name"] for group in told["data"]["groups"] for rule in group["rules"]]
                assert "ShuttleSilent" in rules
                assert served.get("/api/v1/status/flags")["data"]["storage.tsdb.retention.time"] == "90d"
    again, asked = server.play("monitoring", accounts)
    assert again.returncode == 0, again.output
    assert again.counts("localhost")["changed"] == 0, again.output
    assert [line for line in asked if "daemon-reload" not in line] == []


def test_rules_of_the_site_stay_and_those_that_are_no_more_go(tmp_path: Path) -> None:
    server = Server(tmp_path / "server")
    rules = server.root / "etc/prometheus/rules"
    rules.mkdir(parents=True)
    for name in ("site-own.yml", "former.yml"):
        (rules / name).write_text("groups: []\n")
    played, _ = server.play("monitoring", {})
    assert played.returncode == 0, played.output
    ours = {path.name for path in (FILES / "prometheus/rules").iterdir()}
    assert {path.name for path in rules.iterdir()} == {"site-own.yml"} | ours


def test_an_alertmanager_that_would_not_start_is_refused(tmp_path: Path) -> None:
    server = Server(tmp_path / "server")
    wrong = tmp_path / "alertmanager.yml"
    wrong.write_text("route: {receiver: nobody}\nreceivers: []\n")
    played, _ = server.play("monitoring", {"monitoring_alertmanager": str(wrong)})
    assert played.returncode != 0
    assert "undefined receiver" in played.output
    assert not (server.root / "etc/prometheus/alertmanager.yml").exists()


def test_an_account_that_would_open_the_door_is_refused(tmp_path: Path) -> None:
    server = Server(tmp_path / "server")
    account = {"name": "s1", "hash": "a password in clear"}
    played, asked = server.play("monitoring", {"monitoring_accounts": [account]})
    assert played.returncode != 0
    assert "a hash of openssl passwd -6" in " ".join(played.output.split())
    assert server.files() == []
    assert asked == []


@pytest.mark.parametrize("role", ["monitoring", "grafana"])
def test_a_dry_run_changes_nothing(tmp_path: Path, role: str) -> None:
    server = Server(tmp_path / "server")
    played, _ = server.play(role, {}, "--check")
    assert played.returncode == 0, played.output
    assert server.files() == []


def test_grafana_is_given_its_source_and_dashboards(tmp_path: Path) -> None:
    server = Server(tmp_path / "server")
    played, asked = server.play("grafana", {})
    assert played.returncode == 0, played.output
    assert "a password of a test" not in played.output
    grafana = server.root / "etc/grafana"
    assert {path.name for path in (grafana / "dashboards").iterdir()} == {"fleet.json", "shuttle.json"}
    provider = (grafana / "provisioning/dashboards/fleet.yml").read_text()
    assert "path: /etc/grafana/dashboards\n" in provider
    assert (grafana / "provisioning/datasources/fleet.yml").exists()
    environment = grafana / "fleet.env"
    assert environment.stat().st_mode & 0o777 == 0o600
    assert "GF_SERVER_HTTP_ADDR=127.0.0.1\n" in environment.read_text()
    assert "systemctl enable grafana-server.service" in asked
    again, _ = server.play("grafana", {})
    assert again.counts("localhost")["changed"] == 0, again.output


def test_grafana_without_a_password_is_refused(tmp_path: Path) -> None:
    server = Server(tmp_path / "server")
    played, _ = server.play("grafana", {"grafana_password": "admin"})
    assert played.returncode != 0
    assert "Expected a grafana_password of 12 characters" in " ".join(played.output.split())
    assert server.files() == []


def test_nginx_takes_the_door(tmp_path: Path) -> None:
    """With certificates that are real: it reads them."""
    fleet = MetricsFleet(tmp_path / "fleet")
    subprocess.run([program("nginx"), "-t", "-c", tmp_path / "fleet/nginx.conf", "-p", tmp_path], check=True)
    assert fleet.write_url.startswith("https://")
