"""Services quote in their errors what they were asked, and keys. None of it reaches journal or state."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from edge import journal
from edge.clouds.clients import groq_client, openai_client
from edge.commentator.forbidden import Forbidden
from edge.commentator.models.chat import ChatModel, ChatService
from edge.commentator.models.request import ModelRequest
from edge.commentator.pool.writer import Writer
from edge.config import Espeak, MqttSettings, Secret
from edge.doctor.clouds import check_clouds
from edge.error_lines import codes_in, reason_of
from edge.ladder import Ladder, LadderExhausted, RungError
from edge.ladder.limits import LadderLimits
from edge.listener.recognizers.cloud import CloudRecognizer
from edge.listener.segment import RecognitionRequest
from edge.model_files.http_download import DownloadError, download, make_client
from edge.mqtt import MqttSession, SessionOptions
from edge.speaker.voices.elevenlabs import ElevenLabsVoice
from edge.speaker.voices.espeak import EspeakVoice
from edge.speaker.voices.openai_speech import OpenAISpeechVoice
from edge.speaker.voices.piper_server import PiperServer
from tests.support.canaries import KEY, PASSWORD, PROMPT, QUESTION, parts_found
from tests.support.journal_lines import journal_lines
from tests.support.parrot import HTTP_FAILURES, Parrot
from tests.support.services import service, with_services
from tests.support.speaking import script_of, speak
from tests.support.waiting import until

BUDGET = LadderLimits(initial_ms=6000, min_ms=6000, max_ms=6000, stall_ms=6000)
"""Some of what is tried is waited for so long."""
EVERY_WAY = pytest.mark.parametrize("way", HTTP_FAILURES)


@pytest.fixture
def lines() -> Iterator[Callable[[], str]]:
    with journal_lines() as told:
        yield told


async def told_by_ladder(rung: Any, request: Any) -> str:
    """All that a ladder tells of this rung's failure: the error itself, its states, and a probe's end."""
    ladder: Ladder[Any, Any] = Ladder("test", [rung], BUDGET, advance=lambda before, _: before)
    told = []
    for _ in range(2):  # the second failure opens the breaker, whose reason is a state
        try:
            async for _ in ladder.run(request):
                pass
        except LadderExhausted as error:
            told.append(str(error))
    try:
        await asyncio.wait_for(rung.probe(), 20)
    except Exception as error:
        told.append(f"{error} {journal.without_quotes(error)}")
    await ladder.close()
    return " ".join([*told, *ladder.states().values()])


def chat(client: Any) -> ChatModel:
    return ChatModel(ChatService("parrot", client, {"model": "m"}), forbidden=Forbidden())


REQUEST = ModelRequest(language="ru", system=PROMPT, user=f"<question>\n{QUESTION}\n</question>")
HEARD = RecognitionRequest(samples=np.zeros(1600, np.int16), language="ru", hint=QUESTION)


async def ask_groq(url: str) -> str:
    client = groq_client(KEY, url)
    try:
        return await told_by_ladder(chat(client), REQUEST)
    finally:
        await client.close()


async def ask_openai(url: str) -> str:
    client = openai_client(KEY, f"{url}/v1")
    try:
        return await told_by_ladder(chat(client), REQUEST)
    finally:
        await client.close()


async def write_ahead(url: str) -> str:
    writer = Writer([ChatService("groq", groq_client(KEY, url), {"model": "m"}, "max_tokens")])
    try:
        return str(await writer.write(PROMPT, QUESTION))
    except RungError as error:
        return f"{error} {journal.without_quotes(error)}"
    finally:
        await writer.close()


async def recognise_with_groq(url: str) -> str:
    return await recognise(groq_client(KEY, url))


async def recognise_with_openai(url: str) -> str:
    return await recognise(openai_client(KEY, f"{url}/v1"))


async def recognise(client: Any) -> str:
    recognizer = CloudRecognizer("parrot", client, "m", verbose=True)
    try:
        return await told_by_ladder(recognizer, HEARD)
    finally:
        await recognizer.close()


async def speak_with_openai(url: str) -> str:
    voice = OpenAISpeechVoice("openai", service("openai", api_key=Secret(KEY), base_url=f"{url}/v1"))
    try:
        return await told_by_ladder(Speaking(voice, QUESTION), None)
    finally:
        await voice.close()


async def look_with_the_doctor(url: str) -> str:
    settings = with_services(
        groq=service("groq", api_key=Secret(KEY), base_url=url),
        openai=service("openai", api_key=Secret(KEY), base_url=f"{url}/v1"),
        elevenlabs=service("elevenlabs", api_key=Secret(KEY), base_url=url),
    )
    return str(await check_clouds(settings))


async def speak_with_piper(url: str) -> str:
    server = PiperServer(Path("voice.onnx"), speed=1.0)
    server.require_installed = lambda: None  # type: ignore[method-assign]
    server.start = lambda: None  # type: ignore[method-assign]
    server._url = url
    try:
        return str(await server.synthesize(QUESTION, "ru"))
    except RungError as error:
        return f"{error} {journal.without_quotes(error)}"
    finally:
        await server.close()


class Speaking:
    """A voice as a rung of a ladder without a player."""

    name = "parrot"
    paid = local = False

    def __init__(self, voice: Any, text: str) -> None:
        self._voice, self._text = voice, text

    async def open(self, request: None) -> AsyncGenerator[Any, None]:
        spoken = await speak(self._voice, script_of([self._text]))
        if spoken.error:
            raise spoken.error
        yield spoken

    async def probe(self) -> None:
        await self._voice.probe()


ASKING = (
    ask_groq,
    ask_openai,
    write_ahead,
    recognise_with_groq,
    recognise_with_openai,
    speak_with_openai,
    look_with_the_doctor,
)


@EVERY_WAY
@pytest.mark.parametrize("ask", ASKING)
async def test_no_failure_over_http_quotes(
    ask: Callable[[str], Awaitable[str]], way: str, lines: Callable[[], str]
) -> None:
    async with Parrot(HTTP_FAILURES[way]) as parrot:
        told = await ask(f"http://127.0.0.1:{parrot.port}")
        assert parrot.told
    told += lines()
    assert told.strip()
    assert not parts_found(told), told


@EVERY_WAY
async def test_no_failure_of_piper_quotes(way: str) -> None:
    async with Parrot(HTTP_FAILURES[way]) as parrot:
        told = await speak_with_piper(f"http://127.0.0.1:{parrot.port}")
    # What it answers with 200 is sound, and looked at as such.
    assert told.startswith("b'") or not parts_found(told), told


@EVERY_WAY
async def test_no_failure_of_a_download_quotes_its_address(
    way: str, tmp_path: Path, lines: Callable[[], str]
) -> None:
    said: list[str] = []

    def fetch(port: int) -> str:
        url = f"http://user:{PASSWORD}@127.0.0.1:{port}/model.bin?token={KEY}"
        with make_client() as client:
            try:
                download(client, url, tmp_path / "part", None, NoBar(), say=said.append, pause=lambda _: None)
            except DownloadError as error:
                return f"{error} {journal.without_quotes(error)}"
        return ""

    async with Parrot(HTTP_FAILURES[way]) as parrot:
        told = await asyncio.to_thread(fetch, parrot.port)
    told += " ".join(said) + lines()
    assert not parts_found(told), told


class NoBar:
    def begin(self, name: str, total: int | None, done: int) -> None: ...

    def advance(self, count: int) -> None: ...


# --- ElevenLabs' socket ---

Socket = Callable[[ServerConnection, str], Awaitable[None]]


async def an_error(socket: ServerConnection, told: str) -> None:
    await socket.send(json.dumps({"error": told, "message": told, "code": 1008}, ensure_ascii=False))


async def an_error_with_a_code(socket: ServerConnection, told: str) -> None:
    await socket.send(json.dumps({"error": "input_too_long", "message": told, "code": told}))


async def a_close_reason(socket: ServerConnection, told: str) -> None:
    await socket.close(1008, told.encode()[:120].decode("utf-8", "ignore"))


async def other_json(socket: ServerConnection, told: str) -> None:
    await socket.send(json.dumps({"audio": [told]}, ensure_ascii=False))


async def no_json(socket: ServerConnection, told: str) -> None:
    await socket.send(told)


async def an_alignment_of_nothing(socket: ServerConnection, told: str) -> None:
    await socket.send('{"alignment":{"chars":' + json.dumps(list(told), ensure_ascii=False))


async def bad_sound(socket: ServerConnection, told: str) -> None:
    context = json.loads(told.splitlines()[-1]).get("context_id")
    await socket.send(json.dumps({"audio": QUESTION, "contextId": context}, ensure_ascii=False))


SOCKET_FAILURES: tuple[Socket, ...] = (
    an_error,
    an_error_with_a_code,
    a_close_reason,
    other_json,
    no_json,
    an_alignment_of_nothing,
    bad_sound,
)


@pytest.mark.parametrize("fail", SOCKET_FAILURES)
async def test_no_failure_on_the_socket_quotes(fail: Socket, lines: Callable[[], str]) -> None:
    async def repeat(socket: ServerConnection) -> None:
        assert socket.request is not None
        key = socket.request.headers["xi-api-key"]
        with contextlib.suppress(ConnectionClosed):
            async for message in socket:
                if words := json.loads(message).get("text", "").strip():  # also those of a probe
                    told = f"{words} {key} {socket.request.headers}\n{message}"
                    await fail(socket, told)

    async with serve(repeat, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        told = await told_by_elevenlabs(f"ws://127.0.0.1:{port}")
    told += lines()
    assert "ElevenLabs" in told
    assert not parts_found(told), told


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 429, 500])
async def test_no_refused_socket_quotes(status: int, lines: Callable[[], str]) -> None:
    def refuse(socket: ServerConnection, request: Request) -> Response:
        told = f"{request.path} {request.headers}"
        body = json.dumps({"detail": {"status": "invalid_api_key", "message": told, "code": told}}).encode()
        headers = Headers([("Content-Length", str(len(body))), ("Location", f"/{KEY}")])
        return Response(status, f"No {KEY}", headers, body)

    async def never(socket: ServerConnection) -> None: ...

    async with serve(never, "127.0.0.1", 0, process_request=refuse) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        told = await told_by_elevenlabs(f"ws://127.0.0.1:{port}")
    told += lines()
    assert str(status) in told
    assert not parts_found(told), told


async def told_by_elevenlabs(url: str) -> str:
    voice = ElevenLabsVoice("elevenlabs", service("elevenlabs", api_key=Secret(KEY), base_url=url), "ru")
    try:
        return await told_by_ladder(Speaking(voice, QUESTION), None)
    finally:
        await voice.close()


# --- what is no cloud ---


@pytest.mark.parametrize("way", ["cat >&2; exit 3", "cat", "cat >&2; printf RIFF; cat"])
async def test_no_failure_of_espeak_quotes(way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = tmp_path / "espeak-ng"
    command.write_text(f"#!/bin/sh\n{way}\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    spoken = await speak(EspeakVoice(Espeak()), script_of([QUESTION]))
    assert spoken.error is not None
    assert not parts_found(f"{spoken.error} {journal.without_quotes(spoken.error)}")


async def test_no_broker_that_repeats_the_password_is_quoted(lines: Callable[[], str]) -> None:
    async def repeat(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        told = await reader.read(1000)
        writer.write(b"\x20\x7f" + told)  # a CONNACK that is none
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(repeat, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    settings = MqttSettings(port=port, username="guide", password=Secret(PASSWORD), backoff_max_s=0.1)
    states: list[str] = []
    session = MqttSession(settings, SessionOptions(client_id="t"), on_state=lambda s: states.append(s.text))
    session.start()
    await until(lambda: bool(states))
    await session.close()
    server.close()
    told = " ".join(states) + lines()
    assert "127.0.0.1" in told
    assert not parts_found(told), told


# --- the filter itself ---

CONTEXT = "BadRequestError; maximum context length"


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"error": {"type": "invalid_request_error", "param": "model"}}, "invalid_request_error model"),
        ({"detail": {"status": "quota_exceeded"}}, "quota_exceeded"),
        ({"error": {"message": "model `m` is decommissioned", "code": "x_y"}}, "x_y; decommissioned"),
        ({"type": "BadRequestError", "message": "maximum context length"}, CONTEXT),
        ({"error": {"message": QUESTION, "code": QUESTION}}, ""),
        ({"error": {"code": "sk_0123456789abcdef0123456789"}}, ""),
        ("plain text", ""),
        (None, ""),
        ([[[[[["deep"]]]]]], ""),
    ],
)
def test_codes_and_known_phrases_are_told(answer: Any, told: str) -> None:
    assert codes_in(answer) == told


@given(
    st.recursive(
        st.text("абв", min_size=7), lambda inner: st.dictionaries(st.text(), inner) | st.lists(inner)
    )
)
def test_nothing_of_what_was_sent_is_told(answer: Any) -> None:
    assert not set("абв") & set(codes_in({"error": answer, "message": answer, "code": answer}))


def test_causes_are_told_and_quote_nothing() -> None:
    def fail() -> None:
        try:
            raise ConnectionRefusedError(111, f"no connection to {QUESTION}")
        except OSError as cause:
            raise RuntimeError(f"failed: {QUESTION}") from cause

    with pytest.raises(RuntimeError) as caught:
        fail()
    assert reason_of(caught.value) == "RuntimeError: Connection refused: nothing listens there"
    shown = journal.without_quotes(caught.value)
    assert "test_errors_that_quote.py" in shown
    assert "RuntimeError" in shown
    assert not parts_found(shown)
