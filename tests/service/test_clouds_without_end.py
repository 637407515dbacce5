"""What a cloud answers without end or measure is left at a bound: replies, errors, lists, heads, archives."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import importlib
import re
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.clouds.bounded_answers import (
    LARGEST_ANSWER_BYTES,
    SMALLEST_PART_BYTES,
    OversizedAnswerError,
    bounded_answers,
)
from edge.clouds.clients import groq_client, openai_client
from edge.commentator.forbidden import Forbidden
from edge.commentator.models.chat import LONGEST_REPLY, ChatModel, ChatService
from edge.commentator.models.request import ModelRequest
from edge.config import Secret
from edge.doctor.clouds import check_clouds
from edge.ladder import RungError
from edge.listener.recognizers.cloud import CloudRecognizer
from edge.listener.segment import SAMPLE_RATE, RecognitionRequest
from edge.messages import MAX_REPLY_CHARS
from edge.speaker.voices.base import EndlessSoundError
from edge.speaker.voices.openai_speech import OpenAISpeechVoice
from tests.support.services import service, with_services
from tests.support.speaking import script_of, speak

PRODUCT = Path(__file__).parents[2] / "edge"
WITHIN_S = 30.0
PART = 64 * 1024
BOMB = gzip.compress(bytes(64 * 1024 * 1024))
"""64 kB that unfold to 64 MB."""


class Server:
    """Answers each request with the same head and parts; ``sent`` counts the bytes that were taken."""

    def __init__(self, head: str, parts: Callable[[], AsyncGenerator[bytes, None]]) -> None:
        self.head = head
        self.parts = parts
        self.sent = 0
        self.left = asyncio.Event()
        self.requests: list[bytes] = []

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            self.requests.append(head)
            if length := re.search(rb"(?i)content-length: (\d+)", head):
                await reader.readexactly(int(length[1]))
            writer.write(self.head.encode())
            async with contextlib.aclosing(self.parts()) as parts:
                async for part in parts:
                    writer.write(part)
                    await writer.drain()
                    self.sent += len(part)
        self.left.set()
        writer.close()


@contextlib.asynccontextmanager
async def serving(server: Server) -> AsyncIterator[str]:
    listening = await asyncio.start_server(server.answer, "127.0.0.1", 0)
    async with listening:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1"


def without_end(part: bytes) -> Callable[[], AsyncGenerator[bytes, None]]:
    async def parts() -> AsyncGenerator[bytes, None]:
        while True:
            yield part
            await asyncio.sleep(0)

    return parts


def once(*parts: bytes) -> Callable[[], AsyncGenerator[bytes, None]]:
    async def given() -> AsyncGenerator[bytes, None]:
        for part in parts:
            yield part

    return given


def chunk(content: str) -> bytes:
    return b'data: {"choices": [{"delta": {"content": "%s"}}]}\n\n' % content.encode()


def thought(text: str) -> bytes:
    return b'data: {"choices": [{"delta": {"reasoning": "%s"}}]}\n\n' % text.encode()


JSON_HEAD = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
STREAM_HEAD = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
ERROR_HEAD = "HTTP/1.1 500 Oh\r\nContent-Type: application/json\r\n\r\n"
GZIP_HEAD = (
    "HTTP/1.1 {status} OK\r\nContent-Type: {kind}\r\nContent-Encoding: gzip\r\n"
    f"Content-Length: {len(BOMB)}\r\n\r\n"
)
ENDLESS_HEAD = "HTTP/1.1 200 OK\r\n"

SERVERS: dict[str, tuple[str, Callable[[], AsyncGenerator[bytes, None]]]] = {
    "json": (JSON_HEAD, without_end(b" " * PART)),
    "error": (ERROR_HEAD, without_end(b"x" * PART)),
    "head": (ENDLESS_HEAD, without_end(b"X-More: " + b"x" * 1000 + b"\r\n")),
    "a line of head": (ENDLESS_HEAD + "X-More: ", without_end(b"x" * PART)),
    "bomb": (GZIP_HEAD.format(status=200, kind="application/json"), once(BOMB)),
    "error bomb": (GZIP_HEAD.format(status=500, kind="application/json"), once(BOMB)),
    "crumbs": ("HTTP/1.1 500 Oh\r\nTransfer-Encoding: chunked\r\n\r\n", without_end(b"1\r\nx\r\n" * 5000)),
}
EACH_SERVER = pytest.mark.parametrize(("head", "parts"), SERVERS.values(), ids=SERVERS)
CLIENTS: dict[str, Callable[[str], Any]] = {
    "groq": lambda url: groq_client("key", url.removesuffix("/v1")),
    "openai": lambda url: openai_client("key", url),
}
EACH_CLIENT = pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS)


@pytest.fixture
def larger_crumbs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A part counts for more than it does, so that fewer are too many (see the test of a crumb)."""
    monkeypatch.setattr("edge.clouds.bounded_answers.SMALLEST_PART_BYTES", 256)


