"""A microphone of the tests' own: a FIFO that carries the quiet cabin, and now and then somebody's words."""

from __future__ import annotations

import contextlib
import fcntl
import os
import struct
import termios
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from edge.listener.segment import SAMPLE_RATE

BLOCK_S = 0.02
BLOCK_SAMPLES = round(BLOCK_S * SAMPLE_RATE)
NOISE_RMS = 8.0
"""Of int16: a quiet room."""
AHEAD_S = 0.5
"""So much is always there to read: a pause of this process shall tear no hole, which no air does."""
PIPE_BYTES = 1 << 20
"""Half a minute, for a reader that pauses."""


class CabinMicrophone:
    """As a context it makes the FIFO and feeds it in real time, whether or not somebody reads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.input = f"pipe:{path}"
        self._rng = np.random.default_rng(5)
        self._said: NDArray[np.int16] = np.zeros(0, np.int16)
        self._ahead_bytes = round(AHEAD_S * SAMPLE_RATE) * 2
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._feed, daemon=True)

    def __enter__(self) -> Self:
        os.mkfifo(self.path)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join(5)

    def hears(self, sound: NDArray[np.int16]) -> None:
        """Somebody says this, behind what is being said already: shape (n,), mono, 16 kHz."""
        with self._lock:
            self._said = np.concatenate([self._said, sound])

    @property
    def is_quiet(self) -> bool:
        """Nobody is speaking into it any more."""
        return not len(self._said)

    def be_punctual(self) -> None:
        """Nothing is ahead any more, nor waits: for whoever measures."""
        self._ahead_bytes = 0
        pipe = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)
        with contextlib.suppress(BlockingIOError):
            while os.read(pipe, 1 << 16):
                pass
        os.close(pipe)

    def _feed(self) -> None:
        pipe: int | None = None
        due = time.monotonic()
        while not self._over.is_set():
            block = self._next_block()
            try:
                pipe = self._open() if pipe is None else pipe
                os.write(pipe, block)
                while _waiting(pipe) < self._ahead_bytes:
                    os.write(pipe, self._next_block())
            except BlockingIOError:  # the reader hangs
                pass
            except OSError:  # nobody reads: what was said is lost
                if pipe is not None:
                    os.close(pipe)
                pipe = None
            due += BLOCK_S
            time.sleep(max(0.0, due - time.monotonic()))
        if pipe is not None:
            os.close(pipe)

    def _open(self) -> int:
        pipe = os.open(self.path, os.O_WRONLY | os.O_NONBLOCK)
        with contextlib.suppress(OSError):  # whoever is no root may have only so many
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        return pipe

    def _next_block(self) -> bytes:
        with self._lock:
            words, self._said = self._said[:BLOCK_SAMPLES], self._said[BLOCK_SAMPLES:]
        block = self._rng.standard_normal(BLOCK_SAMPLES) * NOISE_RMS
        block[: len(words)] += words
        return np.clip(block, -32768, 32767).astype("<i2").tobytes()


def _waiting(pipe: int) -> int:
    """Bytes that are there to read."""
    (count,) = struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)))
    return int(count)
