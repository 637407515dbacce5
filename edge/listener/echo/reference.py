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
"""Times that are off by more, for as long as follows, are no jitter."""
EARLIER_READINGS = 5
"""Devices may tell times that are too late, but hardly too early: what was believed before was too late."""
LATER_READINGS = 60
"""The device ran dry. For less long it may err: a sound server that has played silence tells for up to 0.4 s
that it holds some 50 ms more than it does."""
JITTER_S = 0.002
"""A reading moves the mean as if it were off by no more than that."""
GAP_S = 0.1
"""A microphone that is later than that has lost sound."""
SMOOTHING = 0.02
"""Weight of a new reading of the time, which comes with each 10 ms of sound."""
KEPT_SAMPLES = 4 * SAMPLE_RATE


class Mean:
    """The mean of the readings so far, then of the latest ``1 / SMOOTHING``."""

    def __init__(self) -> None:
        self.value = 0.0
        self._count = 0

    def add(self, reading: float) -> None:
        self._count += 1
        self.value += (reading - self.value) * max(1 / self._count, SMOOTHING)


class StartTime:
    """The least of the first few readings, which may be late by tens of milliseconds; then a mean of them,
    which those that are far off hardly move."""

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
            self.value += min(max(reading - self.value, -JITTER_S), JITTER_S) * SMOOTHING
        self.steady = self._count >= EARLIER_READINGS


class Reference:
    """One loudspeaker, one microphone."""

    def __init__(self) -> None:
        self.steps = 0
        """How often one of the two devices was seen to have stood still or to have lost sound."""
        self._kept: NDArray[np.int16] = np.zeros(KEPT_SAMPLES, np.int16)
        self._stream: str | None = None
        self._end = 0
        """Position behind the last sample that is there."""
        self._start_mono = StartTime()
        """When position 0 was heard."""
        self._earlier = self._later = 0
        """Readings in a row that were off by a step."""
        self._next: int | None = None
        """Position that belongs to the next sample captured."""
        self._apart = Mean()
        self._shift = 0
        """Samples by which the sound was seen to be heard later than by the times told."""

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
            later_s = start_mono - self._start_mono.value if self._start_mono.steady else 0.0
            self._earlier = self._earlier + 1 if later_s < -STEP_S else 0
            self._later = self._later + 1 if later_s > STEP_S else 0
            if self._earlier >= EARLIER_READINGS or self._later >= LATER_READINGS:
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
        wanted = round(heard_s * SAMPLE_RATE) - count - self._shift
        begin = wanted if self._next is None else self._next
        if abs(wanted - begin) > GAP_S * SAMPLE_RATE:
            self.steps += 1
            self.realign()
            begin = wanted
        self._apart.add((wanted - begin) / SAMPLE_RATE)
        if abs(self._apart.value) > SLACK_S:
            begin += round(self._apart.value * SAMPLE_RATE)
            self._apart = Mean()
        self._next = begin + count
        return self._read(begin, count)

    def shift(self, samples: int) -> None:
        """The echo was seen to come so much later than it did. What times told of it until now is settled."""
        if self._next is not None:
            self._next -= samples
        self._shift += samples + round(self._apart.value * SAMPLE_RATE)
        self._apart = Mean()

    def realign(self) -> None:
        """The next sample captured belongs where its time says."""
        self._next = None
        self._apart = Mean()

    def _lose_time(self) -> None:
        self._start_mono = StartTime()
        self._earlier = self._later = 0
        self._shift = 0
        self.realign()

    def _put(self, position: int, samples: NDArray[np.int16]) -> None:
        at = np.arange(position, position + len(samples)) % KEPT_SAMPLES
        self._kept[at] = samples

    def _read(self, begin: int, count: int) -> NDArray[np.int16]:
        positions = np.arange(begin, begin + count)
        there = (positions < self._end) & (positions >= self._end - KEPT_SAMPLES)
        return np.where(there, self._kept[positions % KEPT_SAMPLES], np.int16(0))
