"""English sentences as a passenger would say them, by real synthesizers."""

from __future__ import annotations

import io
import shutil
import subprocess
import wave

import numpy as np
import soxr
from numpy.typing import NDArray

from edge.listener.segment import SAMPLE_RATE

COMMANDS = {
    "espeak-ng": ("espeak-ng", "-v", "en-us", "-s", "140", "--stdout"),
    "flite": ("flite", "-voice", "slt", "-o", "/dev/stdout", "-t"),
}
PAUSE_S = 0.3


def has_synthesizer(name: str) -> bool:
    return shutil.which(COMMANDS[name][0]) is not None


def say(text: str, synthesizer: str) -> NDArray[np.int16]:
    """Speech between two short silences: shape (n,), mono, 16 kHz."""
    spoken = subprocess.run(
        [*COMMANDS[synthesizer], text], capture_output=True, check=True, timeout=20
    ).stdout
    with wave.open(io.BytesIO(spoken)) as wav:
        rate = wav.getframerate()
    # A synthesizer that writes into a pipe cannot know the length: all behind the header is sound.
    samples = np.frombuffer(spoken[44:], "<i2").astype(np.float32)
    resampled = np.clip(soxr.resample(samples, rate, SAMPLE_RATE), -32768, 32767).astype(np.int16)
    return np.pad(resampled, round(PAUSE_S * SAMPLE_RATE))
