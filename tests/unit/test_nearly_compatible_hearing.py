"""Transcripts of services that are nearly OpenAI-compatible, over a real socket."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import numpy as np
import pytest

from edge.clouds.clients import groq_client, openai_client
from edge.ladder import RungError
from edge.listener.recognizers.cloud import CloudRecognizer
from edge.listener.segment import SAMPLE_RATE, RecognitionRequest
from tests.support.raw_http import Answer, RawServer

TEXT = "Гид, что это за храм?"
REQUEST = RecognitionRequest(np.zeros(SAMPLE_RATE, np.int16), "ru")
EACH_SDK = pytest.mark.parametrize("sdk", ["groq", "openai"])


@pytest.fixture
async def server() -> AsyncIterator[RawServer]:
    async with RawServer().running() as server:
        yield server


async def heard(server: RawServer, sdk: str, answer: Answer) -> str:
    server.answer = answer
    client = groq_client("key", server.url) if sdk == "groq" else openai_client("key", f"{server.url}/v1")
    recognizer = CloudRecognizer(sdk, client, "m", verbose=sdk == "groq")
    try:
        return " ".join([transcript.text async for transcript in recognizer.open(REQUEST)])
    finally:
        await recognizer.close()


def encoded(answer: object, **how: object) -> bytes:
    return json.dumps(answer, ensure_ascii=False, **how).encode()  # type: ignore[arg-type]


WHOLE = {
    "a BOM": b"\xef\xbb\xbf" + encoded({"text": TEXT}),
    "indented": b"\r\n" + encoded({"text": TEXT}, indent=2).replace(b"\n", b"\r\n") + b"\r\n",
    "no type": encoded({"text": f" {TEXT}\n", "error": None}),
    "segments without words": encoded({"text": TEXT, "segments": [{"start": 0, "end": 1}]}),
    "null segments": encoded({"text": TEXT, "segments": None, "language": None}),
    "only segments": encoded({"segments": [{"text": "Гид,"}, {"text": " что это за храм?"}]}),
    "an unknown language": encoded({"text": TEXT, "language": "klingon", "usage": {"type": "tokens"}}),
}


@EACH_SDK
@pytest.mark.parametrize("body", WHOLE.values(), ids=WHOLE)
async def test_what_is_a_transcript_is_heard(server: RawServer, sdk: str, body: bytes) -> None:
    for pieces in ([body], [bytes([byte]) for byte in body]):
        for kind in ("application/json", "text/plain"):
            answer = Answer(pieces, head=(f"Content-Type: {kind}",))
            assert await heard(server, sdk, answer) == TEXT


RUBBISH = {
    "a page": (b"<html><title>Log in</title></html>", "a web page"),
    "a page behind a BOM": (b"\xef\xbb\xbf\n<!doctype html>", "a web page"),
    "nothing": (b"", "nothing"),
    "words": ("Гид".encode(), "other bytes"),
    "no text": (b'{"duration": 1}', "JSON without a text"),
    "an error": (
        b'{"error": {"code": "model_not_found"}}',
        "JSON without a text: model 'm' is not there",
    ),
    "an error as text": (
        b'{"error": "model_not_found"}',
        "JSON without a text: model 'm' is not there",
    ),
    "broken JSON": (b'{"text": "', "JSON that breaks off"),
}


@EACH_SDK
@pytest.mark.parametrize(("body", "line"), RUBBISH.values(), ids=RUBBISH)
async def test_rubbish_in_a_200_is_told_in_a_clear_line(
    server: RawServer, sdk: str, body: bytes, line: str
) -> None:
    with pytest.raises(RungError) as failure:
        await heard(server, sdk, Answer([body], "length"))
    assert f"expected a transcript, came {line}" in str(failure.value)


@EACH_SDK
@pytest.mark.parametrize("status", ["302 Found", "307 Temporary Redirect"])
async def test_a_redirect_to_a_login_page_is_not_followed(server: RawServer, sdk: str, status: str) -> None:
    answer = Answer([b""], "length", status=status, head=("Location: http://127.0.0.1:9/login",))
    with pytest.raises(RungError, match="points to another address"):
        await heard(server, sdk, answer)


@EACH_SDK
async def test_an_answer_that_is_cut_is_none(server: RawServer, sdk: str) -> None:
    for answer in (Answer([encoded({"text": TEXT})], "length", "closed"), Answer([b"{"], "chunked", "reset")):
        with pytest.raises(RungError):
            await heard(server, sdk, answer)
