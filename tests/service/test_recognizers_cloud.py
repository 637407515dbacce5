"""Transcription in the cloud: the sound arrives whole, and each failure is told and costs one rung."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import openai
import pytest

from bench.clouds import CloudEmulator, Profile, RequestRecord
from bench.clouds.faults import CloudName
from bench.clouds.server import GROQ_KEY, OPENAI_KEY
from bench.clouds.tones import synthesize
from edge.config import Secret, Settings
from edge.ladder import LadderLimits, RungError
from edge.listener.recognizers import RecognitionLadder, Recognizer, make_recognizers
from edge.listener.recognizers.cloud import CloudRecognizer
from edge.listener.segment import SAMPLE_RATE, RecognitionRequest, Transcript
from tests.support.services import service, with_services
from tests.support.waiting import until

QUESTION = "где мы"
SOUND = synthesize(QUESTION, SAMPLE_RATE)
QUICK = Profile(name="quick", transcription_s=0.01, connection_setup_s=0.0)
PATIENT = LadderLimits(initial_ms=20_000, min_ms=20_000, max_ms=20_000, stall_ms=20_000)
IMPATIENT = replace(PATIENT, initial_ms=400)
"""For one that hangs: the next one has all the time that it needs."""
BOTH = pytest.mark.parametrize("vendor", ["groq", "openai"])


@pytest.fixture
async def clouds() -> AsyncIterator[CloudEmulator]:
    async with CloudEmulator(QUICK) as emulator:
        yield emulator


def settings_for(
    clouds: CloudEmulator, order: tuple[str, ...] = ("groq", "openai"), **services: Any
) -> Settings:
    recognizer = {"cloud_allowed": True, "order": order}
    keys = {
        "groq": service("groq", api_key=Secret(GROQ_KEY), base_url=clouds.groq_base_url),
        "openai": service("openai", api_key=Secret(OPENAI_KEY), base_url=clouds.openai_base_url),
    }
    settings = msgspec.convert({"listener": {"recognizer": recognizer}}, Settings)
    return with_services(settings, **(keys | services))


@pytest.fixture
async def recognizers(clouds: CloudEmulator) -> AsyncIterator[dict[str, Recognizer]]:
    made = {one.name: one for one in make_recognizers(settings_for(clouds))}
    yield made
    await asyncio.gather(*(one.close() for one in made.values()))


@contextlib.asynccontextmanager
async def started(clouds: CloudEmulator, limits: LadderLimits) -> AsyncIterator[RecognitionLadder]:
    ladder = RecognitionLadder(make_recognizers(settings_for(clouds)), limits)
    await ladder.start()
    yield ladder
    await ladder.close()


@pytest.fixture
async def ladder(clouds: CloudEmulator) -> AsyncIterator[RecognitionLadder]:
    async with started(clouds, PATIENT) as ladder:
        yield ladder


async def recognise(recognizer: Recognizer, request: RecognitionRequest) -> Transcript:
    (transcript,) = [transcript async for transcript in recognizer.open(request)]
    return transcript


def asked(clouds: CloudEmulator, vendor: str) -> list[RequestRecord]:
    return clouds.requests(ears(vendor))


def ears(vendor: str) -> CloudName:
    return "groq_transcription" if vendor == "groq" else "openai_transcription"


@BOTH
async def test_the_sound_arrives_whole_with_language_and_hint(
    clouds: CloudEmulator, recognizers: dict[str, Recognizer], vendor: str
) -> None:
    request = RecognitionRequest(SOUND, "ru", hint="Нуану, " * 200)
    heard = await recognise(recognizers[vendor], request)
    assert (heard.text, heard.language) == (QUESTION, "ru")
    (record,) = asked(clouds, vendor)
    assert record.body["seconds"] == len(SOUND) / SAMPLE_RATE
    assert record.body["language"] == "ru"
    assert 300 < len(record.body["prompt"]) <= 400
    assert record.body["response_format"] == ("verbose_json" if vendor == "groq" else "json")


async def test_groq_tells_the_language_that_it_found_and_how_sure_it_is(
    clouds: CloudEmulator, recognizers: dict[str, Recognizer]
) -> None:
    heard = await recognise(recognizers["groq"], RecognitionRequest(SOUND, None))
    assert "language" not in asked(clouds, "groq")[0].body
    assert heard.language == "ru"
    assert heard.confidence is not None


async def test_a_cloud_hallucinates_too() -> None:
    async with CloudEmulator(QUICK, hear=lambda samples, rate: "Продолжение следует...") as clouds:
        groq, other = make_recognizers(settings_for(clouds))
        for recognizer in (groq, other):
            assert (await recognise(recognizer, RecognitionRequest(SOUND, "ru"))).text == ""
            await recognizer.close()


@BOTH
@pytest.mark.parametrize(
    ("kind", "permanent", "words"),
    [
        ("error_401", True, "check its API key"),
        ("error_404", True, "check its transcription_model"),
        ("error_429", False, "rate limit"),
        ("error_500", False, "500"),
        ("error_503", False, "503"),
        ("cut_mid_stream", False, "Connection"),
        ("refuse", False, "Connection"),
        ("garbage", False, ""),
        ("wrong_content_type", False, "expected a transcript, came a web page"),
    ],
)
async def test_a_failure_says_what_is_wrong(
    clouds: CloudEmulator,
    recognizers: dict[str, Recognizer],
    vendor: str,
    kind: str,
    permanent: bool,
    words: str,
) -> None:
    await clouds.set_fault(ears(vendor), kind)
    with pytest.raises(RungError) as raised:
        await recognise(recognizers[vendor], RecognitionRequest(SOUND, "ru"))
    assert raised.value.permanent is permanent
    assert raised.value.retry_after_s == (2 if kind == "error_429" else None)
    assert words in str(raised.value)
    assert GROQ_KEY not in str(raised.value)
    assert OPENAI_KEY not in str(raised.value)
    assert QUESTION not in str(raised.value), "the journal does not tell what passengers say"
    with pytest.raises(RungError):
        await recognizers[vendor].probe()
    assert len(asked(clouds, vendor)) == (0 if kind == "refuse" else 2)
    await clouds.heal()
    await recognizers[vendor].probe()
    assert (await recognise(recognizers[vendor], RecognitionRequest(SOUND, "ru"))).text == QUESTION


async def test_a_key_that_no_header_can_hold_is_named(clouds: CloudEmulator) -> None:
    for vendor, settings in (
        ("groq", {"groq": service("groq", api_key=Secret("не ключ"), base_url=clouds.groq_base_url)}),
        ("openai", {"openai": service("openai", api_key=Secret("не ключ"), base_url=clouds.openai_base_url)}),
    ):
        (recognizer,) = make_recognizers(settings_for(clouds, order=(vendor,), **settings))
        with pytest.raises(RungError):
            await recognise(recognizer, RecognitionRequest(SOUND, "ru"))
        await recognizer.close()


@BOTH
async def test_cancelling_ends_the_request(
    clouds: CloudEmulator, recognizers: dict[str, Recognizer], vendor: str
) -> None:
    await clouds.set_fault(ears(vendor), "hang_mid_stream")
    working = asyncio.create_task(recognise(recognizers[vendor], RecognitionRequest(SOUND, "ru")))
    await until(lambda: len(asked(clouds, vendor)) == 1)
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    await until(lambda: asked(clouds, vendor)[0].client_left)


@pytest.mark.parametrize("kind", ["error_401", "error_429", "error_500", "hang_before_headers", "garbage"])
async def test_when_one_cloud_fails_or_hangs_the_next_one_answers(clouds: CloudEmulator, kind: str) -> None:
    await clouds.set_fault("groq_transcription", kind)
    async with started(clouds, IMPATIENT) as ladder:
        heard = await ladder.recognise(RecognitionRequest(SOUND, "ru"))
    assert (heard.recognizer, heard.text) == ("openai", QUESTION)


async def test_a_cloud_that_is_back_is_used_again(clouds: CloudEmulator) -> None:
    soon = replace(PATIENT, breaker_open_s=0.1)
    ladder = RecognitionLadder(make_recognizers(settings_for(clouds)), soon)
    await clouds.set_fault("groq_transcription", "error_500")
    for _ in range(2):
        assert (await ladder.recognise(RecognitionRequest(SOUND, "ru"))).recognizer == "openai"
    assert "500" in ladder.facts()["groq"]
    await clouds.heal()
    await until(lambda: ladder.facts()["groq"] == "whisper-large-v3-turbo in the cloud")
    assert (await ladder.recognise(RecognitionRequest(SOUND, "ru"))).recognizer == "groq"
    await ladder.close()


async def test_interim_transcripts_never_go_to_a_cloud(
    clouds: CloudEmulator, ladder: RecognitionLadder
) -> None:
    assert not ladder.usable(interim=True)
    with pytest.raises(RungError):
        await ladder.recognise(RecognitionRequest(SOUND, "ru", interim=True))
    assert not asked(clouds, "groq")


async def test_the_connection_is_open_before_the_first_question(
    clouds: CloudEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    groq, other = make_recognizers(settings_for(clouds))
    assert isinstance(groq, CloudRecognizer)
    use, warmed = groq._connection._use, asyncio.Event()

    async def use_and_tell() -> None:
        await use()
        warmed.set()  # its client has it back now, of which the cloud cannot know

    monkeypatch.setattr(groq._connection, "_use", use_and_tell)
    ladder = RecognitionLadder([groq, other], PATIENT)
    await ladder.start()
    await until(warmed.is_set)
    await ladder.recognise(RecognitionRequest(SOUND, "ru"))
    await ladder.close()
    assert not asked(clouds, "groq")[0].new_connection


async def test_silence_is_what_a_cloud_may_answer(clouds: CloudEmulator, ladder: RecognitionLadder) -> None:
    await clouds.set_fault("groq_transcription", "empty_reply")
    heard = await ladder.recognise(RecognitionRequest(np.zeros(SAMPLE_RATE, np.int16), "ru"))
    assert (heard.recognizer, heard.text) == ("groq", "")


# --- the emulated clouds themselves ------------------------------------------------------------


async def test_the_emulated_cloud_refuses_what_the_real_one_refuses(clouds: CloudEmulator) -> None:
    wrong_key = openai.AsyncOpenAI(base_url=clouds.openai_base_url, api_key="wrong", max_retries=0)
    client = openai.AsyncOpenAI(base_url=clouds.openai_base_url, api_key=OPENAI_KEY, max_retries=0)
    sound = ("speech.wav", b"not a sound", "audio/wav")
    with pytest.raises(openai.AuthenticationError):
        await wrong_key.audio.transcriptions.create(model="whisper-1", file=sound)
    with pytest.raises(openai.NotFoundError):
        await client.audio.transcriptions.create(model="gpt-2", file=sound)
    with pytest.raises(openai.BadRequestError, match="media file"):
        await client.audio.transcriptions.create(model="whisper-1", file=sound)
    with pytest.raises(openai.BadRequestError, match="verbose_json"):
        await client.audio.transcriptions.create(
            model="gpt-4o-mini-transcribe", file=sound, response_format="verbose_json"
        )
    await client.close()
    await wrong_key.close()
