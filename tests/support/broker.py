"""A real Mosquitto of the tests' own: started, stopped, killed and paused at will."""

from __future__ import annotations

import contextlib
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from edge.config import MqttSettings
from tests.support.ports import free_port

MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
START_WITHIN_S = 20.0


class Broker:
    """Mosquitto on a loopback port that stays the same over restarts.

    Args:
        folder: for its configuration, passwords, log and (``persistent``) store.
        accounts: user name → password; without any, everybody may connect.
        acl: lines of an access list.
        persistent: sessions and retained messages survive ``stop`` and ``start``.
        extra: further configuration lines.
        log: what it logs (``log_type``).
    """

    def __init__(
        self,
        folder: Path,
        *,
        accounts: Mapping[str, str] | None = None,
        acl: tuple[str, ...] = (),
        persistent: bool = False,
        extra: tuple[str, ...] = (),
        log: str = "all",
    ) -> None:
        if MOSQUITTO is None:
            pytest.skip("no mosquitto on this machine (Debian and Ubuntu: apt-get install mosquitto)")
        self.port = free_port()
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        lines = [f"listener {self.port} 127.0.0.1", "user root", "log_dest stderr", f"log_type {log}"]
        lines += extra
        if accounts:
            lines += ["allow_anonymous false", f"password_file {self._passwords(accounts)}"]
        else:
            lines += ["allow_anonymous true"]
        if acl:
            acl_file = folder / "acl"
            acl_file.write_text("\n".join(acl) + "\n")
            acl_file.chmod(0o600)
            lines += [f"acl_file {acl_file}"]
        if persistent:
            lines += ["persistence true", f"persistence_location {folder}/"]
        self._config = folder / "mosquitto.conf"
        self._config.write_text("\n".join(lines) + "\n")

    def settings(self, **changes: object) -> MqttSettings:
        """``Settings.mqtt`` that lead here, with short waits."""
        given = {"host": "127.0.0.1", "port": self.port, "backoff_max_s": 1.0} | changes
        return MqttSettings(**given)  # type: ignore[arg-type]  # what a test gives is of the field's type

    def start(self) -> None:
        """Start, and return as soon as it takes connections."""
        with (self._folder / "mosquitto.log").open("ab") as log:
            self._process = subprocess.Popen([str(MOSQUITTO), "-c", str(self._config)], stderr=log)
        deadline = time.monotonic() + START_WITHIN_S
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            if self._process.poll() is not None:
                break
            time.sleep(0.02)
        pytest.fail(f"mosquitto does not start:\n{self.log()}")

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    def stop(self) -> None:
        """As an operator would: sessions end properly."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """As a crash would."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Let it hang: connections stay open, nothing is answered."""
        if self._process:
            self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        if self._process:
            self._process.send_signal(signal.SIGCONT)

    def reload(self) -> None:
        """Have it read accounts and access list again."""
        if self._process:
            self._process.send_signal(signal.SIGHUP)

    def log(self) -> str:
        """All that it logged."""
        path = self._folder / "mosquitto.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def _end(self, number: signal.Signals) -> None:
        if self._process and self._process.poll() is None:
            self._process.send_signal(number)
            self.resume()  # a paused process takes SIGTERM only afterwards
            self._process.wait(timeout=10)
        self._process = None

    def _passwords(self, accounts: Mapping[str, str]) -> Path:
        tool = shutil.which("mosquitto_passwd")
        if tool is None:
            pytest.skip("no mosquitto_passwd on this machine (it comes with mosquitto)")
        path = self._folder / "passwords"
        path.touch(mode=0o600)
        for name, password in accounts.items():
            subprocess.run([tool, "-b", str(path), name, password], check=True, capture_output=True)
        return path


@contextlib.contextmanager
def running(broker: Broker) -> Iterator[Broker]:
    """Started on entry, gone on exit."""
    try:
        broker.start()
        yield broker
    finally:
        broker.kill()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """A running broker that everybody may use."""
    with running(Broker(tmp_path / "broker")) as started:
        yield started
