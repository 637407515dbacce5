"""Real Whisper base behind the recognizer server: dictations in four languages."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest
import websockets
from msgspec import structs
from numpy.typing import NDArray

from edge.cli.bench_asr import word_errors
from edge.config import load
from edge.lexicon.words import words_of
from edge.recognizer_server.server import RecognizerServer
from edge.sound.samples import to_int16
from tests.support.passengers import Passenger, absent, say
from tests.support.real_models import FOLDER
from tests.support.recognizer_server import SILENCE, DataClient

pytestmark = [pytest.mark.real_models, pytest.mark.timeout(600)]
DICTATIONS = {
    "en": (
        Passenger("piper", "en_US-joe-medium"),
        ("The shuttle to the beach leaves at noon.", "Passengers for the temple change at the market."),
        0.1,
    ),
    "ru": (
        Passenger("festival", "msu_ru_nsh_clunits"),
        ("Дорога вдоль реки сегодня закрыта.", "Пожалуйста, не оставляйте вещи без присмотра."),
        0.4,
    ),
    "de": (
        Passenger("espeak-ng", "de"),
        ("Der Bus zum Strand fährt um zwölf Uhr ab.", "Die Straße am Fluss ist heute gesperrt."),
        0.4,
    ),
    "fr": (  # of espeak-ng's French Whisper base makes nonsense: that it is French is all that it shows
        Passenger("espeak-ng", "fr"),
        ("Merci de ne rien laisser dans le bus.",),
        1.2,
    ),
}
"""Language → who says what, and the share of word errors that docs/recognizer_server.md allows for."""


@asynccontextmanager
async def _served(*languages: str) -> AsyncIterator[RecognizerServer]:
    if not (FOLDER / "whisper/base/model.bin").is_file():
        pytest.skip("Whisper base is not here: make real-models")
    patient = "SHUTTLE_GUIDE_LISTENER__RECOGNIZER__BUDGET__MAX_MS"  # the machine may have other work
    settings = load({"SHUTTLE_GUIDE_MODELS_DIR": str(FOLDER), patient: "60000"}, dotenv=None)
    ours: Any = structs.replace(settings.recognizer_server, control_port=0, data_port=0, languages=languages)
    server = RecognizerServer(structs.replace(settings, recognizer_server=ours))
    await server.start()
    try:
        yield server
    finally:
        await server.close()


def _said(language: str) -> list[NDArray[np.int16]]:
    passenger, texts, _ = DICTATIONS[language]
    is_here = passenger not in absent(language) if language in ("en", "ru") else shutil.which("espeak-ng")  # type: ignore[arg-type]
    if not is_here:
        pytest.skip(f"{passenger.engine} with {passenger.voice} is not on this machine")
    voices = [say(passenger, text) for text in texts]
    sounds = [to_int16(said) if np.abs(said).max() <= 1.0 else said.astype(np.int16) for said in voices]
    return [np.concatenate([sound, SILENCE]) for sound in sounds]


async def _dictated(server: RecognizerServer, language: str) -> list[dict[str, Any]]:
    """What came back for each sentence."""
    async with websockets.connect(f"ws://{server.data.address}/", ping_timeout=None) as socket:
        client = DataClient(socket)
        told = []
        for number, sound in enumerate(_said(language), 1):
            await client.speak(sound)
            told.append(await client.until(lambda each: each["type"] == "fullSentence", number))
    return told


@pytest.mark.parametrize("language", DICTATIONS)
async def test_what_is_dictated_comes_back_within_the_stated_word_error_rate(language: str) -> None:
    _, texts, allowed = DICTATIONS[language]
    async with _served(language) as server:
        told = await _dictated(server, language)
    assert {each["language"] for each in told} == {language}
    heard = [each["text"] for each in told]
    spoken = words_of(" ".join(texts))
    assert word_errors(spoken, words_of(" ".join(heard))) <= allowed * len(spoken), heard


@pytest.mark.parametrize("language", ["en", "ru"])
async def test_among_five_languages_the_one_that_is_spoken_is_found_out(language: str) -> None:
    async with _served("ru", "en", "id", "de", "fr") as server:
        told = await _dictated(server, language)
    assert [each["language"] for each in told] == [language] * len(told)
