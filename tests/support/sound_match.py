"""Finding known sound in a recording, piece by piece."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.float32]

WINDOW = 2400
"""Samples that are matched at once: 50 ms at 48 kHz."""
SAME = 0.9
"""Correlation from which on two windows are the same sound: a hole of 10 ms brings it below."""


def noise(seconds: float, sample_rate: int, seed: int, level_dbfs: float = -20.0) -> NDArray[np.int16]:
    """White noise, shape (n,): unlike a tone it fits at one place only, so that no gap hides."""
    wave = np.random.default_rng(seed).standard_normal(round(seconds * sample_rate))
    return np.rint(wave * 32767 * 10 ** (level_dbfs / 20)).clip(-32768, 32767).astype(np.int16)


def offset_of(sound: Sound, recording: Sound) -> int:
    """Where in ``recording`` the sample 0 of ``sound`` lies, by the best correlation."""
    size = 1 << (len(sound) + len(recording)).bit_length()
    product = np.fft.rfft(recording, size) * np.conj(np.fft.rfft(sound, size))
    at = int(np.argmax(np.abs(np.fft.irfft(product, size))))
    return at if at < len(recording) else at - size


def windows_heard(sound: Sound, recording: Sound, offset: int) -> NDArray[np.bool_]:
    """Which windows of ``sound`` are in ``recording`` when its sample 0 lies at ``offset``."""
    return np.array(
        [
            _alike(sound[at : at + WINDOW], recording[max(0, offset + at) : max(0, offset + at + WINDOW)])
            for at in range(0, len(sound) - WINDOW + 1, WINDOW)
        ]
    )


def is_heard(sound: Sound, recording: Sound) -> bool:
    """Every window of ``sound`` is there, in one piece, to the last."""
    return bool(windows_heard(sound, recording, offset_of(sound, recording)).all())


def _alike(sound: Sound, heard: Sound) -> bool:
    if len(heard) < len(sound):
        return False
    scale = float(np.linalg.norm(sound) * np.linalg.norm(heard))
    return scale > 0 and float(np.dot(sound, heard)) / scale > SAME
