"""A real PulseAudio without a sound card, whose ``speakers`` can be recorded sample by sample."""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from ctypes.util import find_library
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

RATE = 48_000
UNHURRIED = {"SHUTTLE_GUIDE_SPEAKER__BUFFER_MS": "300"}
"""Settings of a guide on this server: other tests use the processor, too, and a pause must tear no hole."""
START_WITHIN_S = 20.0
TOOLS = ("pulseaudio", "pactl", "parec")
# Without norewinds the monitor loses the first 50–100 ms of each playback.
SINKS = {
    "speakers": f"sink_name=speakers rate={RATE} channels=2 norewinds=1",
    "mic_in": f"sink_name=mic_in rate={RATE} channels=1 norewinds=1",
}


class Recording:
    """What a sink played, from the entry of ``SoundServer.record`` to its exit."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._begin_mono = math.inf

    def add(self, data: bytes) -> None:
        self._data += data
        # The chunk that came with the least delay tells the time of all.
        self._begin_mono = min(self._begin_mono, time.monotonic() - len(self) / RATE)

    def mono_of(self, sample: int) -> float:
        """When this sample had been played at the latest, in monotonic seconds."""
        return self._begin_mono + sample / RATE

    def since(self, mono: float) -> NDArray[np.float32]:
        """``samples`` that were played behind this monotonic time."""
        return self.samples[max(0, round((mono - self._begin_mono) * RATE)) :]

    @property
    def samples(self) -> NDArray[np.float32]:
        """Shape (n,), mono, 48 kHz, full scale ±1."""
        whole = len(self._data) // 2 * 2
        return np.frombuffer(bytes(self._data[:whole]), "<i2").astype(np.float32) / np.float32(32768)

    def __len__(self) -> int:
        return len(self._data) // 2


class SoundServer:
    """A private daemon with two sinks, ``speakers`` and ``mic_in``, whose monitor is the microphone.

    Args:
        folder: of its own, with a short path: a socket's may have 107 characters only.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._modules: dict[str, str] = {}
        folder.chmod(0o700)

    @property
    def environment(self) -> Mapping[str, str]:
        """What leads a client to this server."""
        return {"XDG_RUNTIME_DIR": str(self._folder), "PULSE_SERVER": f"unix:{self._folder}/pulse.sock"}

    def start(self) -> None:
        script = self._folder / "pulse.pa"
        script.write_text(
            f"load-module module-native-protocol-unix auth-anonymous=1 socket={self._folder}/pulse.sock\n"
        )
        command = ["pulseaudio", "-n", "-F", str(script), "--daemonize=no", "--exit-idle-time=-1"]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--use-pid-file=no"],
                env=os.environ | self.environment | {"HOME": str(self._folder)},
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + START_WITHIN_S
        while time.monotonic() < deadline and self._process.poll() is None:
            if self._pactl("info", check=False).returncode == 0:
                self.plug_in()
                return
            time.sleep(0.05)
        pytest.fail(f"pulseaudio does not start:\n{(self._folder / 'log').read_text(errors='replace')}")

    def kill(self) -> None:
        """As a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(timeout=10)
            self._process = None
            self._modules.clear()

    def pause(self) -> None:
        """Have the server hang: its clients' calls do not return."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)

    def plug_in(self) -> None:
        """Have both sinks; ``speakers`` is the default."""
        for name, arguments in SINKS.items():
            loaded = self._pactl("load-module", "module-null-sink", *arguments.split())
            self._modules[name] = loaded.stdout.strip()
        self._pactl("set-default-sink", "speakers")
        self._pactl("set-default-source", "mic_in.monitor")

    def unplug(self) -> None:
        """Take both sinks away, so that the server cannot move what is playing to the other one."""
        for module in self._modules.values():
            self._pactl("unload-module", module)
        self._modules.clear()

    def suspend(self, on: bool) -> None:
        """Have ``speakers`` hang: it stays there and takes nothing."""
        self._pactl("suspend-sink", "speakers", "1" if on else "0")

    def captures(self, source: str = "mic_in.monitor") -> int:
        """How many programs record from it now."""
        return self._streams("sources", source, "source-outputs")

    def plays(self, sink: str = "mic_in") -> int:
        """How many programs play to it now."""
        return self._streams("sinks", sink, "sink-inputs")

    def _streams(self, devices: str, device: str, streams: str) -> int:
        known = (line.split("\t") for line in self._pactl("list", "short", devices).stdout.splitlines())
        (index,) = [columns[0] for columns in known if columns[1] == device]
        there = self._pactl("list", "short", streams).stdout.splitlines()
        return sum(line.split("\t")[1] == index for line in there)

    @contextlib.contextmanager
    def record(self, sink: str = "speakers") -> Iterator[Recording]:
        """Record what ``sink`` plays; its silence too."""
        command = ["parec", f"--device={sink}.monitor", "--format=s16le", f"--rate={RATE}", "--channels=1"]
        process = subprocess.Popen(
            [*command, "--latency-msec=5"],
            env=os.environ | self.environment,
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        recording, begun = Recording(), threading.Event()
        reader = threading.Thread(target=_read_all, args=(process, recording, begun), daemon=True)
        reader.start()
        try:
            if not begun.wait(START_WITHIN_S):
                pytest.fail(f"parec records nothing from {sink}.monitor")
            yield recording
            time.sleep(0.3)  # what has left the loudspeaker is still on its way through the recorder
        finally:
            process.terminate()
            process.wait(timeout=10)
            reader.join(timeout=10)

    def _pactl(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["pactl", *arguments],
            env=os.environ | self.environment,
            check=check,
            capture_output=True,
            text=True,
            timeout=10,
        )


def _read_all(process: subprocess.Popen[bytes], recording: Recording, begun: threading.Event) -> None:
    assert process.stdout is not None
    while data := process.stdout.read(65536):
        recording.add(data)
        begun.set()


@contextlib.contextmanager
def running_sound_server() -> Iterator[SoundServer]:
    """Started on entry, gone on exit. Skips the test where the machine has none."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if find_library("portaudio") is None:
        missing.append("PortAudio")
    if missing:
        pytest.skip(
            f"no {', '.join(missing)} on this machine (Debian and Ubuntu: apt-get install pulseaudio "
            "pulseaudio-utils libasound2-plugins libportaudio2)"
        )
    with tempfile.TemporaryDirectory(prefix="sound-") as folder:
        server = SoundServer(Path(folder))
        try:
            server.start()
            yield server
        finally:
            server.kill()


@pytest.fixture
def sound_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[SoundServer]:
    """A running sound server that this process and its children use as their own."""
    with running_sound_server() as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        yield server