Parts = Callable[[], AsyncGenerator[bytes, None]]
MakeClient = Callable[[str], Any]


async def fails(work: Awaitable[object], server: Server, *, most: int = LARGEST_ANSWER_BYTES) -> str:
    """The failure's line; what the client had taken by then is bounded, and the line is dropped."""
    async with asyncio.timeout(WITHIN_S):
        with pytest.raises(RungError) as failure:
            await work
        await server.left.wait()
    # What lies in the buffers of the kernel was sent, but not taken.
    assert server.sent <= most + 16 * 1024 * 1024
    return str(failure.value)


def chat(client: Any) -> ChatModel:
    return ChatModel(ChatService("model", client, {"model": "m"}), forbidden=Forbidden())


async def reply(model: ChatModel) -> list[str]:
    request = ModelRequest(language="en", system="", user="a dog")
    return [clause.text async for clause in model.open(request) if clause]


@pytest.mark.usefixtures("larger_crumbs")
@EACH_CLIENT
@EACH_SERVER
async def test_a_model_that_answers_without_end_is_left(client: MakeClient, head: str, parts: Parts) -> None:
    server = Server(head, parts)
    async with serving(server) as url:
        model = chat(client(url))
        line = await fails(reply(model), server)
        await model.close()
    assert len(line) < 400


@pytest.mark.usefixtures("larger_crumbs")
@EACH_CLIENT
@EACH_SERVER
async def test_a_recognizer_that_answers_without_end_is_left(
    client: MakeClient, head: str, parts: Parts
) -> None:
    async def heard() -> None:
        request = RecognitionRequest(np.zeros(SAMPLE_RATE, np.int16), "en")
        async for _ in recognizer.open(request):
            pass

    server = Server(head, parts)
    async with serving(server) as url:
        recognizer = CloudRecognizer("cloud", client(url), "m", verbose=True)
        line = await fails(heard(), server)
        await recognizer.close()
    assert len(line) < 400


@pytest.mark.usefixtures("larger_crumbs")
@EACH_CLIENT
@EACH_SERVER
async def test_a_list_of_models_without_end_is_left(client: MakeClient, head: str, parts: Parts) -> None:
    server = Server(head, parts)
    async with serving(server) as url, asyncio.timeout(WITHIN_S):
        made = client(url)
        with pytest.raises(Exception, match=r"."):
            await made.models.with_raw_response.list()
        await server.left.wait()
        await made.close()
    assert server.sent <= LARGEST_ANSWER_BYTES + 16 * 1024 * 1024


@pytest.mark.usefixtures("larger_crumbs")
@EACH_SERVER
async def test_a_voice_that_answers_without_end_is_left(head: str, parts: Parts) -> None:
    server = Server(head, parts)
    async with serving(server) as url, asyncio.timeout(WITHIN_S):
        voice = OpenAISpeechVoice("openai", service("openai", base_url=url))
        spoken = await speak(voice, script_of(["Да."]))
        await server.left.wait()
        await voice.close()
    assert spoken.error is not None
    assert not spoken.pieces


async def test_a_list_of_models_is_not_made_into_models_while_the_speaker_waits() -> None:
    page = b"<html>Log in to the Wi-Fi</html>"
    async with serving(Server("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n", once(page))) as url:
        voice = OpenAISpeechVoice("openai", service("openai", base_url=url))
        with pytest.raises(RungError, match="expected a list of models, came a web page"):
            await voice.probe()
        await voice.close()


READ_BY_US = ("with_raw_response", "with_streaming_response")
ASKED = re.compile(r"\.(?:models|completions|transcriptions|speech)((?:\.\w+)*)\.(?:list|create)\(")


def test_no_process_lets_an_sdk_make_objects_of_what_a_service_sends() -> None:
    asked = {
        f"{path.relative_to(PRODUCT)}: {call[0]}"
        for path in PRODUCT.rglob("*.py")
        if path.relative_to(PRODUCT).parts[0] not in ("doctor", "bench")  # people's commands
        for call in ASKED.finditer(path.read_text("utf-8"))
        if not any(way in call[1] for way in READ_BY_US)
    }
    # A stream, of which chat_events.py takes the bytes.
    assert asked == {"commentator/models/chat.py: .completions.create("}


