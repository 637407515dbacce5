"""Raw sound that another program writes: a FIFO or the standard input."""

from __future__ import annotations

import fcntl
import os
import select
import stat
import struct
import sys
import termios
from pathlib import Path

import numpy as np

from edge.listener.input import READ_S, InputEnded, InputError, SamplePacer
from edge.sound.samples import Samples, from_int16

WAIT_S = 0.25
CATCH_UP = 1.05
"""A writer that is ahead is read a little faster than real time, so that its lead does not last for ever."""


class PipeInput:
    """A pipe as a microphone: signed 16-bit little-endian mono at 16 kHz, paced by its writer.

    A FIFO outlives its writers: when one goes the next may come. The standard input and a file end.

    Args:
        path: of the FIFO or file; ``-`` is the standard input.
    """

    sample_rate = 16_000
    overflows = 0

    def __init__(self, path: str | Path) -> None:
        self.name = f"pipe:{path}"
        self.when_quiet = f"nothing is written to {self.name}"
        self._path = str(path)
        self._reader = -1
        self._writer = -1
        self._odd = b""
        self._pace = SamplePacer(self.sample_rate * CATCH_UP)

    def open(self) -> None:
        self._odd = b""
        self._pace = SamplePacer(self.sample_rate * CATCH_UP)
        if self._path == "-":
            self._reader = os.dup(sys.stdin.fileno())
            return
        path = Path(self._path).expanduser()
        try:
            self._reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            if stat.S_ISFIFO(os.fstat(self._reader).st_mode):
                # While a writer of our own is there, the last of the others leaving is no end of file.
                self._writer = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            self.close()
            raise InputError(
                f"cannot read the pipe {path}: {error.strerror or error}; make it with mkfifo"
            ) from error

    def read(self) -> Samples:
        try:
            if not select.select([self._reader], [], [], WAIT_S)[0]:
                # Whoever writes next begins with a whole sample.
                self._odd = b""
                return np.zeros(0, np.float32)
            data = os.read(self._reader, 2 * round(READ_S * self.sample_rate))
        except OSError as error:
            raise InputError(f"cannot read {self.name}: {error.strerror or error}") from error
        if not data:
            raise InputEnded(f"{self.name} is at its end")
        data = self._odd + data
        whole = len(data) // 2 * 2
        self._odd = data[whole:]
        samples = from_int16(np.frombuffer(data[:whole], "<i2"))
        self._pace.take(len(samples))
        return samples

    @property
    def backlog_s(self) -> float:
        if self._writer < 0:
            return 0.0  # a file's rest is no sound that was captured and waits
        (waiting,) = struct.unpack("i", fcntl.ioctl(self._reader, termios.FIONREAD, bytes(4)))
        return float(waiting) / (2 * self.sample_rate)

    def abandon(self) -> None: ...

    def close(self) -> None:
        for descriptor in (self._reader, self._writer):
            if descriptor >= 0:
                os.close(descriptor)
        self._reader = self._writer = -1
