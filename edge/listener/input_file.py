"""A WAV file, heard at the pace at which it was recorded."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

from edge.listener.input import READ_S, InputEnded, InputError, SamplePacer
from edge.sound.samples import Samples, from_int16
from edge.sound.wav_file import CONVERT, unreadable

RATES = range(8_000, 192_001)
"""In Hz. What a header says beside them is no sound that somebody could be heard in."""


class WavInput:
    """16-bit PCM; of several channels the first is heard.

    Args:
        path: the file.
    """

    when_quiet = "the file is silent"
    overflows = 0
    backlog_s = 0.0

    def __init__(self, path: str | Path) -> None:
        self.name = f"wav:{path}"
        self.sample_rate = 16_000
        self._path = Path(path).expanduser()
        self._file: wave.Wave_read | None = None
        self._pace = SamplePacer(self.sample_rate)

    def open(self) -> None:
        try:
            self._file = wave.open(str(self._path), "rb")  # noqa: SIM115 (closed in close)
        except (OSError, EOFError, wave.Error) as error:
            raise InputError(unreadable(self._path, error)) from error
        rate, frames = self._file.getframerate(), self._file.getnframes()
        if self._file.getsampwidth() != 2 or not frames or rate not in RATES:
            form = f"{8 * self._file.getsampwidth()} bits, {rate} Hz, {frames} samples"
            self.close()
            expected = "a WAV file with 16-bit sound at 8 to 192 kHz"
            raise InputError(f"{self._path}: expected {expected}, came {form}; {CONVERT}")
        self.sample_rate = rate
        self._pace = SamplePacer(self.sample_rate)

    def read(self) -> Samples:
        assert self._file is not None
        count = round(READ_S * self.sample_rate)
        frame_bytes = 2 * self._file.getnchannels()
        data = self._file.readframes(count)
        if not data:
            raise InputEnded(f"{self._path} is at its end")
        whole = data[: len(data) // frame_bytes * frame_bytes]
        samples = np.frombuffer(whole, "<i2")[:: self._file.getnchannels()]
        self._pace.take(len(samples))
        return from_int16(samples)

    def abandon(self) -> None: ...

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
