"""Where an opener and the remark behind it meet, measured on what a loudspeaker gave."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.clouds.tones import HeardLetter, hear
from tests.support.heard import letters_said


class Seam(NamedTuple):
    """Between the opener's last letter and the remark's first one."""

    gap_ms: float
    """Silence; negative: both sound at once."""
    step_db: float
    """How much louder the remark is."""
    whole: bool
    """Every letter of both was heard, in order."""


def seam_of(samples: NDArray[np.floating], rate: int, opener: str, remark: str) -> Seam:
    """Measure a recording, mono, shape (n,), in which emulated voices say ``opener`` and then ``remark``.

    Raises:
        ValueError: not both of them were heard.
    """
    heard = hear(samples, rate)
    first, second = (letters_said(text).replace(" ", "") for text in (opener, remark))
    if len(heard) <= len(first):
        raise ValueError(f"heard no more than {''.join(letter.letter for letter in heard)!r}")
    before, behind = heard[: len(first)], heard[len(first) :]
    return Seam(
        gap_ms=(behind[0].start_s - before[-1].end_s) * 1000,
        step_db=_level_db(behind, samples, rate) - _level_db(before, samples, rate),
        whole="".join(letter.letter for letter in heard) == first + second,
    )


def _level_db(letters: list[HeardLetter], samples: NDArray[np.floating], rate: int) -> float:
    """Mean over the letters, since each has the same loudness where a voice speaks it."""
    parts = [samples[round(one.start_s * rate) : round(one.end_s * rate)] for one in letters]
    power = np.mean([np.square(part.astype(np.float64)).mean() for part in parts])
    return float(10 * np.log10(power))
