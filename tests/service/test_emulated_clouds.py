"""The emulated language models and the HTTP voice keep the vendors' promises, and fail as told.

The clients are the vendors' own SDKs, so that what they accept here they accept there.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from collections.abc import AsyncIterator
from typing import Any

import groq
import httpx
import numpy as np
import openai
import pytest

from bench.clouds import PROFILES, CloudEmulator, FaultKind, Profile, RequestRecord
from bench.clouds.faults import KINDS_OF_SERVICE
from bench.clouds.pacing import Weather
from bench.clouds.replies import REMARKS_EN, REMARKS_RU, tokenize
from bench.clouds.server import GROQ_KEY, OPENAI_KEY
from bench.clouds.tones import decode
from tests.support.waiting import until

QUICK = Profile(
    name="quick",
    first_token_s=0.005,
    per_token_s=0.001,
    voice_first_byte_s=0.005,
    connection_setup_s=0.0,
    audio_speedup=50.0,
)
GROQ_MODEL = "openai/gpt-oss-20b"
OPENAI_MODEL = "gpt-4o-mini"
ASK: list[Any] = [{"role": "user", "content": "две собаки справа"}]
HANGS_S = 0.25
"""How long these tests wait before they believe that nothing comes."""


@pytest.fixture
async def clouds() -> AsyncIterator[CloudEmulator]:
    async with CloudEmulator(QUICK, reply=lambda _: "Ой, две собаки!") as running:
        yield running


def groq_client(clouds: CloudEmulator, key: str = GROQ_KEY) -> groq.AsyncGroq:
    return groq.AsyncGroq(base_url=clouds.groq_base_url, api_key=key, max_retries=0, timeout=30)


def openai_client(clouds: CloudEmulator, key: str = OPENAI_KEY) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=clouds.openai_base_url, api_key=key, max_retries=0, timeout=30)


async def say(client: Any, model: str, into: list[str] | None = None, **options: Any) -> str:
    """The content of a streamed answer; ``into`` keeps what had come when it fails."""
    tokens = [] if into is None else into
    stream = await client.chat.completions.create(model=model, messages=ASK, stream=True, **options)
    async for chunk in stream:
        if chunk.choices and chunk.choices[0].delta.content:
            tokens.append(chunk.choices[0].delta.content)
    return "".join(tokens)


async def speak(clouds: CloudEmulator, response_format: Any = "pcm", key: str = OPENAI_KEY) -> bytes:
    async with openai_client(clouds, key) as client:
        spoken = await client.audio.speech.create(
            model="tts-1", voice="alloy", input="Ой, собаки!", response_format=response_format
        )
        return spoken.content


async def until_ended(clouds: CloudEmulator) -> RequestRecord:
    await until(lambda: clouds.log[-1].ended_mono is not None)
    return clouds.log[-1]


# --- language models ---------------------------------------------------------------------------


async def test_groq_streams_role_content_usage_and_end(clouds: CloudEmulator) -> None:
    async with groq_client(clouds) as client:
        stream = await client.chat.completions.create(model=GROQ_MODEL, messages=ASK, stream=True)
        chunks = [chunk async for chunk in stream]
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [chunk.choices[0].delta.content for chunk in chunks[1:-1]] == tokenize("Ой, две собаки!")
    assert chunks[-1].choices[0].finish_reason == "stop"
    x_groq = chunks[-1].x_groq
    assert x_groq is not None
    assert x_groq.usage is not None
    assert x_groq.usage.completion_tokens == len(tokenize("Ой, две собаки!"))


async def test_openai_streams_usage_in_a_chunk_of_its_own_when_asked(clouds: CloudEmulator) -> None:
    async with openai_client(clouds) as client:
        stream = await client.chat.completions.create(
            model=OPENAI_MODEL, messages=ASK, stream=True, stream_options={"include_usage": True}
        )
        chunks = [chunk async for chunk in stream]
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.total_tokens > 0


async def test_both_answer_without_streaming(clouds: CloudEmulator) -> None:
    async with groq_client(clouds) as client:
        answer = await client.chat.completions.create(model=GROQ_MODEL, messages=ASK)
    assert answer.choices[0].message.content == "Ой, две собаки!"
    async with openai_client(clouds) as other:
        same = await other.chat.completions.create(model=OPENAI_MODEL, messages=ASK)
    assert same.choices[0].message.content == "Ой, две собаки!"


async def test_models_are_listed(clouds: CloudEmulator) -> None:
    async with groq_client(clouds) as client:
        assert GROQ_MODEL in [model.id for model in (await client.models.list()).data]
    async with openai_client(clouds) as other:
        assert OPENAI_MODEL in [model.id for model in (await other.models.list()).data]


async def test_reasoning_comes_before_content_in_the_vendors_field() -> None:
    async with CloudEmulator(QUICK, reply=lambda _: ["Да", "!"], reasoning="Hm, dogs.") as clouds:
        async with groq_client(clouds) as client:
            stream = await client.chat.completions.create(model=GROQ_MODEL, messages=ASK, stream=True)
            deltas = [chunk.choices[0].delta async for chunk in stream]
        assert "".join(delta.reasoning or "" for delta in deltas) == "Hm, dogs."
        assert [delta.content for delta in deltas if delta.content] == ["Да", "!"]
        assert not any(delta.content for delta in deltas[: deltas.index(deltas[-3])])
        async with openai_client(clouds) as other:
            events = await other.chat.completions.create(model=OPENAI_MODEL, messages=ASK, stream=True)
            extras = [chunk.choices[0].delta.model_extra or {} async for chunk in events]
        assert "".join(extra.get("reasoning_content", "") for extra in extras) == "Hm, dogs."


async def test_limits_of_the_request_are_kept(clouds: CloudEmulator) -> None:
    async with groq_client(clouds) as client:
        answer = await client.chat.completions.create(model=GROQ_MODEL, messages=ASK, max_completion_tokens=2)
        assert answer.choices[0].finish_reason == "length"
        assert answer.choices[0].message.content == "Ой,"
        assert await say(client, GROQ_MODEL, stop=[" соб", "!"]) == "Ой, две"


async def test_bad_requests_are_refused_as_the_vendors_do(clouds: CloudEmulator) -> None:
    async with groq_client(clouds) as client:
        with pytest.raises(groq.NotFoundError) as missing:
            await say(client, "llama-3.1-8b-instant")
        assert missing.value.body["error"]["code"] == "model_not_found"  # type: ignore[index]
        with pytest.raises(groq.BadRequestError, match=r"`low`, `medium` or `high`"):
            await say(client, GROQ_MODEL, reasoning_effort="none")
        assert await say(client, GROQ_MODEL, reasoning_effort="low")
    with pytest.raises(groq.AuthenticationError, match="invalid_api_key"):
        await say(groq_client(clouds, key="wrong"), GROQ_MODEL)
    with pytest.raises(openai.AuthenticationError) as unknown_key:
        await say(openai_client(clouds, key="wrong"), OPENAI_MODEL)
    assert unknown_key.value.code == "invalid_api_key"
    with pytest.raises(openai.NotFoundError) as unknown_model:
        await say(openai_client(clouds), "gpt-2")
    assert unknown_model.value.code == "model_not_found"


async def test_default_remarks_follow_the_language_of_the_request() -> None:
    async with CloudEmulator(QUICK) as clouds, groq_client(clouds) as client:
        assert await say(client, GROQ_MODEL) == REMARKS_RU[0]
        english = await client.chat.completions.create(
            model=GROQ_MODEL, messages=[{"role": "user", "content": "two dogs"}]
        )
        assert english.choices[0].message.content == REMARKS_EN[1]


# --- time and connections ----------------------------------------------------------------------


async def test_nothing_comes_before_its_time() -> None:
    profile = Profile(name="p", first_token_s=0.10, per_token_s=0.01, connection_setup_s=0.05)
    async with (
        CloudEmulator(profile, reply=lambda _: list("abcdef")) as clouds,
        groq_client(clouds) as client,
    ):
        started = time.monotonic()
        await say(client, GROQ_MODEL)
        assert time.monotonic() - started >= 0.05 + 0.10 + 5 * 0.01
        await say(client, GROQ_MODEL)
        first, second = clouds.requests("groq")
        assert [first.new_connection, second.new_connection] == [True, False]
        assert first.connection == second.connection
        assert first.outputs[0].requested_mono - first.arrived_mono >= 0.05
        assert (first.outputs[0].first_mono or 0) - first.outputs[0].requested_mono >= 0.10


async def test_a_kept_connection_is_closed_when_idle(clouds: CloudEmulator) -> None:
    async with groq_client(clouds) as client:
        await say(client, GROQ_MODEL)
        await clouds.set_fault("groq", "closes_after_idle", idle_s=0.01)
        await asyncio.sleep(0.2)
        await say(client, GROQ_MODEL)
    assert [record.new_connection for record in clouds.log] == [True, True]


async def test_every_request_is_recorded(clouds: CloudEmulator) -> None:
    async with groq_client(clouds) as client:
        await say(client, GROQ_MODEL, temperature=0)
    record = await until_ended(clouds)
    assert record.service == "groq"
    assert record.path == "/openai/v1/chat/completions"
    assert record.headers["authorization"] == f"Bearer {GROQ_KEY}"
    assert record.body["temperature"] == 0
    assert record.status == 200
    assert not record.client_left


async def test_a_client_that_leaves_is_noticed() -> None:
    endless = Profile(name="endless", first_token_s=0.0, per_token_s=0.05, connection_setup_s=0.0)
    async with (
        CloudEmulator(endless, reply=lambda _: ["ещё "] * 1000) as clouds,
        groq_client(clouds) as client,
    ):
        stream = await client.chat.completions.create(model=GROQ_MODEL, messages=ASK, stream=True)
        await anext(aiter(stream))
        await stream.close()
        record = await until_ended(clouds)
    assert record.client_left


async def test_the_same_seed_gives_the_same_weather() -> None:
    first, second = Weather(PROFILES["lossy"]), Weather(PROFILES["lossy"])
    assert [first.latency_s(0.1) for _ in range(9)] == [second.latency_s(0.1) for _ in range(9)]
    assert any(first.stall_s() for _ in range(500))
    assert not any(Weather(PROFILES["seed"]).stall_s() for _ in range(500))


# --- faults of the language models -------------------------------------------------------------

VENDORS = pytest.mark.parametrize("service", ["groq", "openai"])


def client_of(service: str, clouds: CloudEmulator) -> tuple[Any, str, Any]:
    if service == "groq":
        return groq_client(clouds), GROQ_MODEL, groq
    return openai_client(clouds), OPENAI_MODEL, openai


@VENDORS
@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("error_401", "AuthenticationError"),
        ("error_404", "NotFoundError"),
        ("error_429", "RateLimitError"),
        ("error_500", "InternalServerError"),
        ("error_503", "InternalServerError"),
    ],
)
async def test_errors_come_once_when_asked_for_once(
    clouds: CloudEmulator, service: Any, kind: str, error: str
) -> None:
    client, model, sdk = client_of(service, clouds)
    await clouds.set_fault(service, kind, times=1, retry_after_s=7)
    with pytest.raises(getattr(sdk, error)) as raised:
        await say(client, model)
    if kind == "error_429":
        assert raised.value.response.headers["retry-after"] == "7"
    assert clouds.log[-1].fault == kind
    assert await say(client, model) == "Ой, две собаки!"


@VENDORS
async def test_refusing_cuts_what_is_open_and_lets_nobody_in_until_healed(
    clouds: CloudEmulator, service: Any
) -> None:
    client, model, sdk = client_of(service, clouds)
    await say(client, model)
    await clouds.set_fault(service, FaultKind.REFUSE)
    for _ in range(2):
        with pytest.raises(sdk.APIConnectionError):
            await say(client, model)
    await clouds.heal(service)
    assert await say(client, model) == "Ой, две собаки!"


@VENDORS
@pytest.mark.parametrize(
    ("kind", "seen"),
    [("hang_before_headers", 0), ("hang_before_first_token", 0), ("hang_mid_stream", 2), ("slow", 1)],
)
async def test_hanging_gives_what_it_gives_and_then_nothing(
    clouds: CloudEmulator, service: Any, kind: str, seen: int
) -> None:
    client, model, _ = client_of(service, clouds)
    await clouds.set_fault(service, kind, after_tokens=2, per_token_s=60)
    tokens: list[str] = []
    answering = asyncio.create_task(say(client, model, tokens))
    await until(lambda: len(tokens) >= seen and len(clouds.log) > 0)
    await asyncio.sleep(HANGS_S)
    assert not answering.done()
    assert tokens == tokenize("Ой, две собаки!")[:seen]
    answering.cancel()
    await client.close()
    assert (await until_ended(clouds)).client_left


@VENDORS
async def test_a_cut_stream_gives_exactly_the_tokens_before_it(clouds: CloudEmulator, service: Any) -> None:
    client, model, _ = client_of(service, clouds)
    await clouds.set_fault(service, "cut_mid_stream", after_tokens=3)
    tokens: list[str] = []
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError, openai.APIConnectionError)):
        await say(client, model, tokens)
    assert tokens == tokenize("Ой, две собаки!")[:3]
    assert not (await until_ended(clouds)).client_left


async def test_an_error_in_mid_stream_is_told_in_the_vendors_way(clouds: CloudEmulator) -> None:
    await clouds.set_fault("groq", "error_mid_stream")
    async with groq_client(clouds) as client:
        stream = await client.chat.completions.create(model=GROQ_MODEL, messages=ASK, stream=True)
        last = [chunk async for chunk in stream][-1]
    assert last.x_groq is not None
    assert last.x_groq.error
    await clouds.set_fault("openai", "error_mid_stream")
    with pytest.raises(openai.APIError, match="server had an error"):
        await say(openai_client(clouds), OPENAI_MODEL)


@VENDORS
@pytest.mark.parametrize("kind", ["only_reasoning", "empty_reply"])
async def test_an_answer_may_have_no_content(clouds: CloudEmulator, service: Any, kind: str) -> None:
    client, model, _ = client_of(service, clouds)
    await clouds.set_fault(service, kind)
    assert await say(client, model) == ""


@VENDORS
async def test_garbage_does_not_parse(clouds: CloudEmulator, service: Any) -> None:
    client, model, _ = client_of(service, clouds)
    await clouds.set_fault(service, "garbage")
    with pytest.raises(json.JSONDecodeError):
        await say(client, model)


@VENDORS
async def test_a_login_portal_answers_with_a_web_page(clouds: CloudEmulator, service: Any) -> None:
    client, model, _ = client_of(service, clouds)
    await clouds.set_fault(service, "wrong_content_type")
    answer = await client.chat.completions.with_raw_response.create(model=model, messages=ASK)
    assert answer.headers["content-type"].startswith("text/html")


async def test_looking_at_the_models_does_not_use_up_a_fault(clouds: CloudEmulator) -> None:
    await clouds.set_fault("groq", "error_503", times=1)
    async with groq_client(clouds) as client:
        for _ in range(2):
            with pytest.raises(groq.InternalServerError):
                await client.models.list()
        with pytest.raises(groq.InternalServerError):
            await say(client, GROQ_MODEL)
        assert await say(client, GROQ_MODEL)


async def test_a_fault_that_a_service_cannot_have_is_refused(clouds: CloudEmulator) -> None:
    with pytest.raises(ValueError, match="groq cannot fail with zero_audio: use one of"):
        await clouds.set_fault("groq", "zero_audio")
    with pytest.raises(ValueError, match="times"):
        await clouds.set_fault("groq", "refuse", times=1)
    assert set().union(*KINDS_OF_SERVICE.values()) == set(FaultKind)


# --- speech over HTTP --------------------------------------------------------------------------


async def test_speech_says_its_text(clouds: CloudEmulator) -> None:
    assert decode(np.frombuffer(await speak(clouds), np.int16), 24000) == "ой собаки"
    wav = await speak(clouds, "wav")
    assert wav[:4] == b"RIFF"
    assert decode(np.frombuffer(wav[44:], np.int16), 24000) == "ой собаки"
    with pytest.raises(openai.BadRequestError, match="expected pcm or wav"):
        await speak(clouds, "mp3")


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("error_401", openai.AuthenticationError),
        ("error_404", openai.NotFoundError),
        ("error_429", openai.RateLimitError),
        ("error_500", openai.InternalServerError),
        ("error_503", openai.InternalServerError),
        ("cut_mid_stream", openai.APIConnectionError),
        ("refuse", openai.APIConnectionError),
    ],
)
async def test_speech_fails_as_told(clouds: CloudEmulator, kind: str, error: type[Exception]) -> None:
    await clouds.set_fault("speech", kind)
    with pytest.raises(error):
        await speak(clouds)
    await clouds.heal()
    assert await speak(clouds)


@pytest.mark.parametrize(
    "kind", ["hang_before_headers", "hang_before_first_audio", "hang_mid_stream", "slow"]
)
async def test_speech_hangs_as_told(clouds: CloudEmulator, kind: str) -> None:
    await clouds.set_fault("speech", kind, audio_speedup=0.001)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(speak(clouds), HANGS_S)


async def test_speech_may_be_empty_or_broken(clouds: CloudEmulator) -> None:
    await clouds.set_fault("speech", "zero_audio")
    assert await speak(clouds) == b""
    await clouds.set_fault("speech", "garbage")
    assert len(await speak(clouds)) % 2 == 1
    assert (await speak(clouds, "wav"))[:4] != b"RIFF"
    await clouds.set_fault("speech", "wrong_content_type")
    assert (await speak(clouds)).startswith(b"<!doctype html>")


async def test_chat_works_while_speech_on_the_same_server_fails(clouds: CloudEmulator) -> None:
    await clouds.set_fault("speech", "error_500")
    assert await say(openai_client(clouds), OPENAI_MODEL)


# --- a process of its own ----------------------------------------------------------------------


async def test_it_runs_in_a_process_of_its_own_and_is_controlled_over_http() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.clouds", "--profile", "fast", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        lines = [(await process.stdout.readline()).decode().strip() for _ in range(7)]
        env = dict(line.split("=", 1) for line in lines)
        async with httpx.AsyncClient() as control:
            url = env["EMULATED_CLOUDS_CONTROL_URL"]
            switched = await control.post(url, json={"service": "groq", "fault": "error_429", "times": 1})
            assert switched.status_code == 200
            refused = await control.post(url, json={"service": "groq", "fault": "zero_audio"})
            assert refused.status_code == 400
            assert "cannot fail" in refused.json()["error"]
            client = groq.AsyncGroq(
                base_url=env["SHUTTLE_GUIDE_GROQ__BASE_URL"], api_key=env["GROQ_API_KEY"], max_retries=0
            )
            with pytest.raises(groq.RateLimitError):
                await say(client, GROQ_MODEL)
            assert await say(client, GROQ_MODEL)
            log = (await control.get(f"{url}/log", params={"service": "groq"})).json()
            assert [entry["fault"] for entry in log] == ["error_429", None]
    finally:
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0


async def test_the_dead_profile_refuses_everybody() -> None:
    async with CloudEmulator("dead") as clouds:
        with pytest.raises(groq.APIConnectionError):
            await say(groq_client(clouds), GROQ_MODEL)
        with pytest.raises(openai.APIConnectionError):
            await speak(clouds)


async def test_the_hanging_profile_takes_everything_and_answers_nothing() -> None:
    async with CloudEmulator("hanging") as clouds, httpx.AsyncClient() as http:
        asked = [
            asyncio.create_task(say(groq_client(clouds), GROQ_MODEL)),
            asyncio.create_task(http.get(f"{clouds.elevenlabs_base_url}/v1/models")),
        ]
        await until(lambda: {record.service for record in clouds.log} == {"groq", "elevenlabs"})
        answered, waiting = await asyncio.wait(asked, timeout=HANGS_S)
        assert not answered
        for each in waiting:
            each.cancel()
        await asyncio.wait(waiting)


async def test_an_unknown_profile_is_named() -> None:
    with pytest.raises(ValueError, match="no profile 'nope': use one of seed, fast, lossy, dead, hanging"):
        CloudEmulator("nope")
