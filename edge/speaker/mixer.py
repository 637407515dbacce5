"""Gains that move without a click, and the sum of what sounds."""

from __future__ import annotations

import numpy as np

from edge.sound.samples import Samples
from edge.speaker.loudness import Limiter

DUCK_DB = -14.0
"""A ducked track is lowered so far: it is still heard, and nobody has to speak up against it."""
LOUDNESS_CAP_DBFS = -1.0
"""No sample leaves louder than this, at any volume: converters clip what comes close to full scale."""
DUCK_S = 0.01
UNDUCK_S = 0.15
MUTE_S = 0.03
VOLUME_S = 0.04
URGENT_VOLUME = 0.5
"""What ignores mute is not silenced by the volume either: it sounds at least this loud."""


class Ramp:
    """A gain that goes to its target along a raised cosine."""

    def __init__(self, value: float = 1.0) -> None:
        self.value = value
        self.target = value
        self._start = value
        self._length = 0
        self._done = 0

    def to(self, target: float, length: int) -> None:
        """Reach ``target`` within ``length`` samples from now; a ramp already under way to it goes on."""
        if target != self.target:
            self._start, self.target = self.value, target
            self._length, self._done = max(1, length), 0

    @property
    def moving(self) -> bool:
        return self._done < self._length

    def apply(self, block: Samples) -> None:
        """Multiply ``block``, shape (n,), in place and move on by n samples."""
        if not self.moving:
            if self.value != 1.0:
                block *= np.float32(self.value)
            return
        at = np.arange(self._done + 1, self._done + 1 + len(block), dtype=np.float32) / self._length
        shape = 0.5 - 0.5 * np.cos(np.pi * np.minimum(at, 1.0))
        gains = self._start + (self.target - self._start) * shape
        block *= gains.astype(np.float32, copy=False)
        self._done += len(block)
        self.value = float(gains[-1]) if self.moving else self.target


class Strip:
    """The gains of one track: fade, duck, mute."""

    def __init__(self, sample_rate: int, *, ignores_mute: bool, muted: bool) -> None:
        self._sample_rate = sample_rate
        self._duck_gain = 10 ** (DUCK_DB / 20)
        self.ignores_mute = ignores_mute
        self._fade = Ramp()
        self._duck = Ramp()
        self._mute = Ramp(0.0 if muted and not ignores_mute else 1.0)

    def fade_out(self, fade_s: float) -> None:
        self._fade.to(0.0, round(fade_s * self._sample_rate))

    def duck(self, on: bool) -> None:
        target, seconds = (self._duck_gain, DUCK_S) if on else (1.0, UNDUCK_S)
        self._duck.to(target, round(seconds * self._sample_rate))

    def mute(self, on: bool) -> None:
        if not self.ignores_mute:
            self._mute.to(0.0 if on else 1.0, round(MUTE_S * self._sample_rate))

    @property
    def is_ducked(self) -> bool:
        return self._duck.target < 1.0

    @property
    def faded_out(self) -> bool:
        return self._fade.target == 0.0 and not self._fade.moving

    def apply(self, block: Samples) -> None:
        """Multiply ``block``, shape (n,), in place."""
        for ramp in (self._fade, self._duck, self._mute):
            ramp.apply(block)


class Mixer:
    """Makes the tracks' strips and treats their sum: volume, then the limiter.

    Args:
        sample_rate: Hz.
        volume: 0…1, a factor on the amplitude; may be set at any time.
    """

    def __init__(self, sample_rate: int, volume: float, loudness_cap_dbfs: float = LOUDNESS_CAP_DBFS) -> None:
        self.sample_rate = sample_rate
        self.muted = False
        self.volume = volume
        self._master = Ramp(volume)
        self._resting = True
        self._limiter = Limiter(sample_rate, loudness_cap_dbfs)

    def strip(self, *, ignores_mute: bool) -> Strip:
        return Strip(self.sample_rate, ignores_mute=ignores_mute, muted=self.muted)

    def rest(self) -> None:
        """Nothing sounds: no gain has to be smooth."""
        self._resting = True
        self._limiter.reset()

    def finish(self, mixed: Samples, *, urgent: bool = False) -> None:
        """Apply the master gains to the sum of all strips, shape (n,), in place.

        Args:
            urgent: one of them ignores mute.
        """
        volume = max(self.volume, URGENT_VOLUME) if urgent else self.volume
        if self._resting:
            self._master, self._resting = Ramp(volume), False
        self._master.to(volume, round(VOLUME_S * self.sample_rate))
        self._master.apply(mixed)
        self._limiter.apply(mixed)
