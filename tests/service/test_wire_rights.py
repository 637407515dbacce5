"""Who may do what at which socket, between real processes of real users, in the folders that a device has."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from edge.bus.topology import PIPES, PROCESSES, SPEECH, feed_path, pipe_path

WORKER = "tests.service.wire_user"
SYSTEMD = Path(__file__).parents[2] / "systemd"
RUN = "/run/shuttle-guide"
FIRST_NUMBER = 61_000
PATIENCE_S = 20.0
CAMERA = "camera"

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to be several users")


class User(NamedTuple):
    number: int
    groups: tuple[int, ...]
    """The first is the primary one."""


class Device:
    """The runtime directory as ``systemd/`` makes it, for users and groups of numbers that nobody has."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "run"
        self._numbers: dict[str, int] = {"root": 0}
        self.users = {CAMERA: User(self._number(CAMERA), (self._number(CAMERA),))}
        self._processes: list[subprocess.Popen[bytes]] = []
        for kind, name, *rest in self._lines("sysusers.d"):
            if kind == "u":
                primary = self._number(rest[0].partition(":")[2])
                self.users[name.removeprefix("shuttle-guide-")] = User(self._number(name), (primary,))
            elif kind == "m":
                user = name.removeprefix("shuttle-guide-")
                known = self.users[user]
                self.users[user] = known._replace(groups=(*known.groups, self._number(rest[0])))
        for _, path, mode, owner, group, *_ in self._lines("tmpfiles.d"):
            if path == RUN or path.startswith(f"{RUN}/"):
                made = self.folder / path.removeprefix(RUN).lstrip("/")
                made.mkdir()
                os.chown(made, self._number(owner), self._number(group))
                made.chmod(int(mode, 8))

    def start(self, name: str, *action: str) -> subprocess.Popen[bytes]:
        user = self.users[name]
        groups = ",".join(map(str, user.groups))
        command = [sys.executable, "-m", WORKER, str(user.number), groups, str(self.folder), *action]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, bufsize=0)  # select() sees all
        self._processes.append(process)
        return process

    def serve(self, *names: str) -> list[subprocess.Popen[bytes]]:
        """Have these processes bind what is theirs."""
        started = [self.start(name, "serve", name) for name in names]
        for process in started:
            until(process, "ready")
        return started

    def send(self, name: str, *what: str) -> str:
        """How it ended."""
        return self.start(name, "send", *what).communicate(timeout=PATIENCE_S)[0].decode().split()[-1]

    def attempt(self, name: str, deed: Callable[[], object]) -> str:
        """Do something as that user; what came of it: ``done``, or the kind of error."""
        user = self.users[name]
        reader, writer = os.pipe()
        if (child := os.fork()) == 0:
            try:
                os.setgroups(user.groups)
                os.setresgid(*[user.groups[0]] * 3)
                os.setresuid(*[user.number] * 3)
                deed()
                os.write(writer, b"done")
            except BaseException as error:
                os.write(writer, type(error).__name__.encode())
            finally:
                os._exit(0)
        os.close(writer)
        with os.fdopen(reader) as answer:
            os.waitpid(child, 0)
            return answer.read()

    def stop(self) -> None:
        for process in self._processes:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()

    def _number(self, name: str) -> int:
        return self._numbers.setdefault(name, FIRST_NUMBER + len(self._numbers))

    def _lines(self, folder: str) -> list[list[str]]:
        text = (SYSTEMD / folder / "shuttle-guide.conf").read_text()
        return [line.split() for line in text.splitlines() if line and not line.startswith("#")]


@pytest.fixture
def device() -> Iterator[Device]:
    folder = Path(tempfile.mkdtemp())  # short, and its parents can be entered by everybody
    folder.chmod(0o755)
    made = Device(folder)
    yield made
    made.stop()
    shutil.rmtree(folder)


def until(process: subprocess.Popen[bytes], wanted: str) -> str:
    """Read its lines until one has this in it; that line."""
    assert process.stdout is not None
    deadline = time.monotonic() + PATIENCE_S
    seen = []
    while time.monotonic() < deadline:
        if select.select([process.stdout], [], [], deadline - time.monotonic())[0]:
            line = process.stdout.readline().decode()
            seen.append(line)
            if wanted in line:
                return line.strip()
            assert line, f"it has ended; {seen}"
    raise AssertionError(f"waited in vain for {wanted!r}; {seen}")


