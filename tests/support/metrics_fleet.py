"""The fleet's end of the metrics: Prometheus, Alertmanager and nginx with the files of ``deploy/fleet``."""

from __future__ import annotations

import json
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.fleet_broker import Certificates
from tests.support.ports import free_port
from tests.support.served import Served

FILES = Path(__file__).parents[2] / "deploy" / "fleet"
PROGRAMS = {
    "prometheus": "prometheus",
    "promtool": "prometheus",
    "prometheus-alertmanager": "prometheus-alertmanager",
    "amtool": "prometheus-alertmanager",
    "nginx": "nginx-light",
}
"""Program → its Debian package."""


def program(name: str) -> Path:
    """Where it is; skips the test with one line where it is not."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if found is None:
        pytest.skip(f"no {name} on this machine (Debian and Ubuntu: apt-get install {PROGRAMS[name]})")
    return Path(found)


class MetricsFleet:
    """The receiving end in ``folder``, on ports of the test's own; each part runs while it is entered."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self._port, self._alerts_port, self._door_port = free_port(), free_port(), free_port()
        self.certificates = Certificates(folder / "certificates")
        self._write_prometheus()
        self._write_door()
        self._alertmanager = folder / "alertmanager.yml"
        quick = (
            (FILES / "alertmanager/alertmanager.yml").read_text().replace("group_wait: 30s", "group_wait: 0s")
        )
        self._alertmanager.write_text(quick)

    @property
    def write_url(self) -> str:
        """What a shuttle is given."""
        return f"https://127.0.0.1:{self._door_port}/api/v1/write"

    def tls(self, name: str) -> dict[str, str]:
        """For ``metrics_tls`` of a shuttle."""
        certificate, key = self.certificates.sign(name)
        authority = self.certificates.ca
        return {
            part: path.read_text()
            for part, path in (("authority", authority), ("certificate", certificate), ("key", key))
        }

    def ssl_context(self, *own: Path) -> ssl.SSLContext:
        """As somebody with this certificate and key, or without any, comes to the door."""
        context = ssl.create_default_context(cafile=str(self.certificates.ca))
        if own:
            certificate, key = own
            context.load_cert_chain(certificate, key)
        return context

    @contextmanager
    def prometheus(self, *more: str) -> Iterator[Served]:
        """The receiver; what it has taken stays in the folder."""
        own = f"127.0.0.1:{self._port}"
        command = (
            *(str(program("prometheus")), f"--config.file={self._folder}/prometheus.yml"),
            *(f"--storage.tsdb.path={self._folder}/tsdb", f"--web.listen-address={own}"),
            *("--web.enable-remote-write-receiver", "--log.level=warn", *more),
        )
        with Served(command, self._port, "/-/ready", self._folder / "prometheus.log") as served:
            yield served

    @contextmanager
    def alertmanager(self) -> Iterator[Served]:
        command = (
            *(str(program("prometheus-alertmanager")), f"--config.file={self._alertmanager}"),
            *(f"--storage.path={self._folder}/alerts", f"--web.listen-address=127.0.0.1:{self._alerts_port}"),
            "--cluster.listen-address=",
        )
        with Served(command, self._alerts_port, "/-/ready", self._folder / "alertmanager.log") as served:
            yield served

    @contextmanager
    def door(self) -> Iterator[Served]:
        """nginx; it is asked over TLS alone, so that it is ready when it refuses plain HTTP."""
        command = (str(program("nginx")), "-c", str(self._folder / "nginx.conf"), "-p", str(self._folder))
        with Served(command, self._door_port, "", self._folder / "nginx.log") as served:
            yield served

    @contextmanager
    def all(self) -> Iterator[tuple[Served, Served]]:
        """Everything; gives Prometheus and Alertmanager."""
        with ExitStack() as stack:
            alerts = stack.enter_context(self.alertmanager())
            prometheus = stack.enter_context(self.prometheus())
            stack.enter_context(self.door())
            yield prometheus, alerts

    def alerts(self, alertmanager: Served) -> list[dict[str, Any]]:
        """As ``amtool`` tells them."""
        command = (
            program("amtool"),
            "alert",
            "query",
            f"--alertmanager.url={alertmanager.url}",
            "-o",
            "json",
        )
        ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
        told: list[dict[str, Any]] = json.loads(ended.stdout)
        return told

    def _write_prometheus(self) -> None:
        shutil.copytree(FILES / "prometheus/rules", self._folder / "rules")
        text = (FILES / "prometheus/prometheus.yml").read_text()
        for ours, theirs in (
            ("127.0.0.1:9090", f"127.0.0.1:{self._port}"),
            ("127.0.0.1:9093", f"127.0.0.1:{self._alerts_port}"),
            ("interval: 30s", "interval: 1s"),
        ):
            assert ours in text
            text = text.replace(ours, theirs)
        (self._folder / "prometheus.yml").write_text(text)

    def _write_door(self) -> None:
        tls = self._folder / "door"
        tls.mkdir()
        certificate, key = self.certificates.sign("server", host="127.0.0.1")
        for name, source in (
            ("server.crt", certificate),
            ("server.key", key),
            ("authority.crt", self.certificates.ca),
        ):
            shutil.copy(source, tls / name)
        (tls / "accounts").touch()
        text = (FILES / "door/metrics.conf").read_text()
        for ours, theirs in (
            ("/etc/nginx/metrics/", f"{tls}/"),
            ("listen 9443 ssl", f"listen 127.0.0.1:{self._door_port} ssl"),
            ("    listen [::]:9443 ssl;\n", ""),
            ("127.0.0.1:9090", f"127.0.0.1:{self._port}"),
        ):
            assert ours in text
            text = text.replace(ours, theirs)
        (tls / "metrics.conf").write_text(text)
        (self._folder / "nginx.conf").write_text(
            f"daemon off;\nuser root;\npid {self._folder}/nginx.pid;\nerror_log {self._folder}/nginx.log;\n"
            f"events {{}}\nhttp {{\n    client_body_temp_path {self._folder}/body;\n"
            f"    proxy_temp_path {self._folder}/proxy;\n    include {tls}/metrics.conf;\n}}\n"
        )
