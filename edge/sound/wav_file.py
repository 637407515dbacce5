"""A whole WAV file at the rate that is wanted."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

from edge.operator_error import OperatorError
from edge.plain_file import open_plain

LARGEST_BYTES = 1024 * 1024 * 1024
CONVERT = "convert it: ffmpeg -i IN.wav -c:a pcm_s16le OUT.wav"


class WavFileError(OperatorError):
    """The file cannot be used; the text is one line for people."""


def read_wav(path: Path, sample_rate: int) -> NDArray[np.int16]:
    """16-bit PCM at any rate; of several channels the first: shape (n,), at ``sample_rate`` (Hz).

    Raises:
        WavFileError: it is absent, or another kind of file.
    """
    try:
        with open_plain(path, LARGEST_BYTES, follow=True) as plain, wave.open(plain, "rb") as file:
            width, rate, channels = file.getsampwidth(), file.getframerate(), file.getnchannels()
            data = file.readframes(file.getnframes())
    except (OSError, EOFError, wave.Error) as error:
        raise WavFileError(unreadable(path, error)) from error
    if width != 2:
        raise WavFileError(f"{path}: expected 16-bit sound, came {8 * width} bits; {CONVERT}")
    frames = np.frombuffer(data[: len(data) // (2 * channels) * 2 * channels], "<i2")
    return resampled(frames[::channels], rate, sample_rate)


def unreadable(path: Path, error: Exception) -> str:
    """What ``wave`` has against a file, as one line for people."""
    reason = getattr(error, "strerror", None) or str(error) or "it ends too early"
    advice = f" (floating point, or another kind than 16-bit PCM; {CONVERT})" if "format" in reason else ""
    return f"cannot read {path} as a WAV file: {reason}{advice}"


def resampled(samples: NDArray[np.int16], source_rate: int, target_rate: int) -> NDArray[np.int16]:
    """All of it at another rate (Hz): shape (n,)."""
    if source_rate == target_rate:
        return samples.astype(np.int16)
    converted: NDArray[np.float32] = soxr.resample(samples.astype(np.float32), source_rate, target_rate)
    # Resampling may overshoot full scale.
    return np.clip(np.rint(converted), -32768, 32767).astype(np.int16)
