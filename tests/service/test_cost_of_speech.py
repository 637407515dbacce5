"""What voices and recognizers in the cloud are asked for is counted to the character and to the sample."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from typing import Any

import numpy as np
import pytest

from bench.clouds import CloudEmulator, FaultKind
from bench.clouds.server import ELEVENLABS_KEY, GROQ_KEY, OPENAI_KEY
from edge.config import Secret
from edge.ladder import RungError
from edge.listener.recognizers.cloud_clients import cloud_recognizer
from edge.listener.segment import SAMPLE_RATE, RecognitionRequest
from edge.speaker.voices.base import Voice, VoiceRequest
from edge.speaker.voices.elevenlabs import ElevenLabsVoice
from edge.speaker.voices.openai_speech import OpenAISpeechVoice
from edge.speaker.voices.plain_text import plain_text
from edge.speaker.voices.spoken_rung import SpokenRung
from edge.spoken_form.spell import spoken_form
from tests.support.services import service
from tests.support.speaking import script_of
from tests.support.waiting import until

CLAUSES = ("Смотрите, 25 [собак] справа,", "и все бегут за нами!", "Наверное, хотят прокатиться.")
SOUND = np.zeros(SAMPLE_RATE * 3 // 2, np.int16)
Noted = list[tuple[str, str, dict[str, float]]]


@pytest.fixture
async def clouds() -> AsyncIterator[CloudEmulator]:
    async with CloudEmulator("fast") as emulator:
        yield emulator


@contextlib.asynccontextmanager
async def voice_of(clouds: CloudEmulator, name: str) -> AsyncIterator[Voice]:
    voice: Voice
    if name == "openai":
        voice = OpenAISpeechVoice(name, _openai(clouds))
    else:
        settings = service(name, api_key=Secret(ELEVENLABS_KEY), base_url=clouds.elevenlabs_base_url)
        voice = ElevenLabsVoice(name, settings, "ru")
    await voice.start()
    try:
        yield voice
    finally:
        await voice.close()


def _openai(clouds: CloudEmulator) -> Any:
    return service("openai", api_key=Secret(OPENAI_KEY), base_url=clouds.openai_base_url)


def asked(clouds: CloudEmulator) -> int:
    """Characters that the emulated voices were sent, to be spoken."""
    inputs = [record.body["input"] for record in clouds.requests("speech")]
    messages = [each.message for record in clouds.requests("elevenlabs") for each in record.messages]
    return sum(map(len, inputs)) + sum(len(each["text"]) for each in messages if each.get("flush"))


async def speak(voice: Voice, noted: Noted, clauses: Sequence[str] = CLAUSES) -> None:
    rung = SpokenRung(voice, Counter(), note=lambda *note: noted.append(note))  # type: ignore[arg-type]
    async for _ in rung.open(VoiceRequest("ru", script_of(clauses), purpose="answer")):
        pass


@pytest.mark.parametrize("name", ["openai", "elevenlabs"])
async def test_each_clause_counts_as_it_was_sent(clouds: CloudEmulator, name: str) -> None:
    noted: Noted = []
    async with voice_of(clouds, name) as voice:
        await speak(voice, noted)
    assert {(service, purpose) for service, purpose, _ in noted} == {(name, "answer")}
    assert sum(amounts["characters"] for _, _, amounts in noted) == asked(clouds) > 0
    assert len(noted) == len(CLAUSES)


async def test_what_is_broken_off_counts_and_what_was_refused_does_not(clouds: CloudEmulator) -> None:
    noted: Noted = []
    async with voice_of(clouds, "openai") as voice:
        await clouds.set_fault("speech", FaultKind.HANG_BEFORE_HEADERS)
        speaking = asyncio.create_task(speak(voice, noted))
        await until(lambda: len(clouds.requests("speech")) == len(CLAUSES))
        assert noted == []
        speaking.cancel()
        await asyncio.gather(speaking, return_exceptions=True)
        said = [plain_text(spoken_form(clause, "ru").text) for clause in CLAUSES]
        assert sum(amounts["characters"] for _, _, amounts in noted) == sum(map(len, said))
        noted.clear()
        await clouds.set_fault("speech", FaultKind.ERROR_429)
        with pytest.raises(RungError):
            await speak(voice, noted, CLAUSES[:1])  # of several, the first refusal breaks the others off
        assert noted == []


@pytest.mark.parametrize("vendor", ["groq", "openai"])
async def test_a_recognizer_counts_the_sound_that_it_sends(clouds: CloudEmulator, vendor: str) -> None:
    noted: Noted = []
    keys = {"groq": (GROQ_KEY, clouds.groq_base_url), "openai": (OPENAI_KEY, clouds.openai_base_url)}
    key, address = keys[vendor]
    settings = service(vendor, api_key=Secret(key), base_url=address)
    recognizer = cloud_recognizer(vendor, settings, lambda *note: noted.append(note))  # type: ignore[arg-type]
    assert recognizer
    request = RecognitionRequest(SOUND, "ru")
    try:
        assert len([each async for each in recognizer.open(request)]) == 1
        await recognizer.probe()
        await clouds.set_fault(f"{vendor}_transcription", FaultKind.ERROR_500)  # type: ignore[arg-type]
        with pytest.raises(RungError):
            await anext(recognizer.open(request))
        await clouds.set_fault(f"{vendor}_transcription", FaultKind.HANG_BEFORE_HEADERS)  # type: ignore[arg-type]
        before = len(clouds.requests(f"{vendor}_transcription"))  # type: ignore[arg-type]
        hearing = asyncio.ensure_future(anext(recognizer.open(request)))
        await until(lambda: len(clouds.requests(f"{vendor}_transcription")) > before)  # type: ignore[arg-type]
        hearing.cancel()
        await asyncio.gather(hearing, return_exceptions=True)
    finally:
        await recognizer.close()
    assert noted == [
        (vendor, "hearing", {"audio_s": 1.5}),
        (vendor, "probe", {"audio_s": 0.5}),
        (vendor, "hearing", {"audio_s": 1.5}),
    ]
