"""Speech that a program can read back: every character is one cell of sound, every letter its own chord.

A letter is two tones at once, one of eight low and one of nine high frequencies (as a telephone keypad
does it), so that the 69 letters and digits of Russian, English and Indonesian stay inside 300–3500 Hz and
survive every sample rate in use. Each cell ends in a short silence, which separates double letters; a space
or a punctuation mark is a whole cell of silence. What a loudspeaker monitor recorded can thus be read back
letter by letter, and a hole in it shows as a break of the cell's timing.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

ALPHABET = "абвгдеёжзийклмнопрстуфхцчшщъыьэюяabcdefghijklmnopqrstuvwxyz0123456789"
CELL_MS = 60.0
"""Length of one character at speed 1: 16.7 characters a second, a lively talker."""

_ROWS_HZ = np.arange(8) * 110.0 + 350.0
_COLUMNS_HZ = np.arange(9) * 240.0 + 1400.0
_TONE_SHARE = 0.8
"""Part of a cell that sounds; the rest separates it from the next."""
_RAMP_S = 0.004
_AMPLITUDE = 0.3
"""Share of full scale, for each of the two tones."""

_WINDOW_S = 0.005
"""Longer than a beat of any two tones, so that the envelope of a chord does not dip inside it."""
_HOP_S = 0.001
_FLOOR = 0.02
"""Sound is what exceeds this share of the recording's loudest part: a ducked voice is still heard."""
_SILENCE = 0.001
"""Below this share of full scale a recording is silent."""
_SHORTEST_LETTER_S = 0.012
_ANALYSIS_S = 0.028
"""Length of a letter's middle that is analysed: enough to tell neighbouring frequencies apart."""
_CHORD_SHARE = 0.6
"""Least share of a letter's energy in its two tones; with noise or a second voice over it there is less."""
_WORD_PAUSE_S = 0.03

PcmSamples = NDArray[np.int16]


@dataclass(frozen=True)
class HeardLetter:
    """One sounding stretch of a recording; ``letter`` is ``"?"`` when it is no chord of ours."""

    letter: str
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Gap:
    """A break of the timing: ``excess_ms`` is how much later than expected the next letter came."""

    at_s: float
    excess_ms: float


def letters_of(text: str) -> str:
    """What ``decode`` gives back for a spoken ``text``: lower-case letters, words apart by one space."""
    return " ".join("".join(_letter(char) or " " for char in text).split())


def synthesize(text: str, rate: int, speed: float = 1.0) -> PcmSamples:
    """Speak ``text``: int16 mono, shape (n,), one cell of ``CELL_MS / speed`` for each character.

    ``decode`` reads speeds from 0.5 to 1.5.
    """
    edges = [round(index * CELL_MS / 1000 / speed * rate) for index in range(len(text) + 1)]
    samples = np.zeros(edges[-1], dtype=np.int16)
    for char, (start, end) in zip(text, pairwise(edges), strict=True):
        letter = _letter(char)
        if letter:
            chord = _chord(letter, rate, round((end - start) * _TONE_SHARE))
            samples[start : start + len(chord)] = chord
    return samples


def hear(samples: NDArray[np.generic], rate: int) -> list[HeardLetter]:
    """Every letter of a mono recording (int16 or float in ±1, shape (n,)) with its times in seconds."""
    if samples.ndim != 1:
        raise ValueError(f"expected mono samples of shape (n,), came {samples.shape}: pass one channel")
    signal = samples.astype(np.float64)
    if np.issubdtype(samples.dtype, np.integer):
        signal /= 32768.0
    letters = []
    for start, end in _sounding(signal, rate):
        if (end - start) / rate >= _SHORTEST_LETTER_S:
            letters.append(HeardLetter(_recognise(signal[start:end], rate), start / rate, end / rate))
    return letters


def decode(samples: NDArray[np.generic], rate: int) -> str:
    """The letters of a recording as ``letters_of`` writes them, whatever its level and sample rate."""
    text = ""
    last_end_s = 0.0
    for heard in hear(samples, rate):
        if text and heard.start_s - last_end_s > _WORD_PAUSE_S:
            text += " "
        text += heard.letter
        last_end_s = heard.end_s
    return text


