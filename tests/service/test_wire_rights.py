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
PATIENCE_S = 40.0
IN_VAIN_S = 2.0
"""So long is tried what must not succeed."""
CAMERA = "camera"

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root to be several users"),
    pytest.mark.timeout(180),
]


class User(NamedTuple):
    number: int
    groups: tuple[int, ...]
    """The first is the primary one."""


class DeviceProcess(subprocess.Popen[bytes]):
    """One of the device, and the lines that were read of it."""

    def __init__(self, command: list[str]) -> None:
        super().__init__(command, stdout=subprocess.PIPE, bufsize=0)  # select() sees all
        self.told: list[str] = []


class Device:
    """The runtime directory as ``systemd/`` makes it, for users and groups of numbers that nobody has."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "run"
        self._numbers: dict[str, int] = {"root": 0}
        self.users = {CAMERA: User(self._number(CAMERA), (self._number(CAMERA),))}
        self._processes: list[DeviceProcess] = []
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

    def start(self, name: str, *action: str) -> DeviceProcess:
        user = self.users[name]
        groups = ",".join(map(str, user.groups))
        command = [sys.executable, "-m", WORKER, str(user.number), groups, str(self.folder), *action]
        process = DeviceProcess(command)
        self._processes.append(process)
        return process

    def serve(self, *names: str) -> list[DeviceProcess]:
        """Have these processes bind what is theirs."""
        started = [self.start(name, "serve", name) for name in names]
        for process in started:
            until(process, "ready")
        return started

    def send(self, name: str, *what: str, within_s: float = PATIENCE_S) -> str:
        """How it ended."""
        sending = self.start(name, "send", *what, str(within_s))
        return sending.communicate(timeout=PATIENCE_S + within_s)[0].decode().split()[-1]

    def send_in_vain(self, name: str, *what: str) -> str:
        """The same where nobody takes it."""
        return self.send(name, *what, within_s=IN_VAIN_S)

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


def until(process: DeviceProcess, wanted: str) -> str:
    """The first of its lines that has this in it, as soon as there is one."""
    assert process.stdout is not None
    deadline = time.monotonic() + PATIENCE_S
    while (line := next((line for line in process.told if wanted in line), None)) is None:
        waiting_s = max(0.0, deadline - time.monotonic())
        if not select.select([process.stdout], [], [], waiting_s)[0]:
            raise AssertionError(f"waited in vain for {wanted!r}; {process.told}")
        read = process.stdout.readline().decode()
        assert read, f"it has ended; {process.told}"
        process.told.append(read.strip())
    return line


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
    assert device.send_in_vain("telemetry", "triggers", "ingest", "safety") == "expired"
    assert device.send_in_vain("telemetry", "triggers", "listener", "stop") == "expired"
    assert device.send_in_vain("listener", "triggers", "ingest", "safety") == "expired"
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
