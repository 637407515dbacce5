"""An output whose device plays as fast as it is written to, in a time of its own, and fails on demand."""

from __future__ import annotations

import threading
import time

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
        self._unblocked = threading.Event()
        self._unblocked.set()
        self._abort_works = True

    def clock(self) -> float:
        """The monotonic time of this world, in seconds."""
        return 1000.0 + self._frames / RATE + self._skipped_s

    def lose(self, reason: str | None) -> None:
        """From now on it fails with ``reason``; None: it is there again."""
        self._failure = reason

    def block(self, *, abort_works: bool = True) -> None:
        """Take no more sound: ``write`` hangs."""
        self._abort_works = abort_works
        self._unblocked.clear()

    def unblock(self) -> None:
        self._unblocked.set()

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
        self._unblocked.wait()
        self._check()
        self._blocks.append(block.copy())
        self._frames += len(block)
        return False

    @property
    def latency_s(self) -> float:
        self._check()
        return self.LATENCY_S

    def abort(self) -> None:
        if self._abort_works:
            self._unblocked.set()

    def close(self) -> None:
        self.closed += 1

    def _check(self) -> None:
        if self._failure is not None:
            raise OutputError(self._failure)
