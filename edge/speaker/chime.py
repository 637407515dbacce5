"""The chime before an announcement: two struck bars, made here."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

RATE = 24_000
"""Hz."""
VOICE = "chime"
"""Whose sound it is: it has a level of its own."""
NOTES = ((0.0, 659.26), (0.38, 523.25))
"""When it is struck, in seconds, and Hz: a major third down."""
PARTIALS = ((1.0, 1.0, 4.0), (2.76, 0.35, 8.0), (5.4, 0.12, 16.0))
"""A bar's: frequency over the note's, strength, how fast it dies away (1/s)."""
LENGTH_S = 1.5
ATTACK_S = 0.004
FADE_S = 0.15
PEAK = 0.5 * 32767


@functools.cache
def chime() -> NDArray[np.int16]:
    """Shape (n,), mono, at ``RATE``."""
    times = np.arange(round(LENGTH_S * RATE)) / RATE
    sound = np.zeros(len(times))
    for struck_s, note in NOTES:
        since = np.maximum(times - struck_s, 0)
        attack = np.minimum(since / ATTACK_S, 1)
        for ratio, strength, decay in PARTIALS:
            sound += attack * strength * np.exp(-decay * since) * np.sin(2 * np.pi * note * ratio * since)
    sound *= np.minimum((LENGTH_S - times) / FADE_S, 1)
    samples: NDArray[np.int16] = np.rint(sound * PEAK / np.abs(sound).max()).astype(np.int16)
    samples.setflags(write=False)
    return samples
