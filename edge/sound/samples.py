"""Sound as arrays of samples, mono, and from one kind to the other."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
"""Shape (n,), mono, full scale ±1."""

FULL_SCALE = 32768
"""The full scale of 16-bit samples."""
AUDIBLE = round(FULL_SCALE * 10 ** (-60 / 20))
"""Where 16-bit samples stay below this peak, nobody hears anything."""


def from_int16(samples: NDArray[np.int16]) -> Samples:
    """16-bit samples of any shape as floats."""
    return samples.astype(np.float32) * np.float32(1 / FULL_SCALE)


def to_int16(samples: Samples) -> NDArray[np.int16]:
    """Floats as 16-bit samples; what is beyond full scale is clipped."""
    return clipped(samples * FULL_SCALE)


def clipped(samples: NDArray[np.floating[Any]]) -> NDArray[np.int16]:
    """What is reckoned on the scale of 16 bits, rounded; what is beyond it is clipped."""
    whole: NDArray[np.int16] = np.rint(np.clip(samples, -FULL_SCALE, FULL_SCALE - 1)).astype(np.int16)
    return whole
