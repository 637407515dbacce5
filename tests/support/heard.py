"""What left the guide's loudspeaker, read back letter by letter where an emulated voice spoke."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz

from bench.clouds.tones import Gap, decode, find_gaps, letters_of
from edge.messages import Language
from edge.spoken_form.spell import spoken_form

SILENCE = 0.01
"""Of full scale: quieter than any voice, louder than what dithering or rounding leaves."""
ALIKE_PERCENT = 94
"""One letter of twenty may be torn; no word may be missing."""


def letters_said(text: str) -> str:
    """What the tones of emulated voices spell when ``text``, Russian or English, is said."""
    language: Language = "ru" if any("а" <= char <= "я" for char in text.lower()) else "en"
    return letters_of(spoken_form(text, language).text)


class Heard(NamedTuple):
    """A stretch of mono sound: int16 or float in ±1, shape (n,)."""

    samples: NDArray[np.generic]
    sample_rate: int

    @property
    def letters(self) -> str:
        """What the tones of emulated voices spell, as ``tones.letters_of`` writes it."""
        return decode(self.samples, self.sample_rate)

    def resembles(self, text: str) -> bool:
        """Whether ``text`` was heard, apart from a letter that a hole has torn in two."""
        return fuzz.partial_ratio(_run(self.letters), _run(letters_of(text))) >= ALIKE_PERCENT

    def gaps(self, speed: float) -> list[Gap]:
        """Breaks in the timing of a voice of this speed."""
        return find_gaps(self.samples, self.sample_rate, speed=speed, longer_than_ms=10.0)

    @property
    def sound_s(self) -> float:
        """From the first audible sample to the last."""
        audible = np.flatnonzero(np.abs(self.signal) > SILENCE)
        return float(audible[-1] - audible[0]) / self.sample_rate if audible.size else 0.0

    @property
    def peak(self) -> float:
        """The loudest sample, as a share of full scale."""
        return float(np.abs(self.signal).max(initial=0.0))

    @property
    def signal(self) -> NDArray[np.float64]:
        """The samples in ±1."""
        scale = 32768.0 if np.issubdtype(self.samples.dtype, np.integer) else 1.0
        return self.samples.astype(np.float64) / scale


def _run(letters: str) -> str:
    return letters.replace(" ", "")


class WavRecording:
    """The file that a guide with ``wav:`` output writes, read piece by piece while it grows."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._taken = 0

    def take(self) -> Heard:
        """What was heard since the last call."""
        with wave.open(str(self._path)) as file:
            # A speaker that was started again has begun a new file.
            self._taken = min(self._taken, file.getnframes())
            file.setpos(self._taken)
            samples = np.frombuffer(file.readframes(file.getnframes() - self._taken), dtype="<i2")
            self._taken += len(samples)
            return Heard(samples.astype(np.int16), file.getframerate())
