"""What systemd is told: readiness, status, that work goes on, and why a process does not start."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge import sd_notify
from tests.support.guide import clean_environment
from tests.support.waiting import PATIENCE_S


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """The service manager's end of the socket."""
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.bind(str(path))
        end.settimeout(PATIENCE_S)
        monkeypatch.setenv("NOTIFY_SOCKET", str(path))
        yield end


def test_each_report_is_one_datagram_of_lines(manager: socket.socket) -> None:
    assert sd_notify.notify("READY=1", "STATUS=speaking")
    assert manager.recv(4096) == b"READY=1\nSTATUS=speaking"


def test_without_a_service_manager_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    assert not sd_notify.notify("READY=1")
    monkeypatch.setenv("NOTIFY_SOCKET", "/nowhere/notify")
    assert not sd_notify.notify("READY=1")


def test_a_ready_process_feeds_the_watchdog() -> None:
    lines = sd_notify.health("all is well", ready=True, working=True)
    assert lines == ("STATUS=all is well", "READY=1", "WATCHDOG=1")


def test_a_start_that_takes_long_asks_for_time() -> None:
    lines = sd_notify.health("loading", ready=False, working=True)
    assert lines == ("STATUS=loading", "WATCHDOG=1", "EXTEND_TIMEOUT_USEC=15000000")


def test_work_that_hangs_feeds_nothing() -> None:
    assert sd_notify.health("stuck", ready=True, working=False) == ("STATUS=stuck", "READY=1")
    assert sd_notify.health("stuck", ready=False, working=False) == ("STATUS=stuck",)


def test_a_status_cannot_smuggle_in_another_field() -> None:
    lines = sd_notify.health("one\nREADY=1", ready=False, working=False)
    assert lines == ("STATUS=one READY=1",)


def test_a_refused_process_waits_under_systemd_and_leaves_when_told_to(manager: socket.socket) -> None:
    code = "from edge import sd_notify; sd_notify.refuse('config: no')"
    with subprocess.Popen([sys.executable, "-c", code]) as refused:
        assert manager.recv(4096) == b"STATUS=config: no"
        assert refused.poll() is None
        refused.send_signal(signal.SIGTERM)
        assert refused.wait(timeout=PATIENCE_S) == 0


def test_a_process_that_is_told_to_end_leaves_without_a_complaint(
    manager: socket.socket, tmp_path: Path
) -> None:
    environment = clean_environment(tmp_path, broker_port=1) | {"NOTIFY_SOCKET": str(tmp_path / "notify")}
    command = [sys.executable, "-m", "edge", "run", "speaker"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as speaker:
        while b"READY=1" not in manager.recv(4096):
            pass
        speaker.send_signal(signal.SIGTERM)
        _, told = speaker.communicate(timeout=PATIENCE_S)
    assert speaker.returncode == 0
    assert "leaked" not in told, "native libraries look for what is left when the interpreter goes"
