"""An output whose device plays as fast as it is written to, in a time of its own, and fails on demand."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator

import numpy as np

from edge.sound.samples import Samples
from edge.speaker.output import OutputError

RATE = 48_000


class FakeOutput:
    """Its clock runs with the samples written: one second of sound is one second, over in a few real ms.

    It buffers ``LATENCY_S``, always full, so that the player writes on and on.
    """

    LATENCY_S = 0.02

    def __init__(self) -> None:
        self.name = "fake"
        self.sample_rate = RATE
        self.buffer_s = self.LATENCY_S
        self.opened = 0
        self.closed = 0
        self._blocks: list[Samples] = []
        self._frames = 0
        self._skipped_s = 0.0
        self._failure: str | None = None
        self.hangs = threading.Event()
        """``write`` has been called, and waits."""
        self._lock = threading.Lock()
        self._unblocked = threading.Event()
        self._unblocked.set()
        self._abort_works = True
        self._sounded = 0
        self._blocks_at: int | None = None

    def clock(self) -> float:
        """The monotonic time of this world, in seconds."""
        return 1000.0 + self._frames / RATE + self._skipped_s

    def lose(self, reason: str | None) -> None:
        """From now on it fails with ``reason``, also where it hangs; None: it is there again."""
        self._failure = reason
        self.unblock()

    def block(self, *, after_s: float = 0.0, abort_works: bool = True) -> None:
        """Take no more sound, at once or when so much more has sounded: ``write`` hangs."""
        with self._lock:
            self._abort_works = abort_works
            if after_s:
                self._blocks_at = self._sounded + round(after_s * RATE)
            else:
                self._unblocked.clear()

    def unblock(self) -> None:
        with self._lock:
            self._blocks_at = None
            self._unblocked.set()

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """What is done meanwhile is done at one time of this world."""
        self.block()
        try:
            yield
        finally:
            self.unblock()

    def skip(self, seconds: float) -> None:
        """Let time pass without sound."""
        self._skipped_s += seconds

    @property
    def sound(self) -> Samples:
        """All that was written, silence included."""
        return np.concatenate([*self._blocks, np.zeros(0, np.float32)])

    def open(self) -> None:
        self.opened += 1
        self._check()

    def wait_for_room(self, count: int) -> None:
        self._check()

    def write(self, block: Samples, *, idle: bool = False) -> bool:
        time.sleep(0.0002)  # leave the processor to the test
        if not self._unblocked.is_set():
            self.hangs.set()
            self._unblocked.wait()
            self.hangs.clear()
        self._check()
        self._blocks.append(block.copy())
        self._frames += len(block)
        with self._lock:
            self._sounded += int(np.count_nonzero(block))
            if self._blocks_at is not None and self._sounded >= self._blocks_at:
                self._blocks_at = None
                self._unblocked.clear()
        return False

    @property
    def latency_s(self) -> float:
        self._check()
        return self.LATENCY_S

    def abort(self) -> None:
        if self._abort_works:
            self.unblock()

    def close(self) -> None:
        self.closed += 1

    def _check(self) -> None:
        if self._failure is not None:
            raise OutputError(self._failure)
