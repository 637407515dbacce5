"""One message of a client's data connection: how its sound is written. Pure.

Source of the layout: RealtimeSTT 1.1.2, ``RealtimeSTT/audio_recorder_client.py`` (``feed_audio``).
"""

from __future__ import annotations

import json
import struct
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.sound.wav_reader import RATES

MAX_METADATA_BYTES = 64 * 1024
MAX_MESSAGE_BYTES = 512 * 1024
"""With its metadata: at 16 kHz 14 s of sound. Clients send some 30 ms at a time."""
RATE_KEY = "sampleRate"
_LENGTH = struct.Struct("<I")


class BadMessage(Exception):
    """A message that cannot be understood; the text says what was expected and what came."""


class AudioMessage(NamedTuple):
    """A piece of sound."""

    sample_rate: int
    """Hz."""
    samples: NDArray[np.int16]
    """Shape (n,), mono."""


def read_audio(message: bytes) -> AudioMessage:
    """Read a message with sound.

    Args:
        message: length of the metadata (uint32, little-endian), the metadata (JSON with ``sampleRate``), and
            samples (int16, little-endian, mono).

    Raises:
        BadMessage: it is none.
    """
    if len(message) > MAX_MESSAGE_BYTES:
        raise BadMessage(f"expected at most {MAX_MESSAGE_BYTES} bytes, came {len(message)}")
    if len(message) < _LENGTH.size:
        raise BadMessage(f"expected the metadata's length in 4 bytes, came {len(message)} bytes in all")
    (length,) = _LENGTH.unpack_from(message)
    if length > MAX_METADATA_BYTES:
        raise BadMessage(f"expected at most {MAX_METADATA_BYTES} bytes of metadata, {length} are announced")
    begin = _LENGTH.size + length
    if len(message) < begin:
        raise BadMessage(f"{length} bytes of metadata are announced, {len(message) - _LENGTH.size} came")
    sample_rate = _rate_in(message[_LENGTH.size : begin])
    if (len(message) - begin) % 2:
        raise BadMessage(f"expected samples of 2 bytes, came {len(message) - begin} bytes")
    return AudioMessage(sample_rate, np.frombuffer(message, "<i2", offset=begin).astype(np.int16))


def _rate_in(metadata: bytes) -> int:
    try:
        told = json.loads(metadata)
    except (ValueError, RecursionError):  # no UTF-8, no JSON, too deep, a number too long
        raise BadMessage("expected metadata in JSON, came something else") from None
    rate = told.get(RATE_KEY) if isinstance(told, dict) else None
    if isinstance(rate, float) and rate.is_integer():
        rate = int(rate)
    if not isinstance(rate, int) or isinstance(rate, bool):
        raise BadMessage(f'expected metadata with "{RATE_KEY}", a number of Hz')
    if rate not in RATES:
        raise BadMessage(f'expected a "{RATE_KEY}" of {RATES.start} to {RATES.stop - 1} Hz')
    return rate