def find_gaps(
    samples: NDArray[np.generic], rate: int, *, speed: float = 1.0, longer_than_ms: float = 5.0
) -> list[Gap]:
    """Where letters do not follow each other in whole cells, by more than ``longer_than_ms``.

    A hole of exactly one cell looks like a space: ``decode`` shows that one.
    """
    cell_ms = CELL_MS / speed
    gaps = []
    letters = hear(samples, rate)
    for earlier, later in pairwise(letters):
        step_ms = (later.start_s - earlier.start_s) * 1000
        cells = max(1, int((step_ms + longer_than_ms) / cell_ms))
        excess_ms = step_ms - cells * cell_ms
        if abs(excess_ms) > longer_than_ms:
            gaps.append(Gap(earlier.end_s, excess_ms))
    return gaps


def _letter(char: str) -> str | None:
    for candidate in (char, unicodedata.normalize("NFKD", char)[0]):
        lowered = candidate.lower()[:1]
        if lowered in ALPHABET:
            return lowered
    return None


@lru_cache(maxsize=1024)
def _chord(letter: str, rate: int, length: int) -> PcmSamples:
    row, column = divmod(ALPHABET.index(letter), len(_COLUMNS_HZ))
    seconds = np.arange(length) / rate
    chord = np.sin(2 * np.pi * _ROWS_HZ[row] * seconds) + np.sin(2 * np.pi * _COLUMNS_HZ[column] * seconds)
    ramp_length = min(round(_RAMP_S * rate), length // 2)
    ramp = 0.5 - 0.5 * np.cos(np.pi * np.arange(ramp_length) / ramp_length)
    chord[:ramp_length] *= ramp
    chord[length - ramp_length :] *= ramp[::-1]
    return np.asarray(np.round(chord * _AMPLITUDE * 32767), dtype=np.int16)


def _sounding(signal: NDArray[np.float64], rate: int) -> list[tuple[int, int]]:
    """Stretches of sound as (start, end) sample indices."""
    window, hop = round(_WINDOW_S * rate), round(_HOP_S * rate)
    if len(signal) < window:
        return []
    energy = np.concatenate(([0.0], np.cumsum(signal * signal)))
    starts = np.arange(0, len(signal) - window + 1, hop)
    level = np.sqrt(np.maximum(energy[starts + window] - energy[starts], 0.0) / window)
    threshold = max(_SILENCE, _FLOOR * float(level.max(initial=0.0)))
    sounds = np.concatenate(([False], level > threshold, [False]))
    turns = np.flatnonzero(sounds[1:] != sounds[:-1])
    # A window counts for its middle, so that an onset is found where the sound begins.
    middle = window // 2
    return [
        (int(begin) * hop + middle, min(int(end) * hop + middle, len(signal)))
        for begin, end in zip(turns[::2], turns[1::2], strict=True)
    ]


def _recognise(sound: NDArray[np.float64], rate: int) -> str:
    length = min(len(sound), round(_ANALYSIS_S * rate))
    start = (len(sound) - length) // 2
    core = sound[start : start + length]
    window = np.hanning(length)
    amplitudes = np.abs(_probes(rate, length) @ core)
    row = int(amplitudes[: len(_ROWS_HZ)].argmax())
    column = int(amplitudes[len(_ROWS_HZ) :].argmax())
    low, high = float(amplitudes[row]), float(amplitudes[len(_ROWS_HZ) + column])
    energy = float(((window * core) ** 2).sum() / (window**2).sum())
    is_chord = (low**2 + high**2) / 2 > _CHORD_SHARE * energy and min(low, high) > max(low, high) / 4
    index = row * len(_COLUMNS_HZ) + column
    return ALPHABET[index] if is_chord and index < len(ALPHABET) else "?"


@lru_cache(maxsize=64)
def _probes(rate: int, length: int) -> NDArray[np.complex128]:
    """One tone for each row and column frequency, shape (17, length); a product with it gives amplitudes."""
    frequencies_hz = np.concatenate((_ROWS_HZ, _COLUMNS_HZ))
    tones = np.exp(-2j * np.pi * np.outer(frequencies_hz, np.arange(length)) / rate)
    window = np.hanning(length)
    return np.asarray(tones * window * 2 / window.sum())
