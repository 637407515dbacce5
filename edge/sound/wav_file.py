"""A whole WAV file at the rate that is wanted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.error_lines import reason_of
from edge.operator_error import OperatorError
from edge.plain_file import open_plain
from edge.sound.resample import at_rate
from edge.sound.samples import clipped
from edge.sound.wav_reader import WavError, WavReader

LARGEST_BYTES = 1024 * 1024 * 1024
CONVERT = "convert it: ffmpeg -i IN -c:a pcm_s16le OUT.wav"


class WavFileError(OperatorError):
    """The file cannot be used; the text is one line for people."""


def read_wav(path: Path, sample_rate: int) -> NDArray[np.int16]:
    """Any WAV that ``WavReader`` reads; of several channels the first: shape (n,), at ``sample_rate`` (Hz).

    Raises:
        WavFileError: it is absent, or another kind of file.
    """
    try:
        with open_plain(path, LARGEST_BYTES, follow=True) as plain:
            wav = WavReader(plain)
            samples = wav.rest()
    except (OSError, WavError) as error:
        raise WavFileError(unreadable(path, error)) from error
    return resampled(samples, wav.sample_rate, sample_rate)


def unreadable(path: Path, error: OSError | WavError) -> str:
    """Why a file cannot be read as a WAV, as one line for people."""
    if isinstance(error, OSError):
        return f"cannot read {path} as a WAV file: {error.strerror or reason_of(error)}"
    return f"cannot read {path} as a WAV file: {reason_of(error)}; {CONVERT}"


def resampled(samples: NDArray[np.int16], source_rate: int, target_rate: int) -> NDArray[np.int16]:
    """All of it at another rate (Hz): shape (n,)."""
    if source_rate == target_rate:
        return samples.astype(np.int16)
    return clipped(at_rate(samples.astype(np.float32), source_rate, target_rate))
