"""The air between loudspeaker and microphone: what the guide plays comes back, and people speak."""

from __future__ import annotations

import fcntl
import os
import subprocess
import termios
import threading
import time
from collections.abc import Mapping
from types import TracebackType
from typing import IO, Self

import numpy as np
from numpy.typing import NDArray

from tests.support.sound_server import RATE

BLOCK = RATE // 100
MOUTH_MS = 60
PIPE_BYTES = 16_384
"""Sound is held back so long, and a tenth of a second more may wait: a pause of this process shall tear no
hole, which no air does."""
DISTANCE_S = 0.004
TAIL_S = 0.12
REFLECTIONS = 60
NOISE_RMS = 10 / 32768
"""Of a quiet cabin."""
Sound = NDArray[np.float32]


def impulse_response(gain: float, seed: int = 7) -> Sound:
    """A direct way and reflections that die away, with ``gain`` overall. Shape (n,), 48 kHz."""
    random = np.random.default_rng(seed)
    response = np.zeros(round((DISTANCE_S + TAIL_S) * RATE), np.float32)
    response[round(DISTANCE_S * RATE)] = 1.0
    at = random.uniform(0.001, TAIL_S - 0.001, REFLECTIONS)
    strength = random.standard_normal(REFLECTIONS) * 0.4 * np.exp(-at / 0.03)
    response[np.round((DISTANCE_S + at) * RATE).astype(int)] += strength.astype(np.float32)
    return response * np.float32(gain / np.sqrt(np.sum(np.square(response))))


def through(played: Sound, response: Sound) -> Sound:
    """What comes of a sound through a room, as long as the sound. Shapes (n,), (m,), at one rate."""
    size = 1 << (len(played) + len(response) - 1).bit_length()
    both = np.fft.rfft(played, size) * np.fft.rfft(response, size)
    return np.fft.irfft(both, size)[: len(played)].astype(np.float32)


class Room:
    """As a context: the sound server's ``speakers`` are heard by ``mic_in``, in real time.

    Args:
        environment: what leads to the sound server.
        echo_gain: how loud the guide is at the microphone; 0: headphones.
    """

    def __init__(self, environment: Mapping[str, str], echo_gain: float = 0.5) -> None:
        self._environment = os.environ | environment
        self._response = impulse_response(echo_gain)
        self._size = 1 << (BLOCK + len(self._response) - 1).bit_length()
        self._spectrum = np.fft.rfft(self._response, self._size)
        self._tail: Sound = np.zeros(self._size, np.float32)
        self._random = np.random.default_rng(5)
        self._said: Sound = np.zeros(0, np.float32)
        self._dead = False
        self.lost_blocks = 0
        """What was not taken from the room in time: a hole of 10 ms each."""
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="room", daemon=True)

    def __enter__(self) -> Self:
        self._mouth = self._start("pacat", "--device=mic_in", f"--latency-msec={MOUTH_MS}")
        self._ears = self._start("parec", "--device=speakers.monitor", "--latency-msec=10")
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        for process in (self._ears, self._mouth):
            process.terminate()
            process.wait(10)
        self._thread.join(10)

    def hears(self, sound: NDArray[np.int16], sample_rate: int = 16_000) -> float:
        """Somebody says this now: shape (n,), mono. Returns the monotonic time at which it ends."""
        times = np.arange(round(len(sound) * RATE / sample_rate)) * sample_rate / RATE
        said = np.interp(times, np.arange(len(sound)), sound / 32768).astype(np.float32)
        with self._lock:
            self._said = np.concatenate([self._said, said])
            return time.monotonic() + len(self._said) / RATE

    def cut_loudspeaker(self, cut: bool) -> None:
        """Have it dead, or alive again."""
        self._dead = cut

    @property
    def is_quiet(self) -> bool:
        """Nobody is speaking any more."""
        return not len(self._said)

    def _start(self, *command: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [*command, "--raw", "--format=float32le", f"--rate={RATE}", "--channels=1"],
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        assert process.stdin is not None
        fcntl.fcntl(process.stdin, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        os.set_blocking(process.stdin.fileno(), False)
        return process

    def _run(self) -> None:
        assert self._ears.stdout is not None
        assert self._mouth.stdin is not None
        mouth, mouth_is_open, begun = self._mouth.stdin.fileno(), False, False
        while not self._over.is_set() and (data := _read(self._ears.stdout, BLOCK * 4)):
            heard = self._heard(np.frombuffer(data, "<f4")).tobytes()
            # What waits for a mouth that is not open yet would come too late for ever.
            mouth_is_open = mouth_is_open or (begun and _is_empty(mouth))
            if begun and not mouth_is_open:
                continue
            try:
                os.write(mouth, heard)
            except BlockingIOError:
                self.lost_blocks += 1
            except BrokenPipeError:
                return
            begun = True

    def _heard(self, played: Sound) -> Sound:
        played = played * np.float32(not self._dead)
        self._tail += np.fft.irfft(np.fft.rfft(played, self._size) * self._spectrum, self._size).astype("f4")
        heard = self._tail[:BLOCK] + (self._random.standard_normal(BLOCK) * NOISE_RMS).astype(np.float32)
        self._tail = np.concatenate([self._tail[BLOCK:], np.zeros(BLOCK, np.float32)])
        with self._lock:
            words, self._said = self._said[:BLOCK], self._said[BLOCK:]
        heard[: len(words)] += words
        return np.clip(heard, -1, 1).astype("<f4")


def _is_empty(pipe: int) -> bool:
    """Its reader has taken all that was written."""
    return fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)) == bytes(4)


def _read(stream: IO[bytes], count: int) -> bytes:
    """Exactly so many bytes; fewer at the end only."""
    data = b""
    while len(data) < count and (more := stream.read(count - len(data))):
        data += more
    return data if len(data) == count else b""
