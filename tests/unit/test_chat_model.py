"""What a chat model streams becomes clauses: whole ones, ended well, and nothing said twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from types import SimpleNamespace, TracebackType
from typing import Any, Self

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.clouds.chat_wire import sse
from edge.commentator.forbidden import Forbidden, load_blocklists
from edge.commentator.models.chat import LONGEST_REPLY, ChatModel, ChatService
from edge.commentator.models.endings import ENDINGS
from edge.commentator.models.request import ModelRequest, WrittenClause
from edge.commentator.wording import WrittenWords
from edge.ladder import RungError, RungOutput


class ScriptedStream:
    """What an SDK's ``create`` returns, and its response: the tokens, and at last why the reply ended."""

    def __init__(self, tokens: Sequence[str], finish_reason: str | None) -> None:
        self.response = self
        self._chunks = [_chunk(token, None) for token in tokens]
        if finish_reason:
            self._chunks.append(_chunk(None, finish_reason))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def aiter_bytes(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            yield chunk


def _chunk(content: str | None, finish_reason: str | None) -> bytes:
    return sse({"choices": [{"delta": {"content": content}, "finish_reason": finish_reason}]})


async def said_by_model(
    *tokens: str,
    finish_reason: str | None = "stop",
    said: str = "",
    opener: str = "",
    broken: list[RungError] | None = None,
    may_be_aside: bool = False,
    asides: list[WrittenClause] | None = None,
) -> list[str]:
    async def create(**_: Any) -> ScriptedStream:
        return ScriptedStream(tokens, finish_reason)

    client = SimpleNamespace(
        chat=SimpleNamespace(completions=SimpleNamespace(create=create)),
        models=SimpleNamespace(with_raw_response=SimpleNamespace(list=None)),
    )
    model = ChatModel(ChatService("scripted", client, {}), forbidden=Forbidden())
    request = ModelRequest(
        language="en", system="", user="a dog", said=said, opener=opener, may_be_aside=may_be_aside
    )
    clauses: list[str] = []
    try:
        async for clause in model.open(request):
            if clause and clause.is_aside and asides is not None:
                asides.append(clause)
            else:
                clauses += [clause.text] if clause else []
    except RungError as error:
        if broken is None:
            raise
        broken.append(error)
    return clauses


@pytest.mark.parametrize("finish_reason", ["length", "content_filter"])
async def test_a_reply_that_was_cut_off_is_ended_well(finish_reason: str) -> None:
    clauses = await said_by_model("Two dogs, ", "and one of th", finish_reason=finish_reason)
    assert clauses == ["Two dogs,", ENDINGS["en"]]


async def test_a_stream_that_stops_in_mid_sentence_without_a_reason_has_broken_off() -> None:
    broken: list[RungError] = []
    clauses = await said_by_model("Two dogs, ", "and one of th", finish_reason=None, broken=broken)
    assert clauses == ["Two dogs,"]
    assert "finish_reason" in str(broken[0])


@pytest.mark.parametrize("end", ["here.", "here!»", "here in Zone 3."])
async def test_a_service_that_gives_no_reason_may_end_behind_a_sentence(end: str) -> None:
    clauses = await said_by_model("Two dogs, ", end, finish_reason=None)
    assert clauses == ["Two dogs,", end.rstrip("»")]


async def test_a_model_that_begins_anew_instead_of_going_on_is_not_heard_twice() -> None:
    clauses = await said_by_model("Two dogs, and ", "a cat. Fine.", said="Two dogs,")
    assert clauses == ["and a cat.", "Fine."]


async def test_nor_is_the_opener() -> None:
    clauses = await said_by_model("Oh, look! Two dogs, and ", "a cat.", said="Two dogs,", opener="Oh, look!")
    assert clauses == ["and a cat."]


@pytest.mark.parametrize("endless", ["<think>hm ", "!", " ", "[]!", "a@"])
async def test_a_reply_without_an_end_is_read_no_further(endless: str) -> None:
    broken: list[RungError] = []
    tokens = [endless] * LONGEST_REPLY
    assert await said_by_model("Two dogs here. ", *tokens, broken=broken) in (
        ["Two dogs here."],
        ["Two dogs here.", ENDINGS["en"]],  # the gate has stopped it before
    )
    assert not broken or "does not end" in str(broken[0])


async def test_why_a_reply_was_stopped_is_told_without_its_words() -> None:
    async def create(**_: Any) -> ScriptedStream:
        return ScriptedStream(("You are idiots. ", "Look left."), "stop")

    client = SimpleNamespace(
        chat=SimpleNamespace(completions=SimpleNamespace(create=create)),
        models=SimpleNamespace(with_raw_response=SimpleNamespace(list=None)),
    )
    model = ChatModel(ChatService("scripted", client, {}), forbidden=load_blocklists())
    request = ModelRequest(language="en", system="", user="a dog")
    assert [clause async for clause in model.open(request) if clause] == []
    assert request.refused == ["scripted: it insults"]
    words = WrittenWords(lambda: asyncio.sleep(0, request), _nothing, "t")
    assert [clause async for clause in words.clauses()] == []
    assert list(words.refused) == ["scripted: it insults"]


async def _nothing(request: ModelRequest) -> AsyncGenerator[RungOutput[WrittenClause], None]:
    for output in ():
        yield output


PIECES = """A dog, and a cat.|St. Mary's church.|See nuanu.com now.|It is 3.5 km. Then left.|2019. Then|
1. One
2. Two
|<think>hm, a dog.</think>|[THINK]no[/THINK]|**Wow**...|🐶|&amp;|<b>bold</b>|Oh!|sh!t|analysis|*| |
You idiots.|(laughs)|5 p.m.|it (was built"""
REPLIES = st.lists(st.sampled_from(PIECES.split("|")), max_size=8).map(" ".join)


@given(REPLIES, st.lists(st.integers(1, 9), min_size=1, max_size=4))
@settings(max_examples=60, deadline=None)
def test_any_chunking_of_a_reply_gives_the_same_speech(reply: str, sizes: list[int]) -> None:
    tokens, at = [], 0
    while at < len(reply):
        size = sizes[len(tokens) % len(sizes)]
        tokens.append(reply[at : at + size])
        at += size
    assert asyncio.run(said_by_model(*tokens)) == asyncio.run(said_by_model(reply))


@pytest.mark.parametrize(
    "reply",
    ["[skip]", " [skip]\n", "[SKIP].", "**[skip]**", '"[skip]"', "skip", "Skip.", "[skip", "[sk",
     "[skip] The passenger speaks to a child.", "<think>To a child.</think>[skip]"],
)  # fmt: skip
async def test_a_model_may_tell_that_the_guide_was_not_meant(reply: str, subtests: pytest.Subtests) -> None:
    for size in (1, 2, 5, 99):
        with subtests.test(size=size):
            asides: list[WrittenClause] = []
            tokens = [reply[at : at + size] for at in range(0, len(reply), size)]
            assert await said_by_model(*tokens, may_be_aside=True, asides=asides) == []
            assert [aside.text for aside in asides] == [""]


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ("Skip the line on the left.", "Skip the line on the left."),
        ("The temple opens at eight. [skip]", "The temple opens at eight."),
        ("The [skip]temple opens at eight.", "The temple opens at eight."),
        ("S", "S"),
        ("İstanbul is far. [skip]", "İstanbul is far."),
    ],
)
@pytest.mark.parametrize("size", [1, 3, 99])
async def test_an_answer_is_said_without_the_mark(reply: str, said: str, size: int) -> None:
    asides: list[WrittenClause] = []
    tokens = [reply[at : at + size] for at in range(0, len(reply), size)]
    told = await said_by_model(*tokens, finish_reason="stop", may_be_aside=True, asides=asides)
    assert " ".join(told) == said
    assert not asides


async def test_who_was_called_by_name_is_asked_no_such_thing() -> None:
    assert await said_by_model("Skip", ".") == ["Skip."]
