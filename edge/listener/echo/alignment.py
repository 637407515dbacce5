"""Does the echo still come where it came? Finds what no device tells: that one of them stood still. Pure.

A canceller that has learned one delay lets the guide's voice through for seconds when it becomes another one,
and the two sounds' powers alone cannot tell the guide from a passenger then. Their correlation can: what a
passenger says was not played.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge.listener.segment import SAMPLE_RATE

WINDOW = SAMPLE_RATE // 2
MAX_DELAY = round(0.45 * SAMPLE_RATE)
"""Later echoes the canceller does not find either."""
EVERY = SAMPLE_RATE // 5
"""Samples between two looks."""
NEAR = SAMPLE_RATE // 1000
"""The same place, within so many samples."""
CLEAR = 20.0
"""How far the echo's place stands out, in root mean squares of all places. It has 40, with a passenger beside
it 18; of two voices that have nothing to do with each other none had more than 15."""
FAINTER = 0.5
"""The old place is lost when no more than this share of the new one is there."""
FFT = 1 << (2 * WINDOW + MAX_DELAY).bit_length()


class EchoAlignment:
    """Compares what is captured with the reference beside it."""

    def __init__(self) -> None:
        self.place: int | None = None
        """Delay of the echo, in samples; None until it was found."""
        self._seen: int | None = None
        """Where it was at the latest look, if that was clear."""
        self._played: NDArray[np.int16] = np.zeros(0, np.int16)
        self._captured: NDArray[np.int16] = np.zeros(0, np.int16)
        self._fresh = 0

    def forget(self) -> None:
        """Forget where the echo was: it may be anywhere from now on."""
        self.place = None
        self._clear()

    def moved(self, played: NDArray[np.int16], captured: NDArray[np.int16]) -> int:
        """Take what was captured, shape (n,), and the reference beside it, shape (n,).

        Returns:
            By how many samples the echo comes later than before, when that is certain; then the reference is
            expected to be shifted, so that the echo is where it was. Otherwise 0.
        """
        self._played = np.concatenate([self._played, played])[-WINDOW - MAX_DELAY :]
        self._captured = np.concatenate([self._captured, captured])[-WINDOW - MAX_DELAY :]
        self._fresh += len(captured)
        if self._fresh < EVERY or len(self._played) < WINDOW + MAX_DELAY:
            return 0
        self._fresh = 0
        if not self._played.any():
            return 0
        strength = self._strength(self._captured[-WINDOW:])
        place = int(np.argmax(strength))
        clearness = strength[place]
        if clearness < CLEAR:
            # A passenger whose sound repeats itself may have looked like the echo. Then the reference was put
            # later than its own echo, where nothing would find it again.
            before = self._strength(self._captured[:WINDOW])
            place = int(np.argmax(before))
            clearness = before[place]
            place -= MAX_DELAY
        if clearness < CLEAR or (self.place is None and place < 0):
            return 0
        seen_twice = self._seen is not None and abs(place - self._seen) <= NEAR
        self._seen = place
        if self.place is None:
            self.place = place
        old = strength[max(0, self.place - NEAR) : self.place + NEAR + 1].max()
        if not seen_twice or old > FAINTER * clearness:
            return 0
        self._clear()
        return place - self.place

    def _clear(self) -> None:
        self._played = self._captured = np.zeros(0, np.int16)
        self._fresh = 0
        self._seen = None

    def _strength(self, captured: NDArray[np.int16]) -> NDArray[np.float64]:
        """The correlation at each delay, by phase alone: a loud vowel counts no more than a soft one.

        Args:
            captured: the latest of it, for delays of 0 to ``MAX_DELAY``; the oldest, for as much before.
        """
        both = np.fft.rfft(captured, FFT) * np.conj(np.fft.rfft(self._played, FFT))
        correlation = np.fft.irfft(both / (np.abs(both) + 1.0), FFT)
        # The latest that was captured begins MAX_DELAY behind the beginning of what was played.
        delays = np.abs(np.roll(correlation, MAX_DELAY)[: MAX_DELAY + 1])
        strength: NDArray[np.float64] = delays / np.sqrt(np.mean(np.square(delays)) + 1e-18)
        return strength
