"""What a streamed reply has used is counted once, however it ends: as the service says, or estimated."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from types import SimpleNamespace, TracebackType
from typing import Any, Self

import pytest

from bench.clouds.chat_wire import sse
from edge.commentator.forbidden import Forbidden
from edge.commentator.models.chat import ChatModel, ChatService
from edge.commentator.models.request import ModelRequest
from edge.ladder import RungError
from edge.spending.lines import CHARS_PER_TOKEN, Purpose, Unit
from tests.support.simulated import in_simulated_time

USAGE = {"prompt_tokens": 321, "completion_tokens": 45}
REQUEST = ModelRequest(language="en", system="s" * 270, user="u" * 30)
ASKED = 300 // CHARS_PER_TOKEN
HANGS = b""
"""In a script: nothing comes any more."""

Noted = list[tuple[str, Purpose, Mapping[Unit, float]]]


class ScriptedStream:
    def __init__(self, events: Sequence[bytes]) -> None:
        self.response = self
        self._events = events

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def aiter_bytes(self) -> AsyncIterator[bytes]:
        for event in self._events:
            if event == HANGS:
                await asyncio.Event().wait()
            yield event


def model_of(events: Sequence[bytes], noted: Noted, asked: list[Any], *, local: bool = False) -> ChatModel:
    async def create(**options: Any) -> ScriptedStream:
        asked.append(options["extra_body"])
        if not events:
            raise OSError("connection refused")
        return ScriptedStream(events)

    client = SimpleNamespace(
        chat=SimpleNamespace(completions=SimpleNamespace(create=create)),
        models=SimpleNamespace(with_raw_response=SimpleNamespace(list=None)),
    )
    service = ChatService("scripted", client, {}, local=local)
    return ChatModel(service, Forbidden(), lambda *note: noted.append(note))


def said(content: str, **more: Any) -> bytes:
    return sse({"choices": [{"delta": {"content": content, **more}}]})


END = sse({"choices": [{"delta": {}, "finish_reason": "stop"}]})
GROQ_END = sse(
    {"choices": [{"delta": {}, "finish_reason": "stop"}], "x_groq": {"id": "req_1", "usage": USAGE}}
)
OPENAI_USAGE = sse({"choices": [], "usage": USAGE})


async def noted_of(
    *events: bytes, request: ModelRequest = REQUEST, broken: bool = False, local: bool = False
) -> Noted:
    noted: Noted = []
    model = model_of(events, noted, [], local=local)
    with pytest.raises(RungError) if broken else contextlib.nullcontext():
        async for _ in model.open(request):
            pass
    return noted


@pytest.mark.parametrize("ends", [(GROQ_END,), (END, OPENAI_USAGE), (GROQ_END, OPENAI_USAGE)])
@in_simulated_time
async def test_what_the_service_has_counted_counts(ends: tuple[bytes, ...]) -> None:
    noted = await noted_of(said("Two dogs, "), said("and a cat."), *ends)
    assert noted == [("scripted", "remark", {"tokens_in": 321, "tokens_out": 45})]


@in_simulated_time
async def test_a_paid_service_is_asked_to_count_and_a_local_one_is_neither_asked_nor_counted() -> None:
    for local, extra in ((False, {"stream_options": {"include_usage": True}}), (True, {})):
        noted: Noted = []
        asked: list[Any] = []
        model = model_of([said("A dog."), GROQ_END], noted, asked, local=local)
        assert [clause.text async for clause in model.open(REQUEST) if clause] == ["A dog."]
        assert asked == [{"messages": REQUEST.messages(), **extra}]
        assert len(noted) == (not local)


@in_simulated_time
async def test_where_it_has_not_counted_the_tokens_are_estimated_thoughts_with_them() -> None:
    noted = await noted_of(said("", reasoning="t" * 60), said("A dog is on the right."), END)
    out = (60 + len("A dog is on the right.")) // CHARS_PER_TOKEN
    assert noted == [("scripted", "remark", {"tokens_in": ASKED, "tokens_out": out})]


@pytest.mark.parametrize(
    "counted", [{"prompt_tokens": "many"}, {"prompt_tokens": -1}, {"prompt_tokens": 1e12}, []]
)
@in_simulated_time
async def test_nonsense_is_not_counted(counted: Any) -> None:
    noted = await noted_of(said("A dog."), END, sse({"choices": [], "usage": counted}))
    assert noted == [("scripted", "remark", {"tokens_in": ASKED, "tokens_out": 2})]


@pytest.mark.parametrize("events", [(HANGS,), (said("Two dogs, and "), said("a cat, "), HANGS)])
@in_simulated_time
async def test_what_was_left_before_its_end_counts_as_far_as_it_was_seen(events: tuple[bytes, ...]) -> None:
    """As an attempt of the ladder is abandoned that lost its race, or whose turn was interrupted."""
    noted: Noted = []
    stream = model_of(events, noted, []).open(REQUEST)
    waiting = asyncio.ensure_future(_read_all(stream))
    await asyncio.sleep(0.05)
    assert noted == []
    waiting.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await waiting
    await stream.aclose()
    out = len("Two dogs, and a cat, ") // CHARS_PER_TOKEN if len(events) > 1 else 0
    assert noted == [("scripted", "remark", {"tokens_in": ASKED, "tokens_out": out})]


async def _read_all(stream: Any) -> None:
    async for _ in stream:
        pass


@in_simulated_time
async def test_what_breaks_in_mid_stream_counts_and_what_never_began_does_not() -> None:
    broken_off = await noted_of(said("Two dogs, and "), sse({"error": {"code": "x"}}), broken=True)
    assert [amounts["tokens_in"] for _, _, amounts in broken_off] == [ASKED]
    assert await noted_of(broken=True) == []


@in_simulated_time
async def test_what_it_is_for_is_told() -> None:
    question = ModelRequest(language="en", system="", user="?", is_answer=True)
    assert [purpose for _, purpose, _ in await noted_of(said("Yes."), END, request=question)] == ["answer"]
    guess = ModelRequest(language="en", system="", user="?", is_answer=True, is_guess=True)
    assert [purpose for _, purpose, _ in await noted_of(said("Yes."), END, request=guess)] == ["guess"]
    noted: Noted = []
    await model_of([said("Yes."), END], noted, []).probe()
    assert [purpose for _, purpose, _ in noted] == ["probe"]
