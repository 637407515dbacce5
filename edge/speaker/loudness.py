"""How loud: every voice brought to one level, and no sample above the cap."""

from __future__ import annotations

from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray

from edge.sound.samples import Samples
from edge.speaker.k_weighting import FRAME_S, FRAMES_A_BLOCK, energy_of, frame_energies, lufs

TARGET_LUFS = -21.0
"""Integrated loudness of speech by BS.1770, of every voice."""
MAX_GAIN_DB = 12.0
GATE_LUFS = -70.0
"""Blocks below are no sound."""
RELATIVE_GATE_DB = 10.0
"""Nor are blocks speech that are this far below the voice's own level."""
MEMORY_S = 30.0
"""The level is the mean over about this much speech."""
LOADED_S = 5.0
"""What was learned before a start counts as no more speech: behind the same name may be another voice now."""
PRIOR_S = 0.2
"""A new voice is trusted to be at the target as if this much of it had been heard."""
SLEW_DB_PER_S = 3.0
"""Slower than syllables and words, so that nothing pumps."""
AT_REST_DB = 0.5
"""What the gain is off by less than this while the voice speaks, is left for when it begins again."""
LIMITER_RELEASE_S = 0.15
LIMITER_ATTACK_S = 0.001


class KnownLevel(msgspec.Struct, frozen=True):
    """What was learned of a voice."""

    lufs: Annotated[float, msgspec.Meta(ge=GATE_LUFS, le=20)]
    heard_s: Annotated[float, msgspec.Meta(ge=0, le=MEMORY_S)]
    """Seconds of its speech that count; the more, the slower it changes."""


class VoiceLevel:
    """Learns one voice's level from what it says and brings it to ``TARGET_LUFS``, by at most ±12 dB."""

    def __init__(self, known: KnownLevel | None = None) -> None:
        self._energy = energy_of(known.lufs) if known else 0.0
        self._heard_s = min(known.heard_s, LOADED_S) if known else 0.0
        self._gain_db = self._wanted_db() if known else 0.0
        self._rest = np.zeros(0, np.float32)
        self._rest_rate = 0
        self._frames = np.zeros(0)
        """Energies that the next block needs."""

    @property
    def known(self) -> KnownLevel | None:
        """What was learned; None: nothing yet."""
        return KnownLevel(lufs=lufs(self._energy), heard_s=self._heard_s) if self._energy > 0 else None

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
        before, wanted = self._gain_db, self._wanted_db()
        if opening:
            self._gain_db = wanted
        elif abs(wanted - before) > AT_REST_DB:
            step_db = SLEW_DB_PER_S * len(samples) / sample_rate
            self._gain_db = min(max(wanted, before - step_db), before + step_db)
        if opening or self._gain_db == before:
            return samples * np.float32(10 ** (self._gain_db / 20))
        gains = 10 ** (np.linspace(before, self._gain_db, len(samples), dtype=np.float32) / 20)
        return (samples * gains).astype(np.float32, copy=False)

    def _wanted_db(self) -> float:
        if self._energy <= 0:
            return self._gain_db
        missing_db = TARGET_LUFS - lufs(self._energy)
        trust = self._heard_s / (self._heard_s + PRIOR_S)
        return min(max(missing_db * trust, -MAX_GAIN_DB), MAX_GAIN_DB)

    def learn(self, samples: Samples, sample_rate: int) -> None:
        """Take note of how loud the voice is in ``samples``, which need not sound now."""
        blocks = self._blocks(samples, sample_rate)
        blocks = blocks[blocks > energy_of(GATE_LUFS)]
        if not blocks.size:
            return
        speech = blocks[blocks > (self._energy or blocks.mean()) * 10 ** (-RELATIVE_GATE_DB / 10)]
        if not speech.size:
            # Another voice than it was known as, or what it is known by was none: that fades.
            self._heard_s = max(0.0, self._heard_s - blocks.size * FRAME_S)
            self._energy *= self._heard_s > 0
            return
        new_s = min(speech.size * FRAME_S, MEMORY_S)
        known_s = min(self._heard_s, MEMORY_S - new_s)
        self._energy = (self._energy * known_s + float(speech.mean()) * new_s) / (known_s + new_s)
        self._heard_s = min(self._heard_s + new_s, MEMORY_S)

    def _blocks(self, samples: Samples, sample_rate: int) -> NDArray[np.float64]:
        """Mean energies of the blocks that end in ``samples``, which go on where the last ones ended."""
        if sample_rate != self._rest_rate:
            self._rest, self._rest_rate = np.zeros(0, np.float32), sample_rate
        joined = np.concatenate((self._rest, samples))
        whole = len(joined) - len(joined) % round(FRAME_S * sample_rate)
        self._rest = joined[whole:]
        frames = np.concatenate((self._frames, frame_energies(joined[:whole], sample_rate)))
        self._frames = frames[len(frames) - min(len(frames), FRAMES_A_BLOCK - 1) :]
        if len(frames) < FRAMES_A_BLOCK:
            return np.zeros(0)
        windows = np.lib.stride_tricks.sliding_window_view(frames, FRAMES_A_BLOCK)
        return np.asarray(windows.mean(axis=1))


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
