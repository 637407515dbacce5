"""A WAV file that is written at the pace of a device and is valid at every moment."""

from __future__ import annotations

import logging
import os
import struct
from pathlib import Path

import numpy as np

from edge.plain_file import open_only_plain
from edge.sound.samples import Samples
from edge.speaker.output import CLOCK_BUFFER_S, DeviceClock, OutputError

log = logging.getLogger(__name__)

HEADER_BYTES = 44
IDLE_KEPT_S = 0.3
"""The part of a pause between utterances that is written, so that the file does not grow for ever."""
MAX_DATA_BYTES = 0xFFFF_FFFF - HEADER_BYTES
"""The length fields of the format have 32 bits."""


class WavOutput:
    """A WAV file as a loudspeaker (mono, 16 bits). An existing file is replaced, a missing folder is made.

    The header's lengths follow each block, so a killed process leaves a file that plays to the last block.
    """

    def __init__(self, path: str | Path, sample_rate: int) -> None:
        self.name = f"wav:{path}"
        self.sample_rate = sample_rate
        self.buffer_s = CLOCK_BUFFER_S
        self._path = Path(path).expanduser()
        self._clock = DeviceClock(sample_rate)
        self._file = -1
        self._data_bytes = 0
        self._begun = False
        self._idle_samples = 0
        self._full = False

    def open(self) -> None:
        # After a loss (disk full) the recording goes on: only the first opening replaces what was there.
        flags = os.O_RDWR | os.O_CREAT | (0 if self._begun else os.O_TRUNC)
        try:
            if not self._path.parent.exists():
                self._path.parent.mkdir(parents=True)
            self._file = open_only_plain(str(self._path), flags)
            self._write_header()
        except OSError as error:
            self.close()
            raise OutputError(f"cannot write {self._path}: {error.strerror or error}") from error
        self._begun = True
        self._clock = DeviceClock(self.sample_rate, self.buffer_s)

    def wait_for_room(self, count: int) -> None:
        self._clock.wait_for_room(count)

    def write(self, block: Samples, *, idle: bool = False) -> bool:
        kept = block
        if idle:
            kept = block[: max(0, round(IDLE_KEPT_S * self.sample_rate) - self._idle_samples)]
            self._idle_samples += len(kept)
        else:
            self._idle_samples = 0
        if len(kept) and not self._full:
            self._append(kept)
        return self._clock.take(len(block))

    @property
    def latency_s(self) -> float:
        return self._clock.latency_s

    def abort(self) -> None: ...

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _append(self, block: Samples) -> None:
        data = np.rint(np.clip(block, -1.0, 1.0) * 32767).astype("<i2").tobytes()
        if self._data_bytes + len(data) > MAX_DATA_BYTES:
            self._full = True
            log.warning("%s holds 4 GiB, all that a WAV file can; nothing more is recorded", self._path)
            return
        try:
            written = os.pwrite(self._file, data, HEADER_BYTES + self._data_bytes)
            self._data_bytes += written & ~1
            self._write_header()
        except OSError as error:
            raise OutputError(f"cannot write {self._path}: {error.strerror or error}") from error
        if written < len(data):
            raise OutputError(f"cannot write {self._path}: the disk is full")

    def _write_header(self) -> None:
        size, rate = self._data_bytes, self.sample_rate
        riff = struct.pack("<4sI4s", b"RIFF", HEADER_BYTES - 8 + size, b"WAVE")
        form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, rate * 2, 2, 16)
        os.pwrite(self._file, riff + form + struct.pack("<4sI", b"data", size), 0)
