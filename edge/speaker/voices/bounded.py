"""No voice goes on for longer than its text can: what comes beyond that ends its part of the turn."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator

from edge.clock import monotonic
from edge.ladder.rung import RungError
from edge.speaker.sound_length import longest_s
from edge.speaker.voices.base import EndlessSoundError, Piece, Voice, VoiceRequest

SHORTEST_PIECE_S = 0.01
"""A piece counts as at least so much: each costs memory and time beside its samples."""
LONGEST_TAIL_S = 1.5
"""Behind the last word of the text that there is."""
SAMPLE_RATES = range(8_000, 96_001)
"""Hz. Any other comes from a damaged header: at 1 Hz a second of sound would be hours of it."""


async def bounded_sound(voice: Voice, request: VoiceRequest) -> AsyncGenerator[Piece, None]:
    """The sound of ``voice.open(request)``, as long as it can be that of the request's text.

    What was given before stands: its words are spoken. The text may grow meanwhile, and the bound with it.

    Raises:
        EndlessSoundError: there is more of it, or it comes slower than anybody speaks.
        RungError: as the voice does, or it is at a rate that no voice has.
    """
    script = request.script
    sound_s = bound_s = begun_mono = 0.0
    known, spoken_to, tail_s = -1, request.start, 0.0
    async with contextlib.aclosing(voice.open(request)) as pieces:
        async for piece in pieces:
            if piece.sample_rate not in SAMPLE_RATES:
                raise RungError(f"{voice.name}: expected a sample rate in Hz, came {piece.sample_rate}")
            begun_mono = begun_mono or monotonic()
            if known != len(script.text):
                known = len(script.text)
                bound_s = longest_s(script.text[request.start :], request.language)
            piece_s = max(len(piece.samples) / piece.sample_rate, SHORTEST_PIECE_S)
            sound_s += piece_s
            tail_s = tail_s + piece_s if spoken_to >= known else 0.0
            spoken_to = piece.spoken_to
            # The time of a voice that waits for more text does not count, nor that before its first sound.
            took_s = monotonic() - max(begun_mono, script.grown_mono)
            if max(sound_s, took_s) > bound_s or tail_s > LONGEST_TAIL_S:
                came = f"{sound_s:.1f} s of sound within {took_s:.1f} s"
                text = f"{known - request.start} characters, which need {bound_s:.1f} s at most"
                raise EndlessSoundError(f"{voice.name} does not end: {came} for {text}")
            yield piece
