"""Passengers in a noisy cabin: real words by espeak-ng, motor noise, and where in the sound the words are."""

from __future__ import annotations

import functools
import io
import shutil
import subprocess
import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pytest
import soxr
from numpy.typing import NDArray

from edge.listener.framing import FRAME_S, FRAME_SAMPLES
from edge.listener.segment import SAMPLE_RATE, Frame
from edge.messages import Language

Sound = NDArray[np.float32]
"""Shape (n,), mono, 16 kHz, full scale ±1."""

SPEECH_RMS = 0.1
NOISE_ALONE_RMS = 0.05
AUDIBLE_DB = 35.0
"""An utterance begins and ends where its level is this far below its loudest 10 ms."""
QUIETEST_HZ = 20.0
"""Below this no microphone hears a motor."""

PHRASES: dict[Language, tuple[str, ...]] = {
    "ru": (
        "Стоп",
        "Гид, что это за здание справа?",
        "Нуану, расскажи про эту собаку",
        "А сколько нам ещё ехать?",
        "Хватит",
        "Остановись, пожалуйста, у ворот",
    ),
    "en": (
        "Stop",
        "Hey guide, what is that building?",
        "How far is it to the beach?",
        "What was that dog doing there?",
        "Yes",
        "Tell me about the temple, please",
    ),
    "id": (
        "Berhenti",
        "Apa nama gedung di sebelah kanan itu?",
        "Berapa lama lagi kita sampai?",
        "Tolong ceritakan tentang pura itu",
        "Ya",
        "Di mana pantainya?",
    ),
}
MANNERS = ((150, 50), (175, 30))
"""Words a minute and pitch."""

needs_espeak = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")


class Truth(NamedTuple):
    """Where in the sound an utterance is, in seconds."""

    begin_s: float
    end_s: float


@dataclass(frozen=True)
class Cabin:
    """What a microphone hears during some utterances."""

    sound: Sound
    truths: Sequence[Truth]


@functools.cache
def say(text: str, language: Language, words_per_minute: int = 150, pitch: int = 50) -> Sound:
    """Speech at ``SPEECH_RMS``, without the silence around it."""
    voice = "en-us" if language == "en" else language
    command = ["espeak-ng", "-v", voice, "-s", str(words_per_minute), "-p", str(pitch), "--stdin", "--stdout"]
    output = subprocess.run(command, input=text.encode(), capture_output=True, check=True, timeout=20).stdout
    with wave.open(io.BytesIO(output)) as reader:
        rate = reader.getframerate()
        spoken = np.frombuffer(reader.readframes(reader.getnframes()), "<i2").astype(np.float32) / 32768
    sound = _audible(soxr.resample(spoken, rate, SAMPLE_RATE))
    as_loud: Sound = sound * np.float32(SPEECH_RMS / np.sqrt(np.mean(np.square(sound))))
    return as_loud


def brown_noise(seconds: float, rms: float, seed: int) -> Sound:
    """Noise whose level falls by 6 dB an octave, as a motor's and a road's does."""
    count = round(seconds * SAMPLE_RATE)
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(count))
    frequency = np.fft.rfftfreq(count, 1 / SAMPLE_RATE)
    spectrum *= np.where(frequency < QUIETEST_HZ, 0, 1 / np.maximum(frequency, QUIETEST_HZ))
    noise = np.fft.irfft(spectrum, count)
    as_loud: Sound = (noise * rms / np.sqrt(np.mean(np.square(noise)))).astype(np.float32)
    return as_loud


def cabin(
    snr_db: float,
    seed: int,
    *,
    pause_s: tuple[float, float] = (1.6, 2.6),
    manners: Sequence[tuple[int, int]] = MANNERS,
) -> Cabin:
    """All ``PHRASES`` in all ``manners``, in a random order with random pauses, in brown noise."""
    random = np.random.default_rng(seed)
    utterances = [
        say(text, language, *manner)
        for language, texts in PHRASES.items()
        for text in texts
        for manner in manners
    ]
    random.shuffle(utterances)
    parts, truths, at = [], [], 0
    for utterance in utterances:
        pause = np.zeros(round(random.uniform(*pause_s) * SAMPLE_RATE), np.float32)
        at += len(pause)
        truths.append(Truth(at / SAMPLE_RATE, (at + len(utterance)) / SAMPLE_RATE))
        at += len(utterance)
        parts += [pause, utterance]
    speech = np.concatenate([*parts, np.zeros(2 * SAMPLE_RATE, np.float32)])
    noise = brown_noise(len(speech) / SAMPLE_RATE, SPEECH_RMS * 10 ** (-snr_db / 20), seed)
    return Cabin(speech + noise[: len(speech)], truths)


def int16(sound: Sound) -> NDArray[np.int16]:
    return np.rint(np.clip(sound, -1, 1) * 32767).astype(np.int16)


def frames_of(sound: Sound) -> Iterator[Frame]:
    """As the microphone would give them, the first sample at time 0."""
    samples = int16(sound)
    for index in range(len(samples) // FRAME_SAMPLES):
        begin = index * FRAME_SAMPLES
        yield Frame(samples[begin : begin + FRAME_SAMPLES], (index + 1) * FRAME_S)


def _audible(sound: Sound) -> Sound:
    size = SAMPLE_RATE // 100
    power = np.square(sound[: len(sound) // size * size]).reshape(-1, size).mean(axis=1)
    loud = np.flatnonzero(power > power.max() * 10 ** (-AUDIBLE_DB / 10))
    return sound[loud[0] * size : (loud[-1] + 1) * size]
