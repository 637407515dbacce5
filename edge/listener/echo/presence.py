"""Does the microphone hear what the loudspeaker plays? Pure.

The two are correlated, by phase alone, at every delay at which the sound may reach the microphone, and at as
many at which it cannot. Noise, music and people's talk stand out nowhere; what was played stands out at its
own delay, also far below them. No level need be known, and no echo canceller.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.listener.framing import FRAME_SAMPLES
from edge.listener.segment import SAMPLE_RATE

WINDOW_FRAMES = 32
"""A second of what was played is judged at once."""
EARLY_FRAMES = 3
"""Devices tell times that are wrong by some tens of milliseconds."""
LATE_FRAMES = 16
"""The latest delay, about 500 ms: wireless loudspeakers have 300."""
APART_FRAMES = 3
BEFORE_FRAMES = 2 * EARLY_FRAMES + LATE_FRAMES + APART_FRAMES
"""Captured before the window: delays at which nothing can be heard."""
BAND_HZ = (200.0, 4000.0)
"""Where speech is, and a motor is not all there is."""
ACTIVE_RMS = 100.0
"""In int16. What is played more quietly (-50 dBFS) is no speech, or is not meant to be heard."""
ACTIVE_SHARE = 0.5
SPREAD = 60.0
"""Bins that share a window's energy: a chime has less, and could not be told from a hum."""
STANDS_OUT = 2.0
"""How many times the highest peak where nothing can be heard. Of a dead loudspeaker in music, motor noise and
talk 99 of 100 windows have less than 1.9; of one as loud as all that 95 of 100 have more than 4."""
DROWNED = 30.0
"""Captured over expected power from which on nobody can tell (15 dB)."""
NEAR = SAMPLE_RATE // 100
"""The same delay, within so many samples: noise stands out somewhere else each time."""
UNHEARD = 3
"""Windows one after the other: the loudspeaker is not heard."""
_FFT = 40_000
"""At least what is captured of a window; 40,000 is quick."""


class Look(NamedTuple):
    """One window, looked at."""

    ratio: float
    """The highest peak where the sound may be heard over the highest where it cannot."""
    delay: int
    """Place of the former, in samples; not counted from 0."""
    gain: float
    """Power that the most likely delay explains, over power that was played."""
    captured: float
    """Power in the band, in the same measure as ``played``."""
    played: float
    spread: float


def look(played: NDArray[np.int16], captured: NDArray[np.int16]) -> Look:
    """Compare a window of what was played with what was captured around it.

    Args:
        played: shape (n,), 16 kHz.
        captured: begins ``BEFORE_FRAMES`` before it, and ends ``LATE_FRAMES`` behind it.
    """
    low, high = (round(hz * _FFT / SAMPLE_RATE) for hz in BAND_HZ)
    heard = np.fft.rfft(captured, _FFT)
    sound = np.fft.rfft(played, _FFT)[low:high]
    both = np.zeros(len(heard), np.complex128)
    both[low:high] = heard[low:high] * np.conj(sound)
    strength = np.abs(np.fft.irfft(both / (np.abs(both) + 1.0), _FFT))
    # Delay 0 lies BEFORE_FRAMES behind the beginning of what was captured.
    begin = (BEFORE_FRAMES - EARLY_FRAMES) * FRAME_SAMPLES
    end = (BEFORE_FRAMES + LATE_FRAMES) * FRAME_SAMPLES
    possible = strength[begin:end]
    impossible = strength[: (EARLY_FRAMES + LATE_FRAMES) * FRAME_SAMPLES]
    delay = begin + int(np.argmax(possible))
    turn = np.exp(2j * np.pi * np.arange(low, high) * (delay / _FFT))
    energy = np.square(np.abs(sound))
    total = float(energy.sum()) + 1e-9
    explained = float(np.real(np.sum(both[low:high] * turn))) / total
    # The middle of what was captured alone is beside the window.
    beside = captured[BEFORE_FRAMES * FRAME_SAMPLES :][: len(played)]
    around = np.square(np.abs(np.fft.rfft(beside, _FFT)[low:high]))
    return Look(
        ratio=float(possible.max()) / (float(impossible.max()) + 1e-12),
        delay=delay,
        gain=explained**2,
        captured=float(around.sum()),
        played=total,
        spread=total**2 / (float(np.square(energy).sum()) + 1e-9),
    )


class EchoPresence:
    """Says whether the loudspeaker is heard, from one window of its sound after the other."""

    def __init__(self) -> None:
        self.heard: bool | None = None
        """None: not judged yet."""
        self._delay: int | None = None
        """Where the last peak was that stood out."""
        self._gain = 0.0
        """How loud the loudspeaker is at the microphone; 0: not known."""
        self._unheard = 0

    def add(self, look: Look) -> None:
        """Take the next window."""
        if look.spread < SPREAD or look.captured <= 0:
            return
        stands_out = look.ratio >= STANDS_OUT
        was, self._delay = self._delay, look.delay if stands_out else self._delay
        if stands_out and was is not None and abs(look.delay - was) <= NEAR:
            self._gain = max(look.gain, self._gain * 0.9)
            self._unheard = 0
            self.heard = True
        elif not self._gain or look.captured <= DROWNED * self._gain * look.played:
            self._unheard += 1
            self.heard = False if self._unheard >= UNHEARD else self.heard
        # Otherwise it is so loud around that the guide need not be heard.

    def forget(self) -> None:
        """Judge anew; how loud it was, and where, stays known."""
        self.heard = None
        self._unheard = 0
