"""The JSON that ElevenLabs sends: audio with its alignment, the end of a context, errors.

Sources: the message models of ``elevenlabs`` 2.78.0, its asyncapi document, and published recordings of the
real server. The recordings show what the documents leave open: without ``sync_alignment`` a whole generation
is timed on its first message and the others carry null; closing a context brings ``isFinal``, a flush does
not.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

from bench.clouds.tones import CELL_MS, PcmSamples, synthesize

SocketJson = dict[str, Any]

PIECE_MS = 230.0
"""Audio in one message: not a whole number of characters, so messages end inside words and letters."""

RATES = {f"pcm_{rate}": rate for rate in (16000, 22050, 24000, 44100)}
"""Hz, of the output formats that are emulated."""


@dataclass(frozen=True)
class AudioPiece:
    """The content of one audio message."""

    start_ms: float
    """Since the beginning of the generation."""
    samples: PcmSamples
    alignment: SocketJson | None
    normalized_alignment: SocketJson | None


def speak(text: str, rate: int, speed: float, *, sync_alignment: bool) -> list[AudioPiece]:
    """One generation as the pieces in which it is sent."""
    cell_ms = CELL_MS / speed
    samples = synthesize(text, rate, speed)
    pieces: list[AudioPiece] = []
    start = 0
    while start < len(samples):
        start_ms = len(pieces) * PIECE_MS
        end_ms = start_ms + PIECE_MS
        end = min(round(end_ms / 1000 * rate), len(samples))
        timed_until_ms = end_ms if sync_alignment else len(text) * cell_ms
        timed = [
            (char, index * cell_ms - start_ms)
            for index, char in enumerate(text)
            if start_ms <= index * cell_ms < timed_until_ms
        ]
        if not timed or (pieces and not sync_alignment):
            pieces.append(AudioPiece(start_ms, samples[start:end], None, None))
        else:
            alignment = _alignment(timed, cell_ms)
            # The fast models put a space before the first character of the normalized text.
            normalized = alignment if pieces else _with_leading_space(alignment)
            pieces.append(AudioPiece(start_ms, samples[start:end], alignment, normalized))
        start = end
    return pieces


def audio_message(piece: AudioPiece, samples: PcmSamples) -> SocketJson:
    return {
        "audio": base64.b64encode(samples.tobytes()).decode(),
        "isFinal": None,
        "normalizedAlignment": piece.normalized_alignment,
        "alignment": piece.alignment,
    }


def final_message() -> SocketJson:
    return {"audio": None, "isFinal": True, "normalizedAlignment": None, "alignment": None}


def error_message(message: str, error: str) -> SocketJson:
    return {"message": message, "error": error, "code": 1008}


def _alignment(timed: list[tuple[str, float]], cell_ms: float) -> SocketJson:
    return {
        "chars": [char for char, _ in timed],
        "charStartTimesMs": [round(start_ms) for _, start_ms in timed],
        "charDurationsMs": [round(start_ms + cell_ms) - round(start_ms) for _, start_ms in timed],
    }


def _with_leading_space(alignment: SocketJson) -> SocketJson:
    return {
        "chars": [" ", *alignment["chars"]],
        "charStartTimesMs": [0, *alignment["charStartTimesMs"]],
        "charDurationsMs": [0, *alignment["charDurationsMs"]],
    }
