"""From blocks of any length and rate to frames of 512 samples at 16 kHz, each with its time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from edge.listener.segment import SAMPLE_RATE, Frame
from edge.sound.resample import Resampler
from edge.sound.samples import Samples, to_int16

FRAME_SAMPLES = 512
"""What the voice activity detectors take at once."""
FRAME_S = FRAME_SAMPLES / SAMPLE_RATE

RESYNC_S = 0.2
"""A block that is later than this comes after a hole in the sound."""
MAX_DRIFT = 1e-3
"""How much slower than named a device's clock may run."""


class SampleClock:
    """Capture times of a stream that is read with some jitter.

    A reader may be late and is never early, so the earliest arrivals tell the time; counting carries it on.
    """

    def __init__(self, sample_rate: int) -> None:
        self._sample_rate = sample_rate
        self._last: float | None = None

    def advance(self, count: int, arrived_mono: float) -> float:
        """The monotonic time of the last of ``count`` more samples, all there at ``arrived_mono``."""
        previous = self._last
        if previous is None:
            self._last = arrived_mono
            return arrived_mono
        expected = previous + count / self._sample_rate * (1 + MAX_DRIFT)
        if arrived_mono - expected > RESYNC_S:
            expected = arrived_mono
        self._last = max(previous, min(arrived_mono, expected))
        return self._last


class Framer:
    """Cuts one stream of mono blocks at ``sample_rate`` (Hz) into frames."""

    def __init__(self, sample_rate: int) -> None:
        self._resampler = Resampler(sample_rate, SAMPLE_RATE)
        self._clock = SampleClock(sample_rate)
        self._rest: NDArray[np.int16] = np.zeros(0, np.int16)
        self._mono = 0.0

    def push(self, block: Samples, arrived_mono: float) -> Iterator[Frame]:
        """Frames that ``block`` completes; its last sample was captured by ``arrived_mono``."""
        self._mono = self._clock.advance(len(block), arrived_mono)
        if not abs(block).max(initial=0.0) <= 1.0:  # also where it is NaN
            # One NaN (sound servers' filters give some) would stay in the resampler for ever.
            block = np.clip(np.nan_to_num(block), -1, 1)
        return self._frames(self._resampler.push(block), self._resampler.pending)

    def flush(self) -> Iterator[Frame]:
        """The rest, filled up with silence. The stream is at its end afterwards."""
        tail = self._resampler.flush()
        missing = -(len(self._rest) + len(tail)) % FRAME_SAMPLES
        return self._frames(np.concatenate([tail, np.zeros(missing, np.float32)]), 0)

    def _frames(self, converted: Samples, pending: int) -> Iterator[Frame]:
        # Resampling may overshoot full scale.
        new = to_int16(converted)
        samples = np.concatenate([self._rest, new])
        whole = len(samples) // FRAME_SAMPLES * FRAME_SAMPLES
        self._rest = samples[whole:]
        for begin in range(0, whole, FRAME_SAMPLES):
            after = len(samples) - (begin + FRAME_SAMPLES) + pending
            yield Frame(samples[begin : begin + FRAME_SAMPLES], self._mono - after / SAMPLE_RATE)
