"""Services that are nearly OpenAI-compatible, composed and cut at random: what is sent is spoken."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.clouds.manner import SIGNS_OF_LIFE, Manner, StreamWire
from edge.commentator.models.chat_chunk import chunk_of
from edge.commentator.models.chat_events import chunks_of
from edge.ladder import RungError
from tests.support.nearly_compatible import (
    EACH_SDK,
    Run,
    chunk,
    cut_in,
    running_rungs,
)
from tests.support.raw_http import Answer, Framing

SENTENCES = (
    "Слева собака, и она не торопится.",
    "Ой, смотрите!",
    "Храм Тири старше нас всех.",
    "Тут крабы быстрее шаттла 😀.",
    "Кафе Café открыто, резюме не нужно.",
    "Волна высокая: держитесь, господа!",
)


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    with running_rungs() as run:
        yield run


def body_of(manner: Manner, content: str, token_chars: int = 7) -> bytes:
    if not manner.streamed:
        choice = {"message": {"role": "assistant", "content": content}, "finish_reason": "stop"}
        return json.dumps({"choices": [choice]}, ensure_ascii=manner.ascii).encode()
    wire = StreamWire(manner)
    tokens = [content[at : at + token_chars] for at in range(0, len(content), token_chars)]
    deltas: list[dict[str, str]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": token} for token in tokens]
    chunks: list[Any] = [{"choices": [{"delta": delta, "finish_reason": None}]} for delta in deltas]
    chunks += [{"choices": [{"delta": {}, "finish_reason": "stop"}]}, {"choices": [], "usage": {}}]
    return wire.begin() + b"".join(map(wire.event, chunks)) + wire.done()


CONTENTS = st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=2, unique=True).map(" ".join)
SIZES = st.lists(st.sampled_from([1, 2, 3, 11, 190, 4000]), min_size=1, max_size=4)
MANNERS = st.builds(
    Manner,
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
    bom=st.booleans(),
    between=st.lists(st.sampled_from(SIGNS_OF_LIFE), max_size=6).map(tuple),
    fields=st.lists(
        st.sampled_from(["id: {}", "event: message", ": comment", "retry: 3000", "id"]), max_size=3
    ).map(tuple),
    blank=st.sampled_from(["", " ", "  "]),
    many_lines=st.booleans(),
    ascii=st.booleans(),
    content=st.sampled_from(["text", "parts", "parts with thoughts", "message"]),
    reason=st.sampled_from(["as it is", "missing", "empty", "null", "unknown"]),
    done=st.sampled_from(["data: [DONE]\n\n", "data:[DONE]\n\n", "data: [DONE]", "", ": bye\n\n"]),
    streamed=st.sampled_from([True, True, True, False]),
)


@EACH_SDK
@given(
    manner=MANNERS,
    content=CONTENTS,
    token_chars=st.sampled_from([4, 7, 40]),
    sizes=SIZES,
    framing=st.sampled_from(["chunked", "length", "close"]),
    full_stop=st.booleans(),
)
@settings(max_examples=30)
def test_whatever_its_manner_what_is_sent_is_spoken(
    run: Run,
    sdk: str,
    manner: Manner,
    content: str,
    token_chars: int,
    sizes: list[int],
    framing: Framing,
    full_stop: bool,
) -> None:
    is_told = manner.reason in ("as it is", "unknown") or "DONE" in manner.done or not manner.streamed
    if not full_stop and (is_told or framing != "close"):
        content = content.rstrip(".!")
    answer = Answer(cut_in(body_of(manner, content, token_chars), sizes), framing)
    spoken, error = run(lambda rungs: rungs.reply(sdk, answer))
    assert error is None
    assert spoken == as_spoken(content)


def as_spoken(content: str) -> str:
    """What the gate leaves of it: its own matter."""
    return " ".join(content.replace(" 😀", "").split())


@EACH_SDK
@given(
    manner=MANNERS,
    content=CONTENTS,
    sizes=SIZES,
    framing=st.sampled_from(["chunked", "length"]),
    cut=st.sampled_from(["reset", "closed"]),
    share=st.floats(0, 1),
)
@settings(max_examples=25)
def test_what_http_shows_as_cut_is_a_beginning_and_has_failed_unless_it_was_told_to_be_over(
    run: Run, sdk: str, manner: Manner, content: str, sizes: list[int], framing: Any, cut: Any, share: float
) -> None:
    body = body_of(replace(manner, streamed=True), content)
    answer = Answer(cut_in(body[: int(share * len(body))], sizes), framing, cut)
    spoken, error = run(lambda rungs: rungs.reply(sdk, answer))
    assert as_spoken(content).startswith(spoken)
    assert error is not None or spoken == as_spoken(content)


A, B = chunk("Слева "), chunk("собака", "stop")
KEYS = ("choices", "delta", "message", "content", "text", "type", "thinking", "finish_reason", "error")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["", "text", "stop", "error", "Да"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(KEYS),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_any_json_is_a_chunk(value: Any) -> None:
    chunk = chunk_of(json.dumps(value).encode())
    assert isinstance(chunk.text, str)
    assert chunk.finish_reason is None or chunk.finish_reason
    assert chunk.thoughts >= 0


PIECES = st.sampled_from(
    (
        *(b"data:", b"data: ", b"event: ", b"error", b"error: ", b"id: 1", b"\n", b"\r", b"\r\n", b"\n\n"),
        *(b":", b"{", b"}", b"[DONE]", b"<html>", b"\xef\xbb\xbf", b"\xd0", b"\x00", b"{}"),
        *(A.encode(), B.encode()),
    )
)


@given(st.lists(PIECES, max_size=30).map(b"".join), SIZES)
def test_any_bytes_are_chunks_or_a_clear_failure_however_they_are_cut(body: bytes, sizes: list[int]) -> None:
    async def read(pieces: list[bytes]) -> tuple[str, str]:
        async def parts() -> Any:
            for piece in pieces:
                yield piece

        text = ""
        try:
            async for each in chunks_of(parts()):
                text += each.text
        except RungError as error:
            return text, str(error)
        return text, ""

    assert asyncio.run(read(cut_in(body, sizes))) == asyncio.run(read([body]))
