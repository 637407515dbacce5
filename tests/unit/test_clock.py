"""The clock is asked of the daemon that sets it: timesyncd by its file, chrony by its command port."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge.vitals import clock
from edge.vitals.clock import clock_synchronized
from edge.vitals.tree import Tree
from tests.support.waiting import PATIENCE_S

# What chronyd 4.3 answered to "tracking": with a source of its own (`local stratum 10`), and with none.
_HEADER = "06020000002100050000000000000000"
SYNCHRONISED = bytes.fromhex(_HEADER).ljust(52, b"\0") + bytes.fromhex("000a0000")
UNSYNCHRONISED = bytes.fromhex(_HEADER).ljust(52, b"\0") + bytes.fromhex("00000003")


@pytest.mark.parametrize(("file", "expected"), [(False, False), (True, True)])
def test_timesyncd_says_by_a_file_whether_it_has_set_the_clock(
    tmp_path: Path, file: bool, expected: bool
) -> None:
    folder = tmp_path / "run/systemd/timesync"
    folder.mkdir(parents=True)
    if file:
        (folder / "synchronized").touch()

    assert clock_synchronized(Tree(tmp_path)) is expected


@pytest.mark.parametrize(("reply", "expected"), [(SYNCHRONISED, True), (UNSYNCHRONISED, False)])
def test_chrony_is_asked_where_timesyncd_does_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reply: bytes, expected: bool
) -> None:
    monkeypatch.setattr(clock, "CHRONY_ANSWERS_WITHIN_S", PATIENCE_S)
    with chrony(lambda request: reply[:16] + request[8:12] + reply[20:].ljust(84, b"\0")) as port:
        assert clock_synchronized(Tree(tmp_path), chrony_port=port) is expected


@pytest.mark.parametrize(
    "answer",
    [
        lambda request: b"",
        lambda request: request,  # an echo service
        lambda request: SYNCHRONISED[:40],
        lambda request: SYNCHRONISED.ljust(104, b"\0"),  # of another question
        lambda request: b"\xff" * 1024,
        lambda request: None,
    ],
    ids=["empty", "echo", "short", "foreign", "rubbish", "silent"],
)
def test_an_answer_that_is_none_tells_nothing(
    tmp_path: Path, answer: Callable[[bytes], bytes | None]
) -> None:
    with chrony(answer) as port:
        assert clock_synchronized(Tree(tmp_path), chrony_port=port) is None


def test_without_either_nobody_tells(tmp_path: Path) -> None:
    assert clock_synchronized(Tree(tmp_path), chrony_port=unused_port()) is None


@pytest.mark.skipif(shutil.which("chronyd") is None, reason="no chronyd here (Debian package chrony)")
@pytest.mark.parametrize(("source", "expected"), [("local stratum 10", True), ("", False)])
def test_a_real_chronyd_is_understood(tmp_path: Path, source: str, expected: bool) -> None:
    port = unused_port()
    config = tmp_path / "chrony.conf"
    config.write_text(
        f"cmdport {port}\nport 0\npidfile {tmp_path}/pid\nbindcmdaddress 127.0.0.1\n"
        f"bindcmdaddress /\n{source}\n",
        "utf-8",
    )
    # -x: the clock of this machine stays as it is.
    daemon = subprocess.Popen(["chronyd", "-x", "-d", "-U", "-f", config], stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + PATIENCE_S
        while (answer := clock_synchronized(Tree(tmp_path), chrony_port=port)) is None:
            assert time.monotonic() < deadline, "chronyd did not answer"
            time.sleep(0.05)
        assert answer is expected
    finally:
        daemon.terminate()
        daemon.wait(PATIENCE_S)


@contextlib.contextmanager
def chrony(answer: Callable[[bytes], bytes | None]) -> Iterator[int]:
    """A command port on loopback that answers one request; yields its number."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(PATIENCE_S)

        def serve() -> None:
            request, asker = server.recvfrom(1024)
            if (reply := answer(request)) is not None:
                server.sendto(reply, asker)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        thread.join(5)


def unused_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
