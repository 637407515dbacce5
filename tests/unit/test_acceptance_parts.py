"""The parts of a board's acceptance, each against the smallest machine that shows it."""

from __future__ import annotations

import contextlib
import os
import pty
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from edge.acceptance import heat, restarts
from edge.acceptance.button import check_button
from edge.acceptance.gps import check_gps
from edge.acceptance.heat import Seen, check_heat, judge
from edge.acceptance.network import check_network, targets
from edge.acceptance.restarts import UNITS, check_restarts
from edge.acceptance.result import Result
from edge.config import Settings
from edge.listener.button import DOWN, EV_KEY, EVENT, UP
from edge.vitals.slowdowns import SlowdownCounts
from edge.vitals.tree import Tree
from tests.support.ports import free_port
from tests.support.services import service, with_services
from tests.support.waiting import PATIENCE_S

FIX = b"$GPGGA,123519,0839.000,S,11508.000,E,1,08,0.9,45.4,M,46.9,M,,*4F\r\n"


def verdicts(result: Result) -> dict[str, str]:
    return {check.name: check.verdict for check in result.checks}


def within_s(verdict: str) -> float:
    """How long it is waited: for what comes as long as it takes, for what does not only a moment."""
    return PATIENCE_S if verdict == "ok" else 0.5


def settings(**sections: object) -> Settings:
    return msgspec.convert(sections, Settings)


def with_local(address: str) -> Settings:
    return with_services(local=service("local", base_url=address))


def sentence(body: str) -> bytes:
    checksum = 0
    for byte in body.encode():
        checksum ^= byte
    return f"${body}*{checksum:02X}\r\n".encode()


# --- button ---


def test_no_button_is_not_there() -> None:
    assert verdicts(check_button(settings(), 1)) == {"button": "absent"}


@pytest.mark.parametrize(("values", "verdict"), [((DOWN, UP), "ok"), ((DOWN,), "missing"), ((), "missing")])
def test_a_button_is_pressed_and_let_go(values: tuple[int, ...], verdict: str, tmp_path: Path) -> None:
    path = tmp_path / "button"
    os.mkfifo(path)
    with path.open("rb+", buffering=0) as button:  # both ends, so that it never ends
        button.write(b"".join(EVENT.pack(0, 0, EV_KEY, 30, value) for value in values))
        result = check_button(settings(listener={"button": str(path)}), within_s(verdict))
    assert verdicts(result) == {"button": verdict}


def test_a_button_that_is_not_plugged_in_says_so(tmp_path: Path) -> None:
    result = check_button(settings(listener={"button": str(tmp_path / "none")}), 0.2)
    assert "No such file" in result.checks[0].actual


# --- GPS ---


