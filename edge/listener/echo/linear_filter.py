"""Takes the echo out and nothing else: a model of the room, subtracted. Pure.

WebRTC's canceller holds down whatever comes with an echo, the passenger too: that somebody speaks can be told
from what it leaves, but words can hardly be understood. What an adaptive linear filter leaves holds more of
the guide and all of the passenger; recognizers understand it as if the guide were silent.

The filter is a partitioned-block frequency-domain Kalman filter (Enzner and Vary, "Frequency-domain adaptive
Kalman filter for acoustic echo control", 2006). It weighs each block by how much of it its model explains, so
it neither has to be stopped when both speak nor told so.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge.listener.echo.alignment import MAX_DELAY
from edge.listener.echo.canceller import BLOCK_SAMPLES
from edge.listener.segment import SAMPLE_RATE
from edge.sound.samples import clipped

PARTITIONS = 16
"""Parts of 10 ms each: the room's reflections."""
EARLY = SAMPLE_RATE // 50
"""Samples before the echo's place where the model begins: reflections may be louder than the direct way."""
TRANSITION = 0.999
"""How much the room stays the same from one block to the next. Nearer to 1 it is learned 2 dB better and
followed more slowly."""
SMOOTHING = 0.1
"""Weight of a new block in the power of what is no echo."""
UNKNOWN = 1.0
"""Variance of a model that knows nothing, as the square of a gain."""
TINY = 1e-3
BINS = BLOCK_SAMPLES + 1


class LinearFilter:
    """A linear echo canceller that models one room. 0.1 ms of one x86 core for each block."""

    def __init__(self) -> None:
        self._played: NDArray[np.float64] = np.zeros(MAX_DELAY + 2 * BLOCK_SAMPLES)
        self._delay: int | None = None
        self._spectra: NDArray[np.complex128] = np.zeros((PARTITIONS, BINS), np.complex128)
        """What was played, newest first: each of two blocks, one of which the next shares."""
        self._model: NDArray[np.complex128] = np.zeros((PARTITIONS, BINS), np.complex128)
        """The room's transfer function, 10 ms of its response to a row."""
        self._variance: NDArray[np.float64] = np.full((PARTITIONS, BINS), UNKNOWN)
        """How far off the model may be, squared."""
        self._other_power: NDArray[np.float64] = np.zeros(BINS)
        """What the model does not explain: noise, passengers, and its own error."""

    def cancel(
        self, captured: NDArray[np.int16], played: NDArray[np.int16], delay: int | None
    ) -> NDArray[np.int16]:
        """``captured`` without the echo of ``played``, each of shape (BLOCK_SAMPLES,), mono, 16 kHz.

        Args:
            delay: how many samples the echo comes later; another one means that all is to be learned anew.
                None: not known, so nothing can be taken away.
        """
        self._played = np.concatenate([self._played[BLOCK_SAMPLES:], played])
        if delay != self._delay:
            self._delay = delay
            self._forget()
        if delay is None:
            return captured
        end = len(self._played) - max(0, delay - EARLY)
        self._spectra = np.roll(self._spectra, 1, axis=0)
        self._spectra[0] = np.fft.rfft(self._played[end - 2 * BLOCK_SAMPLES : end])
        echo = np.fft.irfft(np.sum(self._model * self._spectra, axis=0))[BLOCK_SAMPLES:]
        left = captured - echo
        self._learn(left)
        return clipped(left)

    def _learn(self, left: NDArray[np.float64]) -> None:
        """The Kalman filter's step. ``left``: shape (BLOCK_SAMPLES,)."""
        # Of two blocks transformed only the second one is known (overlap-save): hence the halves and twos.
        error = np.fft.rfft(np.concatenate([np.zeros(BLOCK_SAMPLES), left]))
        self._other_power += (np.square(np.abs(error)) - self._other_power) * SMOOTHING
        power = np.square(np.abs(self._spectra))
        gain = self._variance / (np.sum(power * self._variance, axis=0) + 2 * self._other_power + TINY)
        self._variance = TRANSITION**2 * (1 - gain * power / 2) * self._variance
        self._variance += (1 - TRANSITION**2) * np.square(np.abs(self._model))
        response = np.fft.irfft(self._model + gain * np.conj(self._spectra) * error)
        # What is longer than its partition is another partition's.
        response[:, BLOCK_SAMPLES:] = 0.0
        self._model = np.fft.rfft(response)

    def _forget(self) -> None:
        self._spectra[:] = 0.0
        self._model[:] = 0.0
        self._variance[:] = UNKNOWN
        self._other_power[:] = 0.0
