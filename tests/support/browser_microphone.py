"""A microphone for Chromium that hears a file, over and over."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

from edge.listener.segment import SAMPLE_RATE

FED_RATE = 48_000


def hearing(folder: Path, samples: NDArray[np.int16]) -> tuple[str, ...]:
    """Chromium's arguments; ``samples``: shape (n,), mono, 16 kHz."""
    path = folder / "said.wav"
    resampled = soxr.resample(samples.astype(np.float32), SAMPLE_RATE, FED_RATE)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(FED_RATE)
        file.writeframes(np.clip(resampled, -32768, 32767).astype("<i2").tobytes())
    return (
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={path}",
    )