@contextlib.contextmanager
def gpsd(*lines: bytes) -> Iterator[int]:
    """Its port; it answers a watch with these lines and stays."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):
                client, _ = server.accept()
                with client:
                    if client.recv(100).startswith(b"?WATCH"):
                        client.sendall(b"".join(lines))
                    client.recv(1)

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]


VERSION = b'{"class":"VERSION","release":"3.22"}\r\n'


@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        (b'{"class":"TPV","mode":3,"lat":-8.6}\r\n', "ok"),
        (b'{"class":"TPV","mode":1}\r\n', "missing"),
        (b'{"class":"TPV","mode":"3"}\r\n{[[[\r\n[]\r\n' + b"[" * 100_000 + b"\r\n", "missing"),
    ],
)
def test_gpsd_is_asked_for_a_fix(line: bytes, verdict: str) -> None:
    with gpsd(VERSION, line) as port:
        assert verdicts(check_gps("gpsd", within_s(verdict), gpsd_port=port)) == {"gps": verdict}


def test_no_gps_is_not_there_and_no_gpsd_is_a_failure() -> None:
    assert verdicts(check_gps(None, 1)) == {"gps": "absent"}
    refused = check_gps("gpsd", 1, gpsd_port=free_port())
    assert "Connection refused" in refused.checks[0].actual


@pytest.mark.parametrize(
    ("body", "verdict"),
    [
        ("GPGGA,123519,0839.000,S,11508.000,E,1,08,0.9,45.4,M,46.9,M,,", "ok"),
        ("GNGGA,123519,0839.000,S,11508.000,E,2,08,0.9,45.4,M,46.9,M,,", "ok"),
        ("GPGGA,123519,,,,,0,00,,,M,,M,,", "missing"),
        ("GPGSV,1,1,00", "missing"),
    ],
)
def test_a_receiver_is_read(body: str, verdict: str) -> None:
    ours, theirs = pty.openpty()
    os.write(ours, b"\xff half a line\r\n" + sentence(body))
    assert verdicts(check_gps(os.ttyname(theirs), within_s(verdict))) == {"gps": verdict}
    os.close(ours)
    os.close(theirs)


def test_a_sentence_with_a_wrong_checksum_is_none() -> None:
    ours, theirs = pty.openpty()
    os.write(ours, FIX.replace(b"*4F", b"*00"))
    assert verdicts(check_gps(os.ttyname(theirs), 0.3)) == {"gps": "missing"}
    os.close(ours)
    os.close(theirs)


# --- network ---


def test_what_is_not_configured_is_not_connected_to() -> None:
    assert list(targets(settings())) == []
    assert verdicts(check_network(settings())) == {"network": "absent"}


def test_each_step_is_timed_and_the_one_that_fails_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        good = check_network(with_local(f"http://localhost:{port}/v1"))
    assert verdicts(good) == {"network local model": "ok"}
    assert set(good.figures["network local model"]) == {"name", "connection"}
    nobody = check_network(with_local(f"http://127.0.0.1:{free_port()}/v1"))
    assert "connection: " in nobody.checks[0].actual
    assert "Connection refused" in nobody.checks[0].actual
    unknown = check_network(with_local("http://nowhere.invalid/v1"))
    assert unknown.checks[0].actual.startswith("name: ")
    assert "DNS" in unknown.checks[0].advice


def test_a_server_that_speaks_no_tls_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up() -> None:
            client, _ = server.accept()
            client.recv(100)
            client.sendall(b"HTTP/1.0 400 no\r\n\r\n")
            client.close()

        threading.Thread(target=hang_up, daemon=True).start()
        port = server.getsockname()[1]
        found = check_network(with_local(f"https://127.0.0.1:{port}/v1"))
    assert found.checks[0].actual.startswith("TLS: ")


# --- heat ---


def machine_with(root: Path, celsius: float) -> Tree:
    zone = root / "sys/class/thermal/thermal_zone0"
    zone.mkdir(parents=True)
    (zone / "type").write_text("cpu-thermal\n")
    (zone / "temp").write_text(f"{celsius * 1000:.0f}\n")
    return Tree(root)


def children() -> set[str]:
    own = Path(f"/proc/self/task/{os.getpid()}/children")
    return set(own.read_text().split())


def test_every_core_works_and_rests_afterwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heat, "LOOK_EACH_S", 0.1)
    working: list[int] = []
    tree = machine_with(tmp_path, 61)
    before = children()

    def read(path: Path, *, whole: Callable[[Path], bytes] = Path.read_bytes) -> bytes:
        working.append(len(children() - before))
        return whole(path)

    monkeypatch.setattr(tree, "read", read)
    result = check_heat(tree, 0.02)
    assert verdicts(result)["heat"] == "ok"
    assert result.figures["hottest_c"] == {"cpu": 61.0}
    assert max(working) == len(os.sched_getaffinity(0))
    assert not children() - before


def test_the_load_ends_with_who_started_it() -> None:
    code = (
        "import os, time\nfrom edge.acceptance.heat import _load\nload = _load()\nload.__enter__()\n"
        "print(os.getpid(), flush=True)\ntime.sleep(60)"
    )
    starter = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert starter.stdout is not None
    pid = int(starter.stdout.readline())
    workers = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    assert workers
    starter.kill()
    starter.wait()
    until = time.monotonic() + 30
    while any(_lives(worker) for worker in workers):
        assert time.monotonic() < until, "a worker goes on"
        time.sleep(0.1)


def _lives(pid: str) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    return False


def test_what_slowed_it_down_is_judged() -> None:
    none, some = SlowdownCounts(1, 0, 5), SlowdownCounts(3, 0, 900)
    seen = Seen({"cpu": 50.0}, {"cpu": 93.0, "gpu": 70.0}, {"cpu"}, none, some)
    found = {check.name: check for check in judge(seen)}
    assert {name: check.verdict for name, check in found.items()} == {
        "heat": "missing",
        "throttling": "missing",
        "undervoltage": "missing",
        "overcurrent": "ok",
    }
    assert found["heat"].actual == "cpu 93 °C, from 50 °C"
    assert found["undervoltage"].actual == "2 events"
    assert "supply" in found["undervoltage"].advice
    untold = SlowdownCounts(None, None, None)
    cool = judge(Seen({"cpu": 50.0}, {"cpu": 60.0}, set(), untold, untold))
    assert [check.verdict for check in cool] == ["ok", "ok", "absent", "absent"]


# --- restarts ---

SYSTEMCTL = """\
#!/bin/sh
echo "$@" >>{folder}/calls
starts=$(grep -c restart {folder}/calls)
case "$1" in restart) touch {folder}/restarted-$starts; exit 0;; esac
now=$(awk '{{printf "%d", $1 * 1000000}}' /proc/uptime)
for unit in {units}; do
    state=active
    [ "$unit" = "$(cat {folder}/stuck 2>/dev/null)" ] && [ "$starts" -gt 1 ] && state=activating
    printf 'Id=%s\\nActiveState=%s\\nInvocationID=life%s\\n' $unit $state $starts
    printf 'ActiveEnterTimestampMonotonic=%s\\n\\n' $now
done
"""


@pytest.fixture
def systemctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "bin" / "systemctl"
    path.parent.mkdir()
    path.write_text(SYSTEMCTL.format(folder=tmp_path, units=" ".join(UNITS)))
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{path.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(restarts, "LOOK_EACH_S", 0.02)
    return tmp_path


def test_each_restart_is_timed(systemctl: Path) -> None:
    result = check_restarts(3, 20)
    assert verdicts(result) == {"restarts": "ok"}
    assert len(result.figures["ready_after_s"]) == 3
    assert (systemctl / "calls").read_text().count("restart --no-block shuttle-guide.target") == 3
    assert "median" in result.checks[0].actual


def test_a_process_that_is_not_ready_is_named(systemctl: Path) -> None:
    (systemctl / "stuck").write_text(UNITS[3])
    result = check_restarts(3, 0.5)
    assert verdicts(result) == {"restarts": "missing"}
    assert f"number 2: not ready within 0 s: {UNITS[3]} is activating" in result.checks[0].actual.replace(
        "0.5", "0"
    )


def test_a_systemd_that_refuses_is_one_line(systemctl: Path) -> None:
    (systemctl / "bin/systemctl").write_text("#!/bin/sh\nexit 4\n")
    found = check_restarts(2, 1).checks
    assert [check.verdict for check in found] == ["missing"]
    assert "run it as root" in found[0].actual