@pytest.mark.parametrize("kind", ["json", "error", "bomb"])
async def test_the_doctor_leaves_an_account_without_end(kind: str) -> None:
    server = Server(*SERVERS[kind])
    async with serving(server) as url, asyncio.timeout(WITHIN_S):
        base_url = url.removesuffix("/v1")
        (check,) = await check_clouds(
            with_services(
                elevenlabs=service("elevenlabs", api_key=Secret("a-key-for-tests"), base_url=base_url)
            )
        )
        await server.left.wait()
    assert "does not end" in str(check) or "compressed" in str(check)


async def test_a_clause_of_sound_is_as_long_as_its_text_can_be() -> None:
    head = "HTTP/1.1 200 OK\r\nContent-Type: audio/pcm\r\n\r\n"
    server = Server(head, without_end(b"\x00\x10" * (PART // 2)))
    async with serving(server) as url:
        voice = OpenAISpeechVoice("openai", service("openai", base_url=url))
        spoken = await speak(voice, script_of(["Да."]))
        await voice.close()
    assert isinstance(spoken.error, EndlessSoundError)
    assert "more than 4.2 s of sound for a clause of 3 characters" in str(spoken.error)


@EACH_CLIENT
async def test_nothing_compressed_is_asked_for_and_what_came_is_told(client: MakeClient) -> None:
    server = Server(*SERVERS["bomb"])
    async with serving(server) as url:
        model = chat(client(url))
        line = await fails(reply(model), server)
        await model.close()
    assert "compressed ('gzip')" in line
    assert b"accept-encoding: identity\r\n" in server.requests[0].lower()


ENDLESS_REPLIES = {
    "thoughts": without_end(thought("well, ") * 100),
    "blank space": without_end(chunk(" ") * 100),
    "lines": without_end(chunk("\\n") * 100),
    "thinking aloud": without_end(chunk("<think>") + chunk("well, ") * 100),
    "one token": once(chunk("a" * (LONGEST_REPLY + 1))),
    "comments": without_end(b": still here\n\n" * 100),
    "no line's end": without_end(b"data: " * 1000),
}


@EACH_CLIENT
@pytest.mark.parametrize("parts", ENDLESS_REPLIES.values(), ids=ENDLESS_REPLIES)
async def test_a_reply_that_says_nothing_for_ever_is_left(client: MakeClient, parts: Parts) -> None:
    server = Server(STREAM_HEAD, parts)
    async with serving(server) as url:
        model = chat(client(url))
        line = await fails(reply(model), server)
        await model.close()
    assert "does not end" in line or "more than" in line


@EACH_CLIENT
async def test_a_reply_that_goes_on_for_ever_is_ended_well_and_its_line_is_dropped(
    client: MakeClient,
) -> None:
    server = Server(STREAM_HEAD, without_end(chunk("Two more dogs, and a cat. ")))
    async with serving(server) as url, asyncio.timeout(WITHIN_S):
        model = chat(client(url))
        clauses = await reply(model)
        await server.left.wait()
        await model.close()
    assert len(" ".join(clauses)) <= MAX_REPLY_CHARS + 60


@pytest.mark.parametrize("library", ["httpx", "httpx2"])
async def test_a_crumb_counts_as_more_than_its_one_byte(library: str) -> None:
    http = importlib.import_module(library)
    hooks = bounded_answers(http, 1000 * SMALLEST_PART_BYTES)
    taken: list[bytes] = []

    async def read(url: str) -> None:
        async with http.AsyncClient(event_hooks=hooks) as client, client.stream("GET", url) as response:
            async for part in response.aiter_raw():
                taken.append(part)

    async with serving(Server(*SERVERS["crumbs"])) as url, asyncio.timeout(WITHIN_S):
        with pytest.raises(OversizedAnswerError, match="does not end"):
            await read(url)
    assert taken == [b"x"] * 1000


async def test_an_answer_of_usual_size_is_read_whole() -> None:
    import httpx

    body = bytes(range(256)) * 4096
    async with serving(Server("HTTP/1.1 200 OK\r\n\r\n", once(body))) as url:
        hooks = bounded_answers(httpx, len(body))
        async with httpx.AsyncClient(event_hooks=hooks) as client:
            assert (await client.get(url)).content == body


async def test_thoughts_that_lie_ready_in_thousands_hold_up_nobody() -> None:
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0)

    server = Server(STREAM_HEAD, once(thought("well, ") * 900))
    async with serving(server) as url:
        model = chat(openai_client("key", url))
        ticking = asyncio.create_task(tick())
        await reply(model)
        ticking.cancel()
        await model.close()
    assert ticks >= 6, "each few hundred lines of it"
