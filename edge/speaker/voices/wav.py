"""From the WAV bytes of a local voice to sound that joins well with what is spoken before and after it."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray

from edge.error_lines import reason_of
from edge.ladder.rung import RungError
from edge.sound.wav_reader import WavError, WavReader
from edge.speaker.voices.clausewise import Sound
from edge.speaker.word_begins import audible_span

EDGE_SILENCE_MS = 80
"""Silence left at either end of a clause: a breath between two clauses, not a stop."""


def parse_wav(data: bytes, source: str) -> Sound:
    """Read a WAV of any form that ``WavReader`` reads.

    Raises:
        RungError: these are other bytes; names ``source``.
    """
    try:
        wav = WavReader(io.BytesIO(data))
    except WavError as error:
        raise RungError(f"{source}: {reason_of(error)} ({len(data)} bytes)") from error
    return Sound(wav.rest(), wav.sample_rate)


def smooth(sound: Sound) -> Sound:
    """Trim the silence at both ends to ``EDGE_SILENCE_MS``. How loud it is, is ``loudness.py``'s business."""
    return Sound(trimmed(sound.samples, sound.sample_rate), sound.sample_rate)


def trimmed(samples: NDArray[np.int16], sample_rate: int, *, begin: bool = True) -> NDArray[np.int16]:
    """The sound without silence beyond ``EDGE_SILENCE_MS`` at its end and, with ``begin``, its beginning."""
    keep = sample_rate * EDGE_SILENCE_MS // 1000
    first, behind = audible_span(samples)
    if not behind:
        return samples[:0]
    return samples[max(0, first - keep) if begin else 0 : behind + keep]
