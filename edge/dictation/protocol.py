"""What client and recognizer server say on the data socket, as RealtimeSTT's do. Pure."""

from __future__ import annotations

import struct
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

MAX_NEWS_BYTES = 4 << 20
"""RealtimeSTT's own server sends a whole utterance's sound back, as base64."""
LONGEST_TEXT_CHARS = 2000
METADATA_LENGTH = struct.Struct("<I")
STAGES = frozenset({"recording_start", "recording_stop", "vad_detect_start", "vad_detect_stop"})


class Understood(NamedTuple):
    """Words of the sentence that is being said, or of one that has ended."""

    text: str
    final: bool


class ServerStage(NamedTuple):
    """How far the server is: it hears speech (``recording_start``), the speech has ended, …"""

    name: str


class _News(msgspec.Struct):
    type: str
    text: str = ""


def sound_message(samples: NDArray[np.int16], sample_rate: int) -> bytes:
    """A piece of sound as it is sent: the length of the metadata, the metadata, and the samples.

    Args:
        samples: shape (n,), mono, at ``sample_rate`` Hz.
    """
    metadata = msgspec.json.encode({"sampleRate": sample_rate})
    return METADATA_LENGTH.pack(len(metadata)) + metadata + samples.astype("<i2").tobytes()


def read_news(data: str | bytes) -> Understood | ServerStage | None:
    """What the server tells; None: it is of no use here.

    Raises:
        ValueError: it is no news of a recognizer server; the text quotes nothing.
    """
    try:
        news = msgspec.json.decode(data, type=_News)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError('expected JSON like {"type": "fullSentence", "text": "…"}') from error
    if news.type in ("realtime", "fullSentence"):
        # One line: what is said holds no command to a terminal, nor to an editor.
        text = " ".join("".join(char if char.isprintable() else " " for char in news.text).split())
        return Understood(text[:LONGEST_TEXT_CHARS], news.type == "fullSentence")
    return ServerStage(news.type) if news.type in STAGES else None