def connect(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(str(path))


def bind(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    with socket.socket(socket.AF_UNIX) as thief:
        thief.bind(str(path))


def hold_the_lock(path: Path) -> None:
    fd = os.open(f"{path}.lock", os.O_RDONLY)
    fcntl.flock(fd, fcntl.LOCK_EX)


def read_and_hold_the_lock(path: Path) -> None:
    fd = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o666)
    fcntl.flock(fd, fcntl.LOCK_EX)


def replace_the_folder(path: Path) -> None:
    path.parent.rename(path.parent.with_name("away"))


def test_each_socket_lets_in_who_needs_it_and_nobody_else(device: Device) -> None:
    device.serve(*PROCESSES)
    allowed = {feed_path(device.folder, process): {*PROCESSES} for process in PROCESSES}
    for pipe in PIPES:
        for sends in pipe.senders:
            allowed[pipe_path(device.folder, pipe, sends.process)] = {sends.process, pipe.receiver}
    outcome = {
        path: {name: device.attempt(name, lambda path=path: connect(path)) for name in device.users}  # type: ignore[misc]
        for path in allowed
    }
    for path, names in allowed.items():
        let_in = {name for name, came_of_it in outcome[path].items() if came_of_it == "done"}
        # In the group too; the server's unit hides the folder (unit/test_units.py), the model reads nothing.
        assert let_in - {"llm", "recognizer-server"} == names, path
        assert {*outcome[path].values()} <= {"done", "PermissionError"}
    speech = pipe_path(device.folder, SPEECH, "commentator")
    assert outcome[speech][CAMERA] == outcome[speech]["telemetry"] == "PermissionError"


def test_telemetry_cannot_send_a_trigger_as_anybody(device: Device) -> None:
    (commentator,) = device.serve("commentator")
    assert device.send("telemetry", "triggers", "ingest", "safety") == "expired"
    assert device.send("telemetry", "triggers", "listener", "stop") == "expired"
    assert device.send("listener", "triggers", "ingest", "safety") == "expired"
    assert device.send("ingest", "triggers", "ingest", "safety") == "acknowledged"
    assert until(commentator, "took") == "took safety from ingest"


def test_the_listener_cannot_send_safety(device: Device) -> None:
    (commentator,) = device.serve("commentator")
    assert device.send("listener", "triggers", "listener", "safety") == "acknowledged"
    assert "listener may send triggers of kind answer, announcement, and sent safety" in until(
        commentator, "refused 1 message"
    )
    assert device.send("listener", "triggers", "listener", "answer") == "acknowledged"
    assert until(commentator, "took") == "took answer from listener"


@pytest.mark.parametrize(
    "deed", [bind, hold_the_lock, read_and_hold_the_lock, replace_the_folder], ids=lambda deed: deed.__name__
)
@pytest.mark.parametrize("was_killed", [False, True], ids=["never there", "killed"])
def test_nobody_takes_the_speakers_place_while_it_is_down(
    device: Device, deed: Callable[[Path], None], was_killed: bool
) -> None:
    if was_killed:
        (speaker,) = device.serve("speaker")
        speaker.send_signal(signal.SIGKILL)
        speaker.wait()
    for path in (pipe_path(device.folder, SPEECH, "commentator"), feed_path(device.folder, "speaker")):
        for name in device.users:
            if name != "speaker":
                refused = device.attempt(name, lambda path=path: deed(path))  # type: ignore[misc]
                assert refused in ("PermissionError", "FileNotFoundError"), (name, path)
    (speaker,) = device.serve("speaker")
    assert device.send("commentator", "speech", "commentator", "end") == "acknowledged"
    assert until(speaker, "took") == "took SpeechEnd from commentator"


def test_a_message_too_long_harms_nobody_else(device: Device) -> None:
    speaker, _ = device.serve("speaker", "commentator")
    flooding = device.start("commentator", "flood", "speech", "commentator")
    assert until(flooding, "connected") == "disconnected"
    assert device.send("commentator", "speech", "commentator", "end") == "acknowledged"
    assert until(speaker, "took") == "took SpeechEnd from commentator"
    assert speaker.poll() is None


def test_a_feed_tells_what_is_its_owners_to_tell(device: Device) -> None:
    device.serve("ingest")
    watching = device.start("speaker", "watch")
    until(watching, "ProcessState ingest")
    device.start("telemetry", "serve", "telemetry", "and what only ingest may")
    until(watching, "ProcessState telemetry")
    assert "telemetry may send ProcessState, Heat, and sent Control" in until(
        watching, "feed.telemetry: refused"
    )
