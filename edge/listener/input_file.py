"""A WAV file, heard at the pace at which it was recorded."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from edge.listener.input import READ_S, InputEnded, InputError, SamplePacer
from edge.sound.samples import Samples, from_int16
from edge.sound.wav_file import CONVERT, unreadable
from edge.sound.wav_reader import WavError, WavReader


class WavInput:
    """A WAV file as a microphone: any that ``WavReader`` reads; of several channels the first is heard.

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
        self._file: BinaryIO | None = None
        self._wav: WavReader | None = None
        self._pace = SamplePacer(self.sample_rate)

    def open(self) -> None:
        try:
            self._file = self._path.open("rb")
            self._wav = WavReader(self._file)
        except (OSError, WavError) as error:
            self.close()
            raise InputError(unreadable(self._path, error)) from error
        if not self._wav.frames:
            self.close()
            raise InputError(f"{self._path}: expected a WAV file with sound, came one without; {CONVERT}")
        self.sample_rate = self._wav.sample_rate
        self._pace = SamplePacer(self.sample_rate)

    def read(self) -> Samples:
        assert self._wav is not None
        samples = self._wav.read(round(READ_S * self.sample_rate))
        if not len(samples):
            raise InputEnded(f"{self._path} is at its end")
        self._pace.take(len(samples))
        return from_int16(samples)

    def abandon(self) -> None: ...

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file = self._wav = None
