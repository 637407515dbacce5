"""One entry of the pool as bytes: what it says, by whom, and its sound.

Layout: a fixed head (magic, length and CRC-32 of the header), the header in MessagePack, zeros up to a
multiple of 8, then 16-bit little-endian mono samples. They are kept as the player takes them, so that a hit
is one read and no decoding: a lossless codec would halve the disk and need a library for it.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated, BinaryIO, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from edge.messages import PoolEntry, PoolText
from edge.speaker.script import Mark, WordBegin
from edge.speaker.voices.base import Piece
from edge.speaker.voices.clausewise import word_spans
from edge.speaker.word_begins import Span, word_begins

LONGEST_S = 60.0
LARGEST_BYTES = 24 * 1024 * 1024
"""``LONGEST_S`` at the highest sample rate, and its header."""
LARGEST_HEADER_BYTES = 64 * 1024

_MAGIC = b"SGPOOL1\n"
_HEAD = struct.Struct("<8sII")
_BYTES_PER_SAMPLE = 2


class EntryError(ValueError):
    """The bytes are no entry, or not a whole one; the text is one line for the operator."""


class EntryHeader(msgspec.Struct, frozen=True, kw_only=True):
    """What an entry is, without its sound."""

    text: PoolText
    rung: str
    """The rung of the voice ladder, so that its sound is levelled with that voice's."""
    voice: str
    """Fingerprint (see ``fingerprint.py``)."""
    sample_rate: Annotated[int, msgspec.Meta(ge=8000, le=192_000)]
    marks: tuple[Mark, ...]
    """At words' borders, the last one at the end of the sound and of the text."""
    words: tuple[WordBegin, ...] = ()
    """Where words begin; empty: it was voiced before that was kept."""
    voiced_at: float
    """Unix seconds."""
    sound_crc32: int

    @property
    def samples(self) -> int:
        return self.marks[-1].position

    @property
    def duration_ms(self) -> int:
        return round(self.samples / self.sample_rate * 1000)

    @property
    def news(self) -> PoolEntry:
        """The entry as others are told of it."""
        return PoolEntry(text=self.text, duration_ms=self.duration_ms, voice=self.voice)


class HeldSound(NamedTuple):
    """An entry, ready to be played."""

    header: EntryHeader
    samples: NDArray[np.int16]
    """Shape (n,), mono."""

    def pieces(self) -> Iterator[Piece]:
        """The entry's sound cut at the marks; positions count from the beginning of its text."""
        begun = spoken_to = 0
        for mark in self.header.marks:
            samples = self.samples[begun : mark.position]
            words = tuple(
                word._replace(position=word.position - begun)
                for word in self.header.words
                if begun <= word.position < mark.position
            )
            if not self.header.words:
                words = self._estimated(samples, Span(spoken_to, mark.spoken_to))
            yield Piece(samples, self.header.sample_rate, mark.spoken_to, words)
            begun, spoken_to = mark

    def _estimated(self, samples: NDArray[np.int16], text: Span) -> tuple[WordBegin, ...]:
        spoken = self.header.text.text.strip()[text.start : text.end]
        spans = [Span(text.start + start, text.start + end) for start, end in word_spans(spoken)]
        return tuple(word_begins(samples, text, spans, {})) if spans else ()


def encode(header: EntryHeader, samples: NDArray[np.int16]) -> bytes:
    """The file of an entry; ``sound_crc32`` of the header is filled in here."""
    sound = samples.astype("<i2", copy=False).tobytes()
    encoded = msgspec.msgpack.encode(msgspec.structs.replace(header, sound_crc32=zlib.crc32(sound)))
    begin = _HEAD.size + len(encoded)
    head = _HEAD.pack(_MAGIC, len(encoded), zlib.crc32(encoded))
    return head + encoded + bytes(_padded(begin) - begin) + sound


def read_header(file: BinaryIO, size: int) -> EntryHeader:
    """Read the header of an entry whose file has ``size`` bytes, and leave ``file`` at the first sample.

    Raises:
        EntryError: it is damaged, or the file is not as long as it says.
        OSError: it cannot be read.
    """
    head = file.read(_HEAD.size)
    if len(head) < _HEAD.size:
        raise EntryError(f"{size} bytes are too few for an entry")
    magic, length, crc32 = _HEAD.unpack(head)
    if magic != _MAGIC:
        raise EntryError(f"expected it to begin with {_MAGIC!r}, came {magic!r}")
    if length > LARGEST_HEADER_BYTES:
        raise EntryError(f"a header of {length} bytes, at most {LARGEST_HEADER_BYTES} are allowed")
    encoded = file.read(length)
    if zlib.crc32(encoded) != crc32:
        raise EntryError("the header is damaged")
    try:
        header = msgspec.msgpack.decode(encoded, type=EntryHeader)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise EntryError(f"the header is not one of ours: {error}") from error
    _check(header)
    begin = _padded(_HEAD.size + length)
    if size != begin + header.samples * _BYTES_PER_SAMPLE:
        raise EntryError(f"{size} bytes, its header promises {begin + header.samples * _BYTES_PER_SAMPLE}")
    file.read(begin - _HEAD.size - length)
    return header


def read_entry(file: BinaryIO, size: int) -> HeldSound:
    """Read a whole entry. Raises as ``read_header`` does, also for damaged sound."""
    header = read_header(file, size)
    sound = file.read(header.samples * _BYTES_PER_SAMPLE)
    if zlib.crc32(sound) != header.sound_crc32:
        raise EntryError("the sound is damaged")
    return HeldSound(header, np.frombuffer(sound, dtype="<i2"))


def _check(header: EntryHeader) -> None:
    """What the types do not say."""
    text = header.text.text.strip()
    marks = (Mark(0, 0), *header.marks)
    ascending = all(
        before.position <= after.position and before.spoken_to <= after.spoken_to
        for before, after in pairwise(marks)
    )
    if len(marks) < 2 or not ascending or header.samples <= 0 or header.marks[-1].spoken_to != len(text):
        raise EntryError("its marks do not lead through sound and text to their ends")
    if any(not (0 <= word.position < header.samples and 0 <= word.start < word.end) for word in header.words):
        raise EntryError("its words do not lie in its sound")
    if header.samples > LONGEST_S * header.sample_rate:
        raise EntryError(f"longer than {LONGEST_S:g} s")
    if not math.isfinite(header.voiced_at):
        raise EntryError("it does not say when it was voiced")


def _padded(length: int) -> int:
    return (length + 7) // 8 * 8
