"""What is said, coughed and laughed over the guide's words, by whom, and what the guide shall do about it."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.interruptions.noises import cough, laugh, recorded_laughs
from bench.recorded_people import recorded_sentences
from edge.listener.segment import SAMPLE_RATE
from edge.messages import Language
from edge.sound.wav_file import read_wav
from tests.support.passengers import Passenger, passengers, say, sentences

KEPT = Path("out/laughter")
SoundKind = Literal["stop word", "question", "listening noise", "cough", "laugh", "talk"]
FALSE: tuple[SoundKind, ...] = ("listening noise", "cough", "laugh", "talk")
FESTIVAL: dict[Language, tuple[Passenger, ...]] = {
    "ru": (),
    "en": (Passenger("festival", "cmu_us_slt_arctic_hts"),),
    "id": (),
}
"""Recorded voices beside those of ``bench.asr``."""
TWICE: dict[Language, bool] = {"ru": True, "en": True, "id": False}
"""Every other sentence that is meant for the guide is said again: at another level, by another voice."""
NOISES: dict[Language, tuple[str, ...]] = {
    "ru": ("Угу.", "Ага.", "Мм.", "Ой!", "Ого!", "Ну да.", "Понятно.", "Ясно.", "Круто!"),
    "en": ("Mm-hm.", "Uh-huh.", "Yeah.", "Oh!", "Wow!", "Right.", "Okay.", "I see.", "Really?", "Cool."),
    "id": ("Oh!", "Iya.", "Oke.", "Wah!", "Aduh!"),
}
"""Listening noises, and short words of surprise."""
RECORDED, SHORTEST_S, LONGEST_S = 8, 1.5, 4.0
MADE_COUGHS, MADE_LAUGHS = 12, 14


class Scene(NamedTuple):
    """A sound over the guide's words."""

    language: Language
    """The guide's, and the passenger's."""
    kind: SoundKind
    source: str
    text: str
    samples: NDArray[np.float64]
    """Shape (n,), mono, 16 kHz, however loud."""

    @property
    def meant(self) -> Literal["stop", "answer", "nothing"]:
        return "stop" if self.kind == "stop word" else "answer" if self.kind == "question" else "nothing"


def scenes(language: Language) -> list[Scene]:
    """Scenes in a random order that is always the same: a run that is broken off is a sample."""
    found = list(_scenes(language))
    random.Random(1).shuffle(found)
    return found


def _scenes(language: Language) -> Iterator[Scene]:
    voices = [*passengers(language), *FESTIVAL[language]]
    for number, sentence in enumerate(sentences(language)):
        kind: SoundKind = {"stop": "stop word", "answer": "question"}.get(sentence.meant, "talk")  # type: ignore[assignment]
        is_twice = TWICE[language] and kind != "talk" and number % 2 == 0
        for take in range(2 if is_twice else 1):
            yield _said(language, kind, voices[(number + take) % len(voices)], sentence.text)
    for text, voice in zip(NOISES[language], itertools.cycle(voices), strict=False):
        yield _said(language, "listening noise", voice, text)
    yield from _recorded_talk(language)
    if language == "id":
        return
    here = {"ru": 0, "en": 1}[language]
    for seed in range(here, MADE_COUGHS, 2):
        yield Scene(language, "cough", "made by rule", str(seed), cough(seed))
    for seed in range(here, MADE_LAUGHS, 2):
        yield Scene(language, "laugh", "made by rule", str(seed), laugh(seed))
    for name, sound in recorded_laughs(KEPT)[here::2]:
        yield Scene(language, "laugh", "recorded", name, sound)


def _said(language: Language, kind: SoundKind, voice: Passenger, text: str) -> Scene:
    return Scene(language, kind, f"{voice.engine} {voice.voice}", text, _trimmed(say(voice, text)))


def _recorded_talk(language: Language) -> Iterator[Scene]:
    taken = 0
    for file in recorded_sentences(language)[::7]:
        sound = _trimmed(read_wav(file, SAMPLE_RATE))
        if taken < RECORDED and SHORTEST_S * SAMPLE_RATE < len(sound) < LONGEST_S * SAMPLE_RATE:
            taken += 1
            yield Scene(language, "talk", "recorded", file.stem, sound)


def _trimmed(samples: NDArray[np.int16]) -> NDArray[np.float64]:
    """The sound without the silence around it."""
    loud = np.flatnonzero(
        np.abs(samples.astype(np.float64)) > 0.02 * np.abs(samples.astype(np.float64)).max()
    )
    return samples[loud[0] : loud[-1] + 1].astype(np.float64)
