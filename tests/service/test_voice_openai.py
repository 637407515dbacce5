"""OpenAI-compatible speech: three clauses at once, in order, whole; every failure said clearly."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from typing import Any

import msgspec
import numpy as np
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bench.clouds import CloudEmulator
from bench.clouds.record import RequestRecord
from bench.clouds.server import OPENAI_KEY
from bench.clouds.tones import decode, synthesize
from edge.clouds import warm_connection
from edge.config import Secret, Service
from edge.ladder.rung import RungError
from edge.speaker.voices.openai_speech import OpenAISpeechVoice
from tests.support.services import service
from tests.support.speaking import Spoken, given_up_once, opened, read_until, script_of, speak, spelled
from tests.support.waiting import until
from tests.support.wav_writer import extensible, floats, header, integers, plain

REMARK = (
    "Смотрите, две собаки справа,",
    "и обе бегут за нами!",
    "Наверное, хотят прокатиться.",
    "Или сказать нам привет.",
)


@pytest.fixture
async def clouds() -> AsyncIterator[CloudEmulator]:
    async with CloudEmulator("fast") as emulator:
        yield emulator


def settings_for(clouds: CloudEmulator, **changes: Any) -> Service:
    settings = service("openai", api_key=Secret(OPENAI_KEY), base_url=clouds.openai_base_url)
    return msgspec.structs.replace(settings, **changes)


@pytest.fixture
async def voice(clouds: CloudEmulator) -> AsyncIterator[OpenAISpeechVoice]:
    voice = OpenAISpeechVoice("openai", settings_for(clouds))
    await voice.start()
    yield voice
    await voice.close()


async def spoken_by(
    answer: Callable[[web.Request], Awaitable[web.StreamResponse]], clauses: Sequence[str] = ()
) -> Spoken:
    """The sound of these, or of ``TEXT``, from a server that answers each request for speech so."""
    app = web.Application()
    app.router.add_post("/v1/audio/speech", answer)
    async with TestServer(app, host="127.0.0.1") as server:
        voice = OpenAISpeechVoice("openai", service("openai", base_url=f"http://127.0.0.1:{server.port}/v1"))
        spoken = await speak(voice, script_of(clauses or [TEXT]))
        await voice.close()
    return spoken


def speeches(clouds: CloudEmulator) -> list[RequestRecord]:
    return clouds.requests("speech")


async def test_clauses_are_made_at_once_and_spoken_in_order(
    voice: OpenAISpeechVoice, clouds: CloudEmulator
) -> None:
    script = script_of(REMARK)
    spoken = await speak(voice, script)
    assert spoken.error is None
    assert spoken.heard == spelled(script.text)
    for count in range(1, len(REMARK) + 1):
        text = " ".join(REMARK[:count])
        assert decode(spoken.samples_until(len(text)), spoken.sample_rate) == spelled(text)
    first, *others = speeches(clouds)
    assert len(others) == 3
    assert first.body == {
        "model": "gpt-4o-mini-tts",
        "voice": "ash",
        "input": REMARK[0],
        "response_format": "pcm",
    }


async def test_three_clauses_are_asked_for_and_the_next_when_the_first_has_come() -> None:
    asked: list[str] = []
    three = asyncio.Event()
    when_answered: list[int] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append((await request.json())["input"])
        if len(asked) == 3:
            three.set()
        await three.wait()
        when_answered.append(len(asked))
        return web.Response(body=SOUND, content_type="audio/pcm")

    spoken = await spoken_by(answer, [TEXT] * 5)
    assert spoken.error is None
    assert when_answered[0] == 3
    assert when_answered == [3, 3, 3, 4, 5]


async def test_a_start_inside_a_clause_speaks_only_the_rest(voice: OpenAISpeechVoice) -> None:
    script = script_of(REMARK)
    start = script.text.index("собаки") - 1
    spoken = await speak(voice, script, start=start)
    assert spoken.heard == spelled(script.text[start:])


async def test_a_script_that_grows_is_spoken_as_it_grows(voice: OpenAISpeechVoice) -> None:
    script = script_of(REMARK[:1], closed=False)
    async with opened(voice, script) as pieces:
        await read_until(pieces, len(REMARK[0]))
        script.add(REMARK[1])
        script.close()
        assert [piece.spoken_to async for piece in pieces][-1] == len(script.text)


@pytest.mark.parametrize("kind", ["cut_mid_stream", "garbage", "zero_audio"])
async def test_a_clause_that_arrives_broken_is_not_begun(
    voice: OpenAISpeechVoice, clouds: CloudEmulator, kind: str
) -> None:
    script = script_of(REMARK[:1], closed=False)
    async with opened(voice, script) as pieces:
        await read_until(pieces, len(REMARK[0]))
        await clouds.set_fault("speech", kind, times=1)
        script.add(REMARK[1])
        with pytest.raises(RungError):
            await anext(pieces)


@pytest.mark.parametrize(
    ("kind", "permanent", "words"),
    [
        ("error_401", True, "its API key"),
        ("error_404", True, "check its speech_model"),
        ("error_429", False, ""),
        ("error_500", False, ""),
        ("error_503", False, ""),
        ("refuse", False, "connection to http://127.0.0.1"),
        ("wrong_content_type", False, "text/html"),
        ("zero_audio", False, "no sound"),
    ],
)
async def test_a_failure_says_what_is_wrong(
    voice: OpenAISpeechVoice, clouds: CloudEmulator, kind: str, permanent: bool, words: str
) -> None:
    await clouds.set_fault("speech", kind)
    spoken = await speak(voice, script_of(REMARK[:1]))
    assert spoken.error is not None
    assert spoken.error.permanent is permanent
    assert words in str(spoken.error)
    assert OPENAI_KEY not in str(spoken.error)
    assert spoken.error.retry_after_s == (2 if kind == "error_429" else None)
    await clouds.heal()
    assert (await speak(voice, script_of(REMARK[:1]))).error is None


TEXT = "Две собаки справа"
SOUND = synthesize(TEXT, 24_000).tobytes()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (SOUND[:4000], "cut off"),
        (SOUND[:-1], "cut off"),
        (b'{"error": "model is loading"}' * 900, "expected raw 16-bit samples"),
        (b"RIFF" + SOUND, "expected raw 16-bit samples"),
        (b"\x00" * len(SOUND), "noise or silence"),
        (np.random.default_rng(1).bytes(len(SOUND)), "noise or silence"),
    ],
)
async def test_what_is_not_the_sound_of_the_text_is_refused(body: bytes, words: str) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=body, content_type="audio/pcm")

    spoken = await spoken_by(answer)
    assert words in str(spoken.error)
    assert not spoken.pieces


def in_parts(body: bytes) -> Iterator[bytes]:
    """A header byte by byte, and the rest by odd numbers of them."""
    yield from (body[index : index + 1] for index in range(100))
    yield from (body[index : index + 1001] for index in range(100, len(body), 1001))


STREAMED = header(integers(2).form(16_000, 1), 0xFFFF_FFFF) + b"data\xff\xff\xff\xff"
FORMS: dict[str, tuple[str | None, bytes, int]] = {
    "48 kHz": ("audio/pcm; rate=48000", synthesize(TEXT, 48_000).tobytes(), 48_000),
    "L16, big-endian": ("audio/L16;rate=16000", synthesize(TEXT, 16_000).astype(">i2").tobytes(), 16_000),
    "L16, little-endian": ("audio/L16;rate=16000;channels=1", synthesize(TEXT, 16_000).tobytes(), 16_000),
    "WAV": ("audio/wav", plain(synthesize(TEXT, 22_050), integers(2), rate=22_050), 22_050),
    "WAV, extensible": (
        "audio/x-wav",
        extensible(synthesize(TEXT, 44_100), floats(4), rate=44_100, channels=2),
        44_100,
    ),
    "WAV, streamed": ("audio/pcm", STREAMED + synthesize(TEXT, 16_000).tobytes(), 16_000),
    "no type": (None, SOUND, 24_000),
}
"""What a service gives: type, body, rate."""


@pytest.mark.parametrize("form", FORMS)
async def test_each_form_is_spoken_at_its_own_speed(form: str) -> None:
    content_type, body, rate = FORMS[form]

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        if content_type:
            response.headers["Content-Type"] = content_type
        await response.prepare(request)
        for part in in_parts(body):
            await response.write(part)
        return response

    spoken = await spoken_by(answer)
    assert spoken.error is None
    assert {piece.sample_rate for piece in spoken.pieces} == {rate}
    assert spoken.heard == spelled(TEXT)
    assert len(spoken.samples) == len(synthesize(TEXT, rate))


async def test_a_key_that_no_header_can_hold_is_named(clouds: CloudEmulator) -> None:
    voice = OpenAISpeechVoice("openai", settings_for(clouds, api_key=Secret("не ключ")))
    await voice.start()
    spoken = await speak(voice, script_of(REMARK))
    await voice.close()
    assert spoken.error is not None
    assert spoken.error.permanent
    assert "its API key" in str(spoken.error)


async def test_a_quiet_connection_is_kept_warm_and_used_by_the_next_turn(
    clouds: CloudEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warm_connection, "PERIOD_S", 0.1)
    voice = OpenAISpeechVoice("openai", settings_for(clouds))
    await voice.start()
    await until(lambda: sum(request.ended_mono is not None for request in clouds.requests("openai")) >= 2)
    spoken = await speak(voice, script_of(REMARK[:1]))
    await voice.close()
    assert spoken.error is None
    assert {request.path for request in clouds.requests("openai")} == {"/v1/models"}
    assert not speeches(clouds)[0].new_connection


async def test_a_probe_says_whether_it_answers(voice: OpenAISpeechVoice, clouds: CloudEmulator) -> None:
    await voice.probe()
    await clouds.set_fault("openai", "refuse")
    with pytest.raises(RungError):
        await voice.probe()


async def test_cancelling_stops_all_requests(voice: OpenAISpeechVoice, clouds: CloudEmulator) -> None:
    await clouds.set_fault("speech", "hang_before_first_audio")
    async with opened(voice, script_of(REMARK)) as pieces:
        await given_up_once(anext(pieces), lambda: len(speeches(clouds)) == 3)
    await until(lambda: all(request.client_left for request in speeches(clouds)))
    assert len(speeches(clouds)) == 3


async def test_a_probe_speaks_a_word_until_the_voice_has_spoken_and_again_after_a_clause_that_was_given_up(
    voice: OpenAISpeechVoice, clouds: CloudEmulator
) -> None:
    asked: list[int] = []
    await voice.probe(asked.append)
    assert asked == [len("Yes.")]
    await voice.probe(asked.append)
    assert len(asked) == 1, "it has spoken: that it answers is enough"
    await clouds.set_fault("speech", "hang_before_first_audio")
    async with opened(voice, script_of(["Вот они."])) as pieces:
        await given_up_once(anext(pieces), lambda: len(speeches(clouds)) == 2)
    await given_up_once(voice.probe(), lambda: len(speeches(clouds)) == 3)
    await clouds.heal()
    await voice.probe()
