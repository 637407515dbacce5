"""A microphone of the tests' own: a FIFO that carries the quiet cabin, and now and then somebody's words."""

from __future__ import annotations

import contextlib
import os
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


class CabinMicrophone:
    """As a context it makes the FIFO and feeds it, in real time, whether or not somebody reads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.input = f"pipe:{path}"
        self._rng = np.random.default_rng(5)
        self._said: NDArray[np.int16] = np.zeros(0, np.int16)
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

    def forget_backlog(self) -> None:
        """What was written before anybody read is late for a long time: whoever measures leaves it out."""
        pipe = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)
        with contextlib.suppress(BlockingIOError):
            while os.read(pipe, 1 << 16):
                pass
        os.close(pipe)

    def _feed(self) -> None:
        # Opened for reading too, so that it neither waits for a reader nor dies with one.
        pipe = os.open(self.path, os.O_RDWR | os.O_NONBLOCK)
        due = time.monotonic()
        while not self._over.is_set():
            with contextlib.suppress(BlockingIOError):  # nobody reads: what was said is lost
                os.write(pipe, self._next_block().astype("<i2").tobytes())
            due += BLOCK_S
            time.sleep(max(0.0, due - time.monotonic()))
        os.close(pipe)

    def _next_block(self) -> NDArray[np.float64]:
        with self._lock:
            words, self._said = self._said[:BLOCK_SAMPLES], self._said[BLOCK_SAMPLES:]
        block = self._rng.standard_normal(BLOCK_SAMPLES) * NOISE_RMS
        block[: len(words)] += words
        return np.clip(block, -32768, 32767)
