"""What the player writes to: an audio device, a WAV file or nothing at all, each with a clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from edge.sound.samples import Samples

CLOCK_BUFFER_S = 0.06


class OutputError(Exception):
    """The device is absent or was lost; the text is one line for the operator."""


class Output(Protocol):
    """A sink for sound. Only ``abort`` may be called from another thread than the one that writes.

    ``open`` may be called again after ``close``; every method but the last two may raise ``OutputError``.
    """

    name: str
    """As the operator knows it."""
    sample_rate: int
    """The rate of the blocks given to ``write``, whatever the device itself runs at."""
    buffer_s: float
    """Sound that the device is asked to hold ahead; a change counts from the next ``open`` on."""

    def open(self) -> None: ...

    def wait_for_room(self, count: int) -> None:
        """Return when the device can about take ``count`` more samples, or when it should be able to.

        What is mixed after this wait is as new as it can be.
        """
        ...

    def write(self, block: Samples, *, idle: bool = False) -> bool:
        """Hand over one block; waits, paced by the device's clock, while the device's buffer is full.

        Args:
            block: shape (n,). Its memory may be used again when the call returns.
            idle: the block is silence between utterances, which a file may leave out.

        Returns:
            True when the device ran dry before this block.
        """
        ...

    @property
    def latency_s(self) -> float:
        """How much sound has been written and not yet been heard."""
        ...

    def abort(self) -> None:
        """Make a ``write`` that hangs in another thread return, where the device allows it."""
        ...

    def close(self) -> None:
        """Play what is buffered, then let go of the device."""
        ...


class DeviceClock:
    """Takes samples at the pace of a real device with a small buffer."""

    def __init__(
        self,
        sample_rate: int,
        buffer_s: float = CLOCK_BUFFER_S,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._sample_rate = sample_rate
        self._buffer_s = buffer_s
        self._clock = clock
        self._sleep = sleep
        self._empty_at: float | None = None

    def wait_for_room(self, count: int) -> None:
        """Wait until ``take`` of ``count`` samples would not have to."""
        if (wait_s := self.latency_s + count / self._sample_rate - self._buffer_s) > 0:
            self._sleep(wait_s)

    def take(self, count: int) -> bool:
        """Wait until ``count`` more samples have found room; True when the buffer had run dry."""
        now = self._clock()
        dry = self._empty_at is not None and self._empty_at < now
        start = now if self._empty_at is None or dry else self._empty_at
        self._empty_at = start + count / self._sample_rate
        if (wait_s := self._empty_at - self._buffer_s - now) > 0:
            self._sleep(wait_s)
        return dry

    @property
    def latency_s(self) -> float:
        return 0.0 if self._empty_at is None else max(0.0, self._empty_at - self._clock())


class NullOutput:
    """An output that nobody hears, at the pace of a device."""

    name = "null"

    def __init__(self, sample_rate: int) -> None:
        self.sample_rate = sample_rate
        self.buffer_s = CLOCK_BUFFER_S
        self._clock = DeviceClock(sample_rate)

    def open(self) -> None:
        self._clock = DeviceClock(self.sample_rate, self.buffer_s)

    def wait_for_room(self, count: int) -> None:
        self._clock.wait_for_room(count)

    def write(self, block: Samples, *, idle: bool = False) -> bool:
        return self._clock.take(len(block))

    @property
    def latency_s(self) -> float:
        return self._clock.latency_s

    def abort(self) -> None: ...

    def close(self) -> None: ...
