"""What the loudspeaker played, found by the time at which the microphone captures it. Pure.

Both devices count samples exactly and tell the time badly, and a canceller wants the delay between the two to
stand still. So samples are counted on from one piece to the next, and the times, smoothed, only say when the
two clocks have gone apart. Times are monotonic seconds; samples are mono at 16 kHz.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge.listener.segment import SAMPLE_RATE

LEAD_S = 0.01
"""By the times told the reference comes so much before its echo: one before its sound cannot be found."""
SLACK_S = 0.004
"""Delays that change by more are corrected. WebRTC's canceller follows a step of 4 ms at once; one of 8 ms
took it more than 5 s."""
STEP_S = 0.015
STEP_READINGS = 5
"""Times that are off by so much so often in a row are no jitter: the device ran dry or was opened anew."""
GAP_S = 0.1
"""A microphone that is later than that has lost sound."""
SMOOTHING = 0.02
"""Weight of a new reading of the time, which comes each 10 ms."""
KEPT_SAMPLES = 4 * SAMPLE_RATE


class Mean:
    """Of the readings so far, then of the latest ``1 / SMOOTHING``."""

    def __init__(self) -> None:
        self.value = 0.0
        self._count = 0

    def add(self, reading: float) -> None:
        self._count += 1
        self.value += (reading - self.value) * max(1 / self._count, SMOOTHING)


class StartTime:
    """The least of the first few readings, which may be late by tens of milliseconds; then their mean."""

    def __init__(self) -> None:
        self.value = 0.0
        self.steady = False
        self._count = 0

    def add(self, reading: float) -> None:
        self._count += 1
        if self._count == 1:
            self.value = reading
        elif not self.steady:
            self.value = min(self.value, reading)
        else:
            self.value += (reading - self.value) * SMOOTHING
        self.steady = self._count >= STEP_READINGS


class Reference:
    """One loudspeaker, one microphone."""

    def __init__(self) -> None:
        self.steps = 0
        """How often the loudspeaker's sound broke off and went on at another time."""
        self._kept: NDArray[np.int16] = np.zeros(KEPT_SAMPLES, np.int16)
        self._stream: str | None = None
        self._end = 0
        """Position behind the last sample that is there."""
        self._start_mono = StartTime()
        """When position 0 was heard."""
        self._off = 0
        self._next: int | None = None
        """Position that belongs to the next sample captured."""
        self._apart = Mean()

    def add(self, stream: str, position: int, samples: NDArray[np.int16], heard_mono: float) -> None:
        """Take what leaves the loudspeaker.

        Args:
            stream: positions of another stream mean other times.
            position: of the first sample; what lies between two pieces was silence.
            samples: shape (n,).
            heard_mono: when the first sample is heard.
        """
        start_mono = heard_mono - position / SAMPLE_RATE
        if stream != self._stream or position < self._end:
            self._stream = stream
            self._kept[:] = 0
            self._lose_time()
        else:
            self._put(self._end, np.zeros(min(position - self._end, KEPT_SAMPLES), np.int16))
            is_off = self._start_mono.steady and abs(start_mono - self._start_mono.value) > STEP_S
            self._off = self._off + 1 if is_off else 0
            if self._off >= STEP_READINGS:
                self.steps += 1
                self._lose_time()
        self._put(position, samples)
        self._end = position + len(samples)
        self._start_mono.add(start_mono)

    def take(self, count: int, captured_mono: float) -> NDArray[np.int16]:
        """What was heard while ``count`` samples were captured, the last of them at ``captured_mono``."""
        if self._stream is None:
            return np.zeros(count, np.int16)
        heard_s = captured_mono - self._start_mono.value + LEAD_S
        wanted = round(heard_s * SAMPLE_RATE) - count
        begin = wanted if self._next is None else self._next
        if abs(wanted - begin) > GAP_S * SAMPLE_RATE:
            begin = wanted
            self._apart = Mean()
        self._apart.add((wanted - begin) / SAMPLE_RATE)
        if abs(self._apart.value) > SLACK_S:
            begin += round(self._apart.value * SAMPLE_RATE)
            self._apart = Mean()
        self._next = begin + count
        return self._read(begin, count)

    def _lose_time(self) -> None:
        self._start_mono = StartTime()
        self._off = 0
        self._next = None
        self._apart = Mean()

    def _put(self, position: int, samples: NDArray[np.int16]) -> None:
        at = np.arange(position, position + len(samples)) % KEPT_SAMPLES
        self._kept[at] = samples

    def _read(self, begin: int, count: int) -> NDArray[np.int16]:
        positions = np.arange(begin, begin + count)
        there = (positions < self._end) & (positions >= self._end - KEPT_SAMPLES)
        return np.where(there, self._kept[positions % KEPT_SAMPLES], np.int16(0))
