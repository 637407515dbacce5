"""How loud a sound is to the ear, by ITU-R BS.1770: its energy, weighted with the curve K."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from edge.sound.samples import Samples

FRAME_S = 0.1
FRAMES_A_BLOCK = 4
"""A block of the standard: 0.4 s, a new one each 0.1 s."""
OFFSET_DB = -0.691
"""Between the weighted energy and LUFS: so that a 997 Hz tone reads as it does unweighted."""

_SHELF = (1681.974450955533, 3.999843853973347, 0.7071752369554196)
"""The head: frequency in Hz, gain in dB, Q."""
_HIGH_PASS = (38.13547087602444, 0.5003270373238773)
"""What is too low to be loud: frequency in Hz, Q."""
_SHELF_EXPONENT = 0.4996667741545416


def lufs(energy: float) -> float:
    """Loudness of a weighted energy; minus infinity for silence."""
    return OFFSET_DB + 10 * math.log10(energy) if energy > 0 else -math.inf


def energy_of(loudness_lufs: float) -> float:
    """The weighted energy that is so loud."""
    return float(10 ** ((loudness_lufs - OFFSET_DB) / 10))


def frame_energies(samples: Samples, sample_rate: int) -> NDArray[np.float64]:
    """The weighted mean square of each whole frame, shape (n,).

    Args:
        samples: shape (m,), full scale is 1; what is behind the last whole frame is left out.
    """
    length = round(FRAME_S * sample_rate)
    frames = samples[: len(samples) // length * length].reshape(-1, length)
    weights = _weights(sample_rate, length)
    # Twice as long, so that what the filters ring on behind a frame counts for it.
    power = np.abs(np.fft.rfft(frames, 2 * length, axis=1)) ** 2
    return np.asarray(power @ weights, dtype=np.float64)


@lru_cache(maxsize=8)
def _weights(sample_rate: int, length: int) -> NDArray[np.float64]:
    """The weight of each frequency of a frame's spectrum; the sum is a mean square (Parseval)."""
    at = np.exp(-2j * np.pi * np.arange(length + 1) / (2 * length))
    frequency_hz, gain_db, quality = _SHELF
    k = math.tan(math.pi * frequency_hz / sample_rate)
    high = 10 ** (gain_db / 20)
    middle = high**_SHELF_EXPONENT
    shelf = (
        (high + middle * k / quality + k * k)
        + 2 * (k * k - high) * at
        + (high - middle * k / quality + k * k) * at**2
    ) / ((1 + k / quality + k * k) + 2 * (k * k - 1) * at + (1 - k / quality + k * k) * at**2)
    frequency_hz, quality = _HIGH_PASS
    k = math.tan(math.pi * frequency_hz / sample_rate)
    low = 1 + k / quality + k * k
    # The standard's numerator is 1, -2, 1 as it stands.
    high_pass = (1 - at) ** 2 / (1 + 2 * (k * k - 1) / low * at + (1 - k / quality + k * k) / low * at**2)
    both_sides = np.full(length + 1, 2.0)
    both_sides[[0, -1]] = 1.0
    return np.asarray(both_sides * np.abs(shelf * high_pass) ** 2 / (2 * length * length))
