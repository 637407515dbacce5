"""How loud: every voice brought to one level, and no sample above the cap."""

from __future__ import annotations

import math

import numpy as np

from edge.sound.samples import Samples

TARGET_DBFS = -20.0
"""RMS of voiced speech."""
MAX_GAIN_DB = 12.0
GATE_DBFS = -50.0
"""Frames below are no speech."""
RELATIVE_GATE_DB = 15.0
"""Nor are frames this far below the voice's own level."""
FRAME_S = 0.01
MEMORY_S = 10.0
"""The level is the mean over about this much speech."""
PRIOR_S = 0.4
"""A new voice is trusted to be at the target as if this much of it had been heard."""
SLEW_DB_PER_S = 3.0
"""Slower than syllables and words, so that nothing pumps."""
LIMITER_RELEASE_S = 0.15
LIMITER_ATTACK_S = 0.001


class VoiceLevel:
    """Learns one voice's level from what it says and brings it to ``TARGET_DBFS``, by at most ±12 dB."""

    def __init__(self) -> None:
        self._energy = 0.0
        self._voiced_s = 0.0
        self._gain_db = 0.0

    def apply(self, samples: Samples, sample_rate: int, *, opening: bool) -> Samples:
        """Measure ``samples`` and return them levelled.

        Args:
            samples: shape (n,), the voice's next sound.
            sample_rate: of ``samples``, in Hz.
            opening: nothing of this voice is sounding, so the gain may start where it belongs; otherwise
                it moves slowly from where it was.
        """
        if not len(samples):
            return samples
        self.learn(samples, sample_rate)
        before = self._gain_db
        step_db = math.inf if opening else SLEW_DB_PER_S * len(samples) / sample_rate
        self._gain_db = min(max(self._wanted_db(), before - step_db), before + step_db)
        if opening or self._gain_db == before:
            return samples * np.float32(10 ** (self._gain_db / 20))
        gains = 10 ** (np.linspace(before, self._gain_db, len(samples), dtype=np.float32) / 20)
        return (samples * gains).astype(np.float32, copy=False)

    def _wanted_db(self) -> float:
        if self._energy <= 0:
            return self._gain_db
        missing_db = TARGET_DBFS - 10 * math.log10(self._energy)
        trust = self._voiced_s / (self._voiced_s + PRIOR_S)
        return min(max(missing_db * trust, -MAX_GAIN_DB), MAX_GAIN_DB)

    def learn(self, samples: Samples, sample_rate: int) -> None:
        """Take note of how loud the voice is in ``samples``, which need not sound now."""
        frame = round(FRAME_S * sample_rate)
        whole = len(samples) // frame * frame
        energies = np.square(samples[:whole].reshape(-1, frame)).mean(axis=1, dtype=np.float64)
        gate = max(10 ** (GATE_DBFS / 10), self._energy * 10 ** (-RELATIVE_GATE_DB / 10))
        if not (voiced := energies[energies > gate]).size:
            return
        new_s = voiced.size * FRAME_S
        known_s = min(self._voiced_s, max(0.0, MEMORY_S - new_s))
        self._energy = (self._energy * known_s + float(voiced.mean()) * new_s) / (known_s + new_s)
        self._voiced_s = min(self._voiced_s + new_s, MEMORY_S)


class Limiter:
    """Keeps every sample within the cap: the gain falls at once and comes back slowly.

    It looks ahead inside the block only, so it adds no delay; below the cap it changes nothing.
    """

    def __init__(self, sample_rate: int, cap_dbfs: float) -> None:
        self._cap = np.float32(10 ** (cap_dbfs / 20))
        self._release = 1 / (LIMITER_RELEASE_S * sample_rate)
        self._attack = 1 / (LIMITER_ATTACK_S * sample_rate)
        self._gain = 1.0

    def reset(self) -> None:
        self._gain = 1.0

    def apply(self, block: Samples) -> None:
        """Limit ``block``, shape (n,), in place."""
        peaks = np.abs(block)
        if self._gain >= 1.0 and not np.any(peaks > self._cap):
            return
        steps = np.arange(1, len(block) + 1)
        allowed = np.minimum(1.0, self._cap / np.maximum(peaks, 1e-9))
        # The lowest of all lines that rise to the right from a peak (release) and to the left (attack).
        release = np.minimum.accumulate(allowed - steps * self._release)
        gains = np.minimum(release, self._gain) + steps * self._release
        attack = np.minimum.accumulate((gains + steps * self._attack)[::-1])[::-1]
        gains = np.minimum(attack - steps * self._attack, 1.0)
        self._gain = float(gains[-1])
        block *= gains.astype(np.float32)
        np.clip(block, -self._cap, self._cap, out=block)  # what float rounding leaves above
