"""Real Whisper base behind the recognizer server: a dictation in English and one in Russian."""

from __future__ import annotations

import pytest
import websockets
from msgspec import structs

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
}
"""Language → who says what, and the share of word errors that docs/recognizer_server.md allows for."""


@pytest.mark.parametrize("language", DICTATIONS)
async def test_what_is_dictated_comes_back_within_the_stated_word_error_rate(language: str) -> None:
    import numpy as np

    passenger, texts, allowed = DICTATIONS[language]
    if not (FOLDER / "whisper/base/model.bin").is_file():
        pytest.skip("Whisper base is not here: make real-models")
    if passenger in absent(language):  # type: ignore[arg-type]
        pytest.skip(f"{passenger.engine} with {passenger.voice} is not on this machine")
    settings = load({"SHUTTLE_GUIDE_MODELS_DIR": str(FOLDER)}, dotenv=None)
    ours = structs.replace(settings.recognizer_server, control_port=0, data_port=0, languages=(language,))
    server = RecognizerServer(structs.replace(settings, recognizer_server=ours))
    await server.start()
    try:
        async with websockets.connect(f"ws://{server.data.address}/", ping_timeout=None) as socket:
            client = DataClient(socket)
            for text in texts:
                said = say(passenger, text)
                sound = to_int16(said) if np.abs(said).max() <= 1.0 else said.astype(np.int16)
                await client.speak(np.concatenate([sound, SILENCE]))
            heard = [await client.sentence(times) for times in range(1, len(texts) + 1)]
    finally:
        await server.close()
    spoken = words_of(" ".join(texts))
    assert word_errors(spoken, words_of(" ".join(heard))) <= allowed * len(spoken), heard
