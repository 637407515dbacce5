"""What the listener hears with: an audio device, a WAV file, a pipe or nothing at all."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

import numpy as np

from edge.operator_error import OperatorError
from edge.sound.samples import Samples

READ_S = 0.008
"""How much is read at once: a quarter of a frame, so that a full frame waits little."""


class InputError(OperatorError):
    """The source is absent or was lost; the text is one line for the operator."""


class InputEnded(Exception):
    """A source that is finite is at its end: trying again would give nothing."""


class AudioInput(Protocol):
    """A source of sound. Only ``abandon`` may be called from another thread than the one that reads.

    ``open`` may be called again after ``close``; ``open`` and ``read`` may raise ``InputError``.
    """

    name: str
    """As the operator knows it."""
    sample_rate: int
    """The rate of what ``read`` gives, in Hz; known when ``open`` has returned."""
    when_quiet: str
    """Why ``read`` gives nothing, where that may go on: one line for the operator."""
    overflows: int
    """How often the source lost sound because it was not read in time."""

    def open(self) -> None: ...

    def read(self) -> Samples:
        """Wait for the next ``READ_S`` of sound, paced by the source's clock; empty when nothing comes.

        Raises:
            InputEnded: there will be no more.
        """
        ...

    @property
    def backlog_s(self) -> float:
        """How long ago the last sample that was read was captured."""
        ...

    def abandon(self) -> None:
        """A ``read`` hangs in another thread, and the process wants to end without waiting for it."""
        ...

    def close(self) -> None: ...


class SamplePacer:
    """Lets samples through no faster than ``sample_rate`` a second."""

    def __init__(
        self,
        sample_rate: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._sample_rate = sample_rate
        self._clock = clock
        self._sleep = sleep
        self._due: float | None = None

    def take(self, count: int) -> None:
        """Wait until the last of the next ``count`` samples is due.

        What was taken late by less than a second is caught up with; a longer delay is forgotten.
        """
        now = self._clock()
        if self._due is None or now - self._due > 1.0:
            self._due = now
        self._due += count / self._sample_rate
        if (wait_s := self._due - now) > 0:
            self._sleep(wait_s)


class NullInput:
    """No microphone: the guide listens to nobody."""

    name = "null"
    sample_rate = 16_000
    when_quiet = "no microphone is configured"
    overflows = 0
    backlog_s = 0.0

    def open(self) -> None: ...

    def read(self) -> Samples:
        time.sleep(0.25)
        return np.zeros(0, np.float32)

    def abandon(self) -> None: ...

    def close(self) -> None: ...
