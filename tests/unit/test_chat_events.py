"""A streamed reply is read from its bytes, however they are cut, and no event is taken in without end."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st

from edge.clouds.clients import groq_client, openai_client
from edge.commentator.forbidden import Forbidden
from edge.commentator.models.chat import ChatModel, ChatService
from edge.commentator.models.chat_events import LARGEST_EVENT_BYTES, Chunk, chunks_of, events_of
from edge.commentator.models.request import ModelRequest
from edge.commentator.pool.writer import Writer
from edge.ladder import RungError
from tests.support.waiting import PATIENCE_S


async def parts(body: bytes, size: int) -> AsyncIterator[bytes]:
    for at in range(0, len(body), size):
        yield body[at : at + size]


async def read(body: bytes, size: int = 1 << 20) -> list[Chunk]:
    return [chunk async for chunk in chunks_of(parts(body, size))]


def event(content: object, reason: object = None) -> bytes:
    choice = {"delta": {"content": content}, "finish_reason": reason}
    return f"data: {json.dumps({'choices': [choice]})}\n\n".encode()


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@given(
    st.lists(
        st.sampled_from(["data: a", "data:b", "data", "", "", ": told", "id: 7", "event: x", "data:  c"])
    ),
    st.integers(1, 9),
)
def test_where_an_event_ends_does_not_depend_on_how_it_comes(
    line_end: str, lines: list[str], size: int
) -> None:
    body = line_end.join([*lines, "", "", ""]).encode()
    expected, data = [], []
    for line in [*lines, ""]:
        if line.startswith("data:"):
            data.append(line.removeprefix("data:").removeprefix(" "))
        elif not line:
            if "".join(data).strip():
                expected.append("\n".join(data).encode())
            data = []

    async def events() -> list[bytes]:
        return [each async for each in events_of(parts(body, size))]

    assert asyncio.run(events()) == expected


@pytest.mark.parametrize(
    "kept_alive",
    [
        "retry: 3000\n\n{}{}",
        "{}data:\n\n{}",
        "event: ping\n\n{}{}",
        "id: 1\n{}: keep-alive\n\nid: 2\n{}",
        "id: 1\n{}: keep-alive\n\n\nid: 2\n{}\n\n",
        ": ping\n\n{}{}",
        "{}data:\ndata: \n\n{}",
        "event: ping\ndata:\n\n{}event: message\nretry: 1\n{}id: 9\n\n",
        "\n\n\n{}\n\n\n{}",
    ],
)
async def test_an_event_without_data_is_none(kept_alive: str, subtests: pytest.Subtests) -> None:
    body = kept_alive.format(event("Слева ").decode(), event("собака!", "stop").decode()) + "data: [DONE]\n\n"
    for line_end, size in itertools.product(("\n", "\r\n", "\r"), (1, 7, 1 << 20)):
        with subtests.test(line_end=line_end, size=size):
            chunks = await read(body.replace("\n", line_end).encode(), size)
            assert "".join(chunk.text for chunk in chunks) == "Слева собака!"


async def test_content_reasons_and_problems_are_read_and_nothing_else() -> None:
    body = (
        event("Со") + event("бака", "stop") + b'data: {"choices": [], "usage": {"a": 1}}\n\n'
        b'data: {"choices": [{"delta": {"reasoning": "hm"}}]}\n\n'
        b'data: {"x_groq": {"error": "down"}}\n\ndata: {"error": {"message": "over"}}\n\n'
        b"data: [DONE]\n\n" + event("behind")
    )
    chunks = await read(body, 5)
    assert [chunk.text for chunk in chunks] == ["Со", "бака", "", "", "", ""]
    assert [chunk.finish_reason for chunk in chunks] == [None, "stop", None, None, None, None]
    assert [chunk.problem for chunk in chunks] == [None, None, None, None, "down", {"message": "over"}]


@pytest.mark.parametrize(
    "data", ["{}", "[]", "1", "null", '{"choices": {}}', '{"choices": [1]}', '{"choices": [{"delta": []}]}']
)
async def test_json_of_any_other_shape_is_an_event_without_content(data: str) -> None:
    assert await read(f"data: {data}\n\n".encode()) == [Chunk()]


async def test_content_that_is_no_text_is_none() -> None:
    assert [chunk.text for chunk in await read(event([5]) + event(None) + event(5, 5))] == ["", "", ""]


@pytest.mark.parametrize("data", [b"Dear customer", b"[" * 20_000, b'{"a": "\xff"}', b"{"])
async def test_what_is_no_json_ends_the_reply_without_being_quoted(data: bytes) -> None:
    with pytest.raises(RungError, match="no JSON") as refusal:
        await read(b"data: " + data + b"\n\n")
    assert "Dear" not in str(refusal.value)


@pytest.mark.parametrize("size", [100, 1 << 20])
@pytest.mark.parametrize("line", [b"data: a\n", b"data: ", b"a"])
async def test_an_event_without_an_end_is_read_no_further(line: bytes, size: int) -> None:
    with pytest.raises(RungError, match=f"{LARGEST_EVENT_BYTES} bytes"):
        await read(line * (LARGEST_EVENT_BYTES + 1), size)


async def test_the_end_of_the_stream_is_not_waited_for_without_end() -> None:
    async def never_ends() -> AsyncIterator[bytes]:
        yield event("a.") + b"data: [DONE]\n\n"
        await asyncio.Event().wait()

    async with asyncio.timeout(PATIENCE_S):
        assert [chunk.text async for chunk in chunks_of(never_ends())] == ["a."]


# --- the SDKs' own clients, and a service that means harm ---


@pytest.fixture
async def hostile_url() -> AsyncIterator[str]:
    """A streamed reply is one event without an end; any other has thoughts without an end."""

    async def reply(request: web.Request) -> web.StreamResponse:
        asked: dict[str, Any] = await request.json()
        if not asked.get("stream"):
            return web.json_response({"choices": [{"message": {"content": "<think>" * 20_000}}]})
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            for _ in range(64):
                await response.write(b"data: a\n" * 8192)
        return response

    app = web.Application()
    app.router.add_post("/v1/{path:.*}", reply)
    async with TestServer(app) as server:
        yield str(server.make_url("/v1"))


@pytest.mark.parametrize("make_client", [groq_client, openai_client])
async def test_no_service_holds_up_a_process_that_asks_it(
    make_client: Callable[[str, str], Any], hostile_url: str
) -> None:
    client = make_client("key", hostile_url)
    model = ChatModel(ChatService("hostile", client, {"model": "m"}), forbidden=Forbidden())
    with pytest.raises(RungError, match="an event of more than"):
        _ = [clause async for clause in model.open(ModelRequest(language="en", system="", user="a dog"))]
    writer = Writer([ChatService("hostile", client, {"model": "m"}, "max_tokens")])
    with pytest.raises(RungError, match="a reply of at most"):
        await writer.write("system", "user")
    await client.close()
