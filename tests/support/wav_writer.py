"""Writing WAV in the ways of other programs."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Encode(NamedTuple):
    """One encoding: its number, the bytes of a sample, and how 16-bit samples become bytes."""

    number: int
    width: int
    encoded: Callable[[NDArray[np.int16]], bytes]

    def form(self, rate: int, channels: int, number: int | None = None) -> bytes:
        """The content of "fmt "."""
        frame = self.width * channels
        number = self.number if number is None else number
        return struct.pack("<HHIIHH", number, channels, rate, rate * frame, frame, 8 * self.width)


def integers(width: int) -> Encode:
    """PCM of so many bytes."""

    def encoded(samples: NDArray[np.int16]) -> bytes:
        if width == 1:
            return ((samples.astype(int) >> 8) + 128).astype(np.uint8).tobytes()
        widened = (samples.astype("<i4") << 16).view(np.uint8).reshape(-1, 4)
        return widened[:, 4 - width :].tobytes()

    return Encode(1, width, encoded)


def floats(width: int) -> Encode:
    """Floating point of so many bytes."""
    return Encode(3, width, lambda samples: (samples / 32768).astype(f"<f{width}").tobytes())


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack("<4sI", name, len(body)) + body + bytes(len(body) % 2)


def header(form: bytes, riff_size: int) -> bytes:
    """All before the next chunk."""
    return struct.pack("<4sI4s", b"RIFF", riff_size, b"WAVE") + chunk(b"fmt ", form)


def plain(samples: NDArray[np.int16], encode: Encode, *, rate: int = 24_000, channels: int = 1) -> bytes:
    """A file whose first channel is ``samples``; the others are as loud, and something else."""
    return _whole(encode.form(rate, channels), samples, encode, channels)


def extensible(samples: NDArray[np.int16], encode: Encode, *, rate: int = 24_000, channels: int = 1) -> bytes:
    """The same with the header that programs write for more than two channels or 16 bits."""
    guid = struct.pack("<H", encode.number) + bytes.fromhex("000000001000800000AA00389B71")
    more = struct.pack("<HHI", 22, 8 * encode.width, 0) + guid
    return _whole(encode.form(rate, channels, 0xFFFE) + more, samples, encode, channels)


def _whole(form: bytes, samples: NDArray[np.int16], encode: Encode, channels: int) -> bytes:
    frames = np.stack([samples, *[samples[::-1]] * (channels - 1)], axis=1)
    body = chunk(b"data", encode.encoded(frames.reshape(-1)))
    return header(form, 4 + 8 + len(form) + len(body)) + body
