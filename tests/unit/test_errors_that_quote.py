"""Services quote in their errors what they were asked. What passengers say does not reach the journal so."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st

from edge.clouds.clients import openai_client
from edge.commentator.models.chat import ChatModel
from edge.commentator.models.request import ModelRequest
from edge.config import OpenAI, Secret
from edge.failure_text import one_line
from edge.ladder import RungError
from edge.speaker.voices.openai_speech import OpenAISpeechVoice
from tests.support.speaking import script_of, speak

QUESTION = "где здесь можно купить лекарство от давления?"


async def refuse(request: web.Request) -> web.Response:
    """As servers refuse a body that pydantic refused: they quote what came."""
    body: dict[str, Any] = await request.json()
    came = body["messages"][-1]["content"] if "messages" in body else body["input"]
    error = {"message": f"Input should be shorter, input_value={came!r}", "type": "invalid_request_error"}
    return web.json_response({"error": error}, status=422)


@pytest.fixture
async def url() -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post("/v1/{path:.*}", refuse)
    async with TestServer(app) as server:
        yield str(server.make_url("/v1"))


async def test_an_error_of_a_model_does_not_quote_the_question(url: str) -> None:
    client = openai_client("key", url)
    model = ChatModel("strict", client, {"model": "m"}, blocked={"ru": frozenset()})
    request = ModelRequest(language="ru", system="…", user=f"<question>\n{QUESTION}\n</question>")
    with pytest.raises(RungError, match=r"422.*should be shorter") as caught:
        _ = [clause async for clause in model.open(request)]
    await client.close()
    assert "лекарство" not in str(caught.value)


async def test_an_error_of_a_voice_does_not_quote_the_answer(url: str) -> None:
    voice = OpenAISpeechVoice(OpenAI(api_key=Secret("key"), base_url=url))
    error = (await speak(voice, script_of([QUESTION]))).error
    await voice.close()
    assert "should be shorter" in str(error)
    assert "лекарство" not in str(error)


@pytest.mark.parametrize("escaped", [False, True])
def test_what_was_sent_is_left_out_escaped_or_not(escaped: bool) -> None:
    quoted = json.dumps(QUESTION, ensure_ascii=escaped).strip('"')
    assert one_line(f"bad input: {quoted}, too long", sent=QUESTION) == "bad input: …, too long"


def test_the_services_own_words_stay() -> None:
    words = "model `fast` is decommissioned; see the documentation"
    assert one_line(words, sent=QUESTION) == words


@given(st.text("абв ", min_size=8, max_size=60), st.text("xyz "), st.text("xyz "))
def test_nothing_of_what_was_sent_is_told(sent: str, before: str, behind: str) -> None:
    assert not set("абв") & set(one_line(before + sent + behind, sent=sent))
