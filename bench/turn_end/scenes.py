"""Recorded voices that stop in mid-sentence, at known samples.

A sentence is spoken whole by festival, so that its melody goes on over the place where the pause is cut in; a
room's noise lies under all of it.
"""

from __future__ import annotations

import hashlib
import random
import subprocess
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.recorded_people import recorded_sentences
from edge.listener.segment import SAMPLE_RATE
from edge.messages import Language
from edge.sound.wav_file import read_wav

VOICES: dict[Language, str] = {"ru": "voice_msu_ru_nsh_clunits", "en": "voice_cmu_us_slt_arctic_hts"}
ROOM_DBFS = -58.0
BEFORE_S, AFTER_S = 0.6, 2.5
MEDIAN_PAUSE_S, SPREAD_OF_PASSENGERS, SPREAD_OF_PAUSES = 0.45, 0.3, 0.4
"""Pauses in mid-turn are log-normal, so that one in six is longer than 0.75 s."""
LONGEST_PAUSE_S = 1.4
SHORTEST_FILE_S, LONGEST_FILE_S, SHORTEST_READ_S = 1.6, 6.0, 1.4
LONGEST_OWN_PAUSE_S = 0.2
"""What has a longer one has more than the pause that is cut in."""
WINDOW_S = 0.03
SENTENCES_OF_ONE = 5
"""How many sentences one after the other are one passenger's."""


class PausedUtterance(NamedTuple):
    """One utterance with one pause."""

    language: Language
    samples: NDArray[np.int16]
    """Shape (n,), mono, 16 kHz."""
    pause_s: tuple[float, float]
    """Where the pause begins and ends."""
    end_s: float
    """Where the speech ends."""
    held_out: bool


def scenes(language: Language, per_sentence: int = 2, seed: int = 1) -> Iterator[list[PausedUtterance]]:
    """One passenger after the other: each says some sentences, with pauses of this passenger's own length."""
    lengths = random.Random(seed)
    noise = np.random.default_rng(seed)
    spoken = [_speak(language, *_parts(sentence)) for sentence in sentences(language)]
    for _ in range(per_sentence):
        said = list(zip(sentences(language), spoken, strict=True))
        lengths.shuffle(said)
        yield from _passengers(language, said, lengths, noise)


def people(language: Language, seed: int = 1) -> Iterator[list[PausedUtterance]]:
    """The same of recordings: the pause is cut in where the sentence is most quiet near its middle."""
    lengths, noise = random.Random(seed), np.random.default_rng(seed)
    read = []
    for file in recorded_sentences(language):
        sound = read_wav(file, SAMPLE_RATE).astype(np.float64) / 32768
        if SHORTEST_FILE_S < len(sound) / SAMPLE_RATE < LONGEST_FILE_S:
            spoken, _ = _trimmed(sound, 0.0)
            if cut_s := _quiet_middle_s(spoken):
                read.append((str(file), (spoken, cut_s)))
    lengths.shuffle(read)
    yield from _passengers(language, read, lengths, noise)


def _passengers(
    language: Language,
    said: Sequence[tuple[str, tuple[NDArray[np.float64], float]]],
    lengths: random.Random,
    noise: np.random.Generator,
) -> Iterator[list[PausedUtterance]]:
    """Deal out what is said, ``SENTENCES_OF_ONE`` each, and cut the pauses in."""
    for begin in range(0, len(said), SENTENCES_OF_ONE):
        own_median_s = MEDIAN_PAUSE_S * lengths.lognormvariate(0, SPREAD_OF_PASSENGERS)
        now = said[begin : begin + SENTENCES_OF_ONE]
        pauses_s = [own_median_s * lengths.lognormvariate(0, SPREAD_OF_PAUSES) for _ in now]
        yield [
            _scene(language, name, *sound, min(LONGEST_PAUSE_S, pause_s), noise)
            for (name, sound), pause_s in zip(now, pauses_s, strict=True)
        ]


def _quiet_middle_s(sound: NDArray[np.float64]) -> float | None:
    """Where to cut; None: this one does not do."""
    if len(sound) < SHORTEST_READ_S * SAMPLE_RATE:
        return None
    window = round(WINDOW_S * SAMPLE_RATE)
    power = np.square(sound[: len(sound) // window * window].reshape(-1, window)).mean(axis=1)
    quiet = "".join("." if one else "#" for one in power < 9e-4 * power.max())
    if len(max(quiet.split("#"))) * WINDOW_S > LONGEST_OWN_PAUSE_S:
        return None
    begin = int(len(power) * 0.35)
    middle = power[begin : int(len(power) * 0.65)]
    return (begin + int(np.argmin(middle)) + 0.5) * WINDOW_S


def _scene(
    language: Language,
    sentence: str,
    spoken: NDArray[np.float64],
    border_s: float,
    pause_s: float,
    noise: np.random.Generator,
) -> PausedUtterance:
    at = round(border_s * SAMPLE_RATE)
    sound = np.concatenate(
        [_silence(BEFORE_S), spoken[:at], _silence(pause_s), spoken[at:], _silence(AFTER_S)]
    )
    room = noise.normal(0, 10 ** (ROOM_DBFS / 20), len(sound))
    return PausedUtterance(
        language,
        ((sound + room).clip(-1, 1) * 32767).astype(np.int16),
        (BEFORE_S + border_s, BEFORE_S + border_s + pause_s),
        BEFORE_S + pause_s + len(spoken) / SAMPLE_RATE,
        is_held_out(sentence),
    )


def sentences(language: Language) -> list[str]:
    table = tomllib.loads(files(__package__).joinpath("sentences.toml").read_text("utf-8"))
    found: list[str] = table[language]
    return found


def _parts(sentence: str) -> tuple[str, str]:
    begun, rest = (part.strip() for part in sentence.split("|"))
    return begun, rest


def is_held_out(sentence: str) -> bool:
    """A third, by hash: nothing is tuned on it."""
    return hashlib.sha256(sentence.encode()).digest()[0] % 3 == 0


def _speak(language: Language, begun: str, rest: str) -> tuple[NDArray[np.float64], float]:
    """The sentence without silence around it, and the end of ``begun`` in seconds."""
    with tempfile.TemporaryDirectory() as folder:
        wav, words = Path(folder, "a.wav"), Path(folder, "a.words")
        program = f"""
            ({VOICES[language]})
            (set! spoken (utt.synth (Utterance Text "{begun} {rest}")))
            (utt.save.wave spoken "{wav}") (utt.save.words spoken "{words}")
        """
        subprocess.run(["festival", "-b", "/dev/stdin"], input=program, text=True, check=True, timeout=60)
        ends = [float(line.split()[0]) for line in words.read_text("utf-8").splitlines() if line[:1] != "#"]
        sound = read_wav(wav, SAMPLE_RATE)
    samples = sound.astype(np.float64) / 32768
    return _trimmed(samples, ends[len(begun.split()) - 1])


def _trimmed(samples: NDArray[np.float64], border_s: float) -> tuple[NDArray[np.float64], float]:
    loud = np.flatnonzero(np.abs(samples) > 0.02 * np.abs(samples).max())
    first, last = int(loud[0]), int(loud[-1])
    return samples[first : last + 1] * (0.25 / np.abs(samples).max()), border_s - first / SAMPLE_RATE


def _silence(duration_s: float) -> NDArray[np.float64]:
    return np.zeros(round(duration_s * SAMPLE_RATE))
