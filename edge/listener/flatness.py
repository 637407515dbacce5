"""Spectral flatness: does a piece of sound have the peaks of a voice, or is it noise?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FFT_SAMPLES = 512
BAND_BINS = 15
"""About 470 Hz: at least two harmonics of any voice fall into one band."""
BANDS = 8
FIRST_BIN = 6
"""From 190 Hz to 3.9 kHz at 16 kHz, where voices have their harmonics."""
_WINDOW = np.hanning(FFT_SAMPLES).astype(np.float32)
_TINY = 1.0
"""Added to each bin, so that digital silence is flat too: far below the quantisation noise of 16 bits."""


def spectral_flatness(samples: NDArray[np.int16]) -> float:
    """Geometric over arithmetic mean of the power spectrum, taken band by band: 0 is a tone, 1 is flat.

    Within a narrow band noise of every colour is flat, so a humming motor's brown noise measures as white
    noise does: 0.47…0.69 for one frame. Voiced speech has 0.1…0.4.

    Args:
        samples: shape (512,), mono, 16 kHz.
    """
    spectrum = np.fft.rfft(samples * _WINDOW)[FIRST_BIN : FIRST_BIN + BANDS * BAND_BINS]
    power = np.square(np.abs(spectrum)).reshape(BANDS, BAND_BINS) + _TINY
    return float(np.exp(np.log(power).mean() - np.log(power.mean(axis=1)).mean()))
