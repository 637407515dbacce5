"""What is heard in a cabin besides who speaks: noises made by rule, and the guide's own voice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edge.listener.segment import SAMPLE_RATE
from edge.messages import Language
from tests.support.passengers import Passenger, Samples, passengers, say, sentences

Noise = Literal["bus", "music", "babble"]
NOISES: tuple[Noise, ...] = ("bus", "music", "babble")
SNRS_DB = (20, 10, 5, 0)
BABBLE_VOICES = 6
OWN_VOICE_DB = 10
"""How much below the passenger the guide's own voice is, where a canceller has left some of it."""


def noise(kind: Noise, length: int, language: Language, seed: int) -> NDArray[np.float64]:
    """Made by rule, and the same for the same seed: shape (length,), mean square 1."""
    chance = np.random.default_rng(seed)
    match kind:
        case "bus":
            made = _bus(length, chance)
        case "music":
            made = _music(length, chance)
        case "babble":
            made = _babble(length, language, chance)
    as_loud: NDArray[np.float64] = made / np.sqrt(np.mean(made**2))
    return as_loud


def mixed(speech: Samples, other: NDArray[np.float64], snr_db: float) -> Samples:
    """Args: ``other`` has mean square 1; the level of speech is that of the part where somebody speaks."""
    said = speech.astype(np.float64)
    loud = said[np.abs(said) > 0.02 * np.abs(said).max()]
    other_rms = np.sqrt(np.mean(loud**2)) / 10 ** (snr_db / 20)
    both = said + other_rms * other
    clipped: Samples = np.clip(both * min(1.0, 30_000 / np.abs(both).max()), -32768, 32767).astype(np.int16)
    return clipped


def own_voice(length: int, language: Language) -> NDArray[np.float64]:
    """The guide's offline voice, saying a remark: shape (length,), mean square 1."""
    remarks = {
        "ru": "Посмотрите налево, там гуляют две собаки, и обе очень довольны жизнью.",
        "en": "Look to the left, two dogs are having a walk, and both enjoy their life.",
        "id": "Lihat ke kiri, ada dua ekor anjing yang sedang berjalan dengan gembira.",
    }
    voice = {"ru": "ru", "en": "en-us", "id": "id"}[language]
    spoken = np.resize(say(Passenger("espeak-ng", voice), remarks[language]).astype(np.float64), length)
    as_loud: NDArray[np.float64] = spoken / np.sqrt(np.mean(spoken**2))
    return as_loud


def _bus(length: int, chance: np.random.Generator) -> NDArray[np.float64]:
    """Rolling (falling 6 dB an octave), an electric drive's whine with harmonics, and a rattling body."""
    spectrum = np.fft.rfft(chance.standard_normal(length))
    hertz = np.fft.rfftfreq(length, 1 / SAMPLE_RATE)
    rolling = np.fft.irfft(spectrum / np.maximum(hertz, 40.0), length)
    rolling /= rolling.std()
    at_s = np.arange(length) / SAMPLE_RATE
    turning = 2 * np.pi * np.cumsum(90 + 20 * np.sin(2 * np.pi * 0.2 * at_s)) / SAMPLE_RATE
    whine = sum(np.sin(order * turning) / order for order in (1, 2, 3, 8, 12))
    rattle = chance.standard_normal(length) * (np.sin(2 * np.pi * 11 * at_s) > 0.97)
    return rolling + 0.4 * whine + 0.3 * rattle


def _music(length: int, chance: np.random.Generator) -> NDArray[np.float64]:
    """Chords of four tones with overtones, one a half second, over a drum."""
    beat = SAMPLE_RATE // 2
    made = np.zeros(length)
    for start in range(0, length, beat):
        at_s = np.arange(min(beat, length - start)) / SAMPLE_RATE
        root = 110 * 2 ** (chance.choice([0, 3, 5, 7, 10]) / 12)
        for step in (0, 4, 7, 12):
            pitch = 2 * root * 2 ** (step / 12)
            for overtone in range(1, 6):
                phase = chance.uniform(0, 2 * np.pi)
                tone = np.sin(2 * np.pi * overtone * pitch * at_s + phase) / overtone
                made[start : start + len(at_s)] += tone * np.exp(-2 * at_s)
        drum = chance.standard_normal(len(at_s)) * np.exp(-30 * at_s)
        made[start : start + len(at_s)] += 2 * drum
    return made


def _babble(length: int, language: Language, chance: np.random.Generator) -> NDArray[np.float64]:
    """Several people who talk at once, none of them to the guide."""
    asides = [one.text for one in sentences(language) if one.meant == "nothing"]
    voices = passengers(language)
    made = np.zeros(length)
    for number in range(BABBLE_VOICES):
        talk = np.concatenate(list(_talk(voices[number % len(voices)], asides, length, chance)))
        made += np.roll(talk, int(chance.integers(len(talk))))[:length]
    return made


def _talk(
    voice: Passenger, asides: Sequence[str], length: int, chance: np.random.Generator
) -> Iterator[NDArray[np.float64]]:
    said = 0
    while said < length:
        one = say(voice, str(chance.choice(asides))).astype(np.float64)
        one /= np.sqrt(np.mean(one**2))
        said += len(one)
        yield one
