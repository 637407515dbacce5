"""Speech servers on this machine with OpenAI's API (Kokoro's, Silero's): local rungs by configuration."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bench.clouds.tones import synthesize
from edge.config import Service, load
from edge.config.notes import notes_on
from edge.messages import Language
from edge.speaker.voices.openai_speech import OpenAISpeechVoice
from tests.support.services import budgets
from tests.support.speaker_alone import SpeakerAlone
from tests.support.wav_writer import extensible, floats


class SpeechServer:
    """Wants no key and lists no models, as small servers do; one gives PCM, the other WAV."""

    def __init__(self, *, wav: bool) -> None:
        self.asked: list[dict[str, Any]] = []
        self.headers: list[str] = []
        self._wav = wav

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        app = web.Application()
        app.router.add_post("/v1/audio/speech", self._speak)
        async with TestServer(app, host="127.0.0.1") as server:
            yield f"http://127.0.0.1:{server.port}/v1"

    async def _speak(self, request: web.Request) -> web.Response:
        self.asked.append(body := await request.json())
        sound = synthesize(body["input"], 24_000)
        if self._wav:
            wav = extensible(sound, floats(4), rate=24_000, channels=1)
            return web.Response(body=wav, headers={"Content-Type": "audio/wav"})
        return web.Response(body=sound.tobytes(), headers={"Content-Type": "audio/pcm"})

    def said(self) -> list[str]:
        return [body["input"] for body in self.asked if len(body["input"]) > 4]


async def test_each_speaks_its_languages_in_the_order_that_is_set_and_costs_nothing(tmp_path: Path) -> None:
    kokoro, silero = SpeechServer(wav=False), SpeechServer(wav=True)
    async with kokoro.running() as at_kokoro, silero.running() as at_silero:
        environment = {
            "SHUTTLE_GUIDE_SPEAKER__VOICES": "kokoro,silero,espeak",
            **budgets(),
            "SHUTTLE_GUIDE_SPEAKER__OUTPUT": "null",
            "SHUTTLE_GUIDE_SERVICES__KOKORO__BASE_URL": at_kokoro,
            "SHUTTLE_GUIDE_SERVICES__KOKORO__SPEECH_MODEL": "kokoro",
            "SHUTTLE_GUIDE_SERVICES__KOKORO__VOICE": "af_heart",
            "SHUTTLE_GUIDE_SERVICES__KOKORO__LOCAL": "true",
            "SHUTTLE_GUIDE_SERVICES__KOKORO__SPEAKS": "en",
            "SHUTTLE_GUIDE_SERVICES__SILERO__BASE_URL": at_silero,
            "SHUTTLE_GUIDE_SERVICES__SILERO__SPEECH_MODEL": "v5_ru",
            "SHUTTLE_GUIDE_SERVICES__SILERO__VOICE": "baya",
            "SHUTTLE_GUIDE_SERVICES__SILERO__LOCAL": "true",
            "SHUTTLE_GUIDE_SERVICES__SILERO__SPEAKS": "ru",
        }
        async with SpeakerAlone(tmp_path, environment) as speaker:
            turns: list[tuple[Language, str, str]] = [
                ("ru", "Осталось совсем чуть-чуть.", "silero"),
                ("en", "We are nearly there.", "kokoro"),
                ("id", "Kita hampir sampai.", "espeak"),
                ("ru", "Скоро приедем.", "silero"),
            ]
            for language, text, voice in turns:
                speaker.say(text, text, language=language)
                report = await speaker.report(text)
                assert (report.outcome, report.voices) == ("spoken", (voice,))
            assert kokoro.said() == ["We are nearly there."]
            assert silero.said() == ["Осталось совсем чуть-чуть.", "Скоро приедем."]
            assert {body["voice"] for body in kokoro.asked} == {"af_heart"}
    assert not list(
        tmp_path.rglob("spent-speaker.json")
    )  # it is written with the first thing that is paid for


async def test_it_is_tried_in_a_language_that_it_speaks() -> None:
    server = SpeechServer(wav=True)
    async with server.running() as address:
        silero = Service(base_url=address, speech_model="v5_ru", voice="baya", local=True, speaks=("ru",))
        voice = OpenAISpeechVoice("silero", silero)
        await voice.probe()
        await voice.close()
    assert [body["input"] for body in server.asked] == ["Да."]


async def test_what_may_ask_no_cloud_is_spoken_by_a_server_on_this_machine(tmp_path: Path) -> None:
    """A safety announcement waits for no cloud, and a local server is none."""
    server = SpeechServer(wav=False)
    async with server.running() as address:
        environment = {
            **budgets(),
            "SHUTTLE_GUIDE_SPEAKER__VOICES": "openai,kokoro",
            "SHUTTLE_GUIDE_SPEAKER__OUTPUT": "null",
            "SHUTTLE_GUIDE_SERVICES__OPENAI__BASE_URL": "http://127.0.0.1:9/v1",
            "OPENAI_API_KEY": "sk_any",
            "SHUTTLE_GUIDE_SERVICES__KOKORO__BASE_URL": address,
            "SHUTTLE_GUIDE_SERVICES__KOKORO__SPEECH_MODEL": "kokoro",
            "SHUTTLE_GUIDE_SERVICES__KOKORO__VOICE": "af_heart",
            "SHUTTLE_GUIDE_SERVICES__KOKORO__LOCAL": "true",
        }
        async with SpeakerAlone(tmp_path, environment) as speaker:
            speaker.say("safety", "Держитесь за поручни.", local_only=True)
            assert (await speaker.report("safety")).voices == ("kokoro",)


@pytest.mark.parametrize(("local", "notes"), [("true", 0), ("false", 1)])
def test_a_server_here_that_is_not_said_to_be_local_is_told_of(local: str, notes: int) -> None:
    environment = {
        "SHUTTLE_GUIDE_SPEAKER__VOICES": "kokoro",
        "SHUTTLE_GUIDE_SERVICES__KOKORO__BASE_URL": "http://localhost:8880/v1",
        "SHUTTLE_GUIDE_SERVICES__KOKORO__SPEECH_MODEL": "kokoro",
        "SHUTTLE_GUIDE_SERVICES__KOKORO__VOICE": "af_heart",
        "SHUTTLE_GUIDE_SERVICES__KOKORO__LOCAL": local,
    }
    told = notes_on(load(environment, dotenv=None), date(2026, 1, 1), "speaker")
    assert len([note for note in told if "services.kokoro.local = true" in note]) == notes
