"""Reading WAV as programs write it.

PCM of 8, 16, 24 or 32 bits and floating point, with a plain or an extensible header, of any number of
channels, also beyond 4 GiB (RF64). Sizes that were never filled in, as streams and recorders that were killed
leave them (0, 0xFFFFFFFF, or more than there is), stand for all that follows.

Source of the layout: Microsoft's "Multiple Channel Audio Data and WAVE Files", and EBU Tech 3306 (RF64).
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.error_lines import kind_of
from edge.sound.samples import Samples, to_int16

RATES = range(8_000, 192_001)
"""In Hz. What a header says beside them is no sound that somebody could be heard in."""
UNKNOWN_SIZE = 0x7FFF_0000
"""From here on a size is one that a program writes when it does not know it."""
MADE_UP_SIZE = 1_000_000_000
"""From here on, a size of more than there is was made up by a program that streams: no sound was lost."""
MOST_CHANNELS = 64
MOST_CHUNKS = 1000
"""Before the sound. A file full of empty ones is no WAV."""
RIFF = (b"RIFF", b"RF64", b"BW64")
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_GUID_END = bytes.fromhex("000000001000800000AA00389B71")
"""The end of an extensible header's sub-format; its first two bytes are the format's number."""
_NAMES = {2: "ADPCM", 6: "A-law", 7: "µ-law", 0x11: "ADPCM", 0x31: "GSM", 0x50: "MP2", 0x55: "MP3"}
EXPECTED = "PCM of 8 to 32 bits or floating point at 8 to 192 kHz"


class WavError(Exception):
    """The bytes are no WAV that can be read. The text says what came, in our words."""


class _Form(NamedTuple):
    """What a "fmt " chunk says."""

    sample_rate: int
    channels: int
    width: int
    """Bytes of one sample."""
    decode: Callable[[NDArray[np.uint8]], NDArray[np.int16]]
    """Samples as bytes, shape (n, width), as 16-bit samples, shape (n,)."""


class WavReader:
    """The first channel of a WAV as 16-bit samples.

    Args:
        file: seekable. It stays the caller's to close.
        begin: where the WAV begins in it.

    Raises:
        WavError: it is something else, or has no sound that can be read.
    """

    def __init__(self, file: BinaryIO, begin: int = 0) -> None:
        self._file = file
        file.seek(begin)
        self._form, begin, size = _sound_in(file)
        there = file.seek(0, os.SEEK_END) - begin
        file.seek(begin)
        frame_bytes = self._form.channels * self._form.width
        self.sample_rate = self._form.sample_rate
        """In Hz."""
        self.frames = (there if size is None else min(size, there)) // frame_bytes
        """How many samples there are."""
        self.missing = 0 if size is None else max(0, size // frame_bytes - self.frames)
        """Samples that the header tells of and that are not there."""
        self._left = self.frames

    def read(self, count: int) -> NDArray[np.int16]:
        """The next ``count`` samples, fewer at the end: shape (n,)."""
        channels, width = self._form.channels, self._form.width
        data = self._file.read(min(count, self._left) * channels * width)
        frames = np.frombuffer(data[: len(data) // (channels * width) * channels * width], np.uint8)
        self._left = self._left - len(frames) // (channels * width) if len(frames) else 0
        return self._form.decode(frames.reshape(-1, channels, width)[:, 0])

    def rest(self) -> NDArray[np.int16]:
        """All that has not been read."""
        return self.read(self._left)


def _sound_in(file: BinaryIO) -> tuple[_Form, int, int | None]:
    """The form of the sound, where it begins, and its bytes as far as they are told."""
    head = file.read(12)
    if len(head) < 12 or head[:4] not in RIFF or head[8:] != b"WAVE":
        raise WavError(f"expected a WAV file, came {_kind_of(head)}")
    (riff_size,) = struct.unpack_from("<I", head, 4)
    form: _Form | None = None
    long_size: int | None = None
    for _ in range(MOST_CHUNKS):
        chunk = file.read(8)
        if len(chunk) < 8:
            break
        name, size = struct.unpack("<4sI", chunk)
        begin = file.tell()
        if name == b"data":
            if form is None:
                raise WavError("its sound comes before its form")
            whole = file.seek(0, os.SEEK_END)
            return form, begin, _size_of(whole, size, riff_size, long_size)
        if name == b"fmt ":
            form = _form_of(file.read(min(size, 40)))
        elif name == b"ds64":
            sizes = file.read(16)
            long_size = struct.unpack_from("<Q", sizes, 8)[0] if len(sizes) == 16 else None
        file.seek(begin + size + size % 2)
    raise WavError("it ends before its sound")


def _size_of(whole: int, size: int, riff_size: int, long_size: int | None) -> int | None:
    """The bytes of the sound, or None: nobody knows.

    Args:
        whole: bytes of the file.
    """
    if size >= UNKNOWN_SIZE or (size >= MADE_UP_SIZE and size > whole):
        return long_size or None
    # 0 may be true, if the size of the whole file is.
    return None if size == 0 and not whole <= riff_size + 8 < UNKNOWN_SIZE else size


def _form_of(fmt: bytes) -> _Form:
    if len(fmt) < 16:
        raise WavError("it ends before its sound")
    number, channels, rate, _, frame_bytes, bits = struct.unpack_from("<HHIIHH", fmt)
    if number == _EXTENSIBLE and len(fmt) == 40 and fmt[26:] == _GUID_END:
        (number,) = struct.unpack_from("<H", fmt, 24)
    # Samples of 12 or 20 bits lie at the upper end of 2 or 3 bytes.
    width = (bits + 7) // 8
    if channels and frame_bytes % channels == 0 and frame_bytes // channels > width:
        width = frame_bytes // channels
    decode = _DECODERS.get((number, width))
    if decode is None or rate not in RATES or not 0 < channels <= MOST_CHANNELS:
        kind = {_PCM: "PCM", _FLOAT: "floating point"}.get(number) or _NAMES.get(number, f"format {number}")
        raise WavError(f"expected {EXPECTED}, came {kind}, {bits} bits, {channels} channels, {rate} Hz")
    return _Form(rate, channels, width, decode)


def _unsigned(samples: NDArray[np.uint8]) -> NDArray[np.int16]:
    return (samples[:, 0].astype(np.int16) - 128) * np.int16(256)


def _upper_bytes(samples: NDArray[np.uint8]) -> NDArray[np.int16]:
    upper = np.ascontiguousarray(samples[:, -2:])
    return upper.view("<i2")[:, 0].astype(np.int16)


def _float(samples: NDArray[np.uint8]) -> NDArray[np.int16]:
    floats = np.ascontiguousarray(samples).view(f"<f{samples.shape[1]}")[:, 0]
    limited: Samples = np.clip(np.nan_to_num(floats, nan=0.0), -1.0, 1.0).astype(np.float32)
    return to_int16(limited)


_DECODERS: dict[tuple[int, int], Callable[[NDArray[np.uint8]], NDArray[np.int16]]] = {
    (_PCM, 1): _unsigned,
    **{(_PCM, width): _upper_bytes for width in (2, 3, 4)},
    **{(_FLOAT, width): _float for width in (4, 8)},
}


def _kind_of(head: bytes) -> str:
    return "RIFX, whose byte order is another" if head.startswith(b"RIFX") else kind_of(head)
