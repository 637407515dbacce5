"""How loud it is at the microphone."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from edge.sound.samples import from_int16

FLOOR_DBFS = -96.0
"""Nothing is quieter in 16 bits."""
ATTACK_S = 0.05
RELEASE_S = 0.4


class LevelMeter:
    """Root mean square, smoothed: up at once for the eye, down slowly. Written by one thread, read by any."""

    def __init__(self) -> None:
        self._power = 0.0

    @property
    def dbfs(self) -> float:
        """Relative to a full-scale square wave; ``FLOOR_DBFS`` is silence."""
        return max(FLOOR_DBFS, 10 * math.log10(self._power)) if self._power > 0 else FLOOR_DBFS

    def add(self, samples: NDArray[np.int16], duration_s: float) -> None:
        """Account for a piece of sound, shape (n,), of ``duration_s``."""
        power = float(np.mean(np.square(from_int16(samples))))
        time_s = ATTACK_S if power > self._power else RELEASE_S
        self._power += (power - self._power) * (1 - math.exp(-duration_s / time_s))

    def reset(self) -> None:
        """Begin anew: nothing is heard."""
        self._power = 0.0
