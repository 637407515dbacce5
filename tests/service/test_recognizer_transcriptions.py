"""``/v1/audio/transcriptions`` by OpenAI's own package, and by clients that get its form wrong."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import numpy as np
import openai
import pytest

from edge.listener.recognizers.cloud import encode_wav
from edge.recognizer_server.server import RecognizerServer
from tests.support.recognizer_server import needs_voice, sentence, served, settings_with


@asynccontextmanager
async def openai_client(server: RecognizerServer) -> AsyncIterator[Any]:
    base_url = f"http://{server.control.address}/v1"
    async with openai.AsyncOpenAI(api_key="any", base_url=base_url, max_retries=0) as client:
        yield client.audio.transcriptions


def wav(*numbers: int) -> io.BytesIO:
    file = io.BytesIO(encode_wav(np.concatenate([sentence(number) for number in numbers])))
    file.name = "said.wav"
    return file


@needs_voice
@pytest.mark.parametrize(
    ("given", "told"),
    [
        *((code, name) for code, name in [("de", "german"), ("fr", "french"), ("id", "indonesian")]),
        ("DE", "german"),
        ("fr-CA", "french"),
        ("German", "german"),
        (None, "english"),
    ],
)
async def test_the_language_that_is_asked_for(given: str | None, told: str) -> None:
    async with served() as server, openai_client(server) as client:
        asked = {} if given is None else {"language": given}
        said = await client.create(model="any", file=wav(3), response_format="verbose_json", **asked)
        assert (said.text, said.language) == ("sentence 3", told)


@needs_voice
async def test_a_language_that_is_not_taken_is_refused_with_those_that_are() -> None:
    async with served(languages=("de", "fr")) as server, openai_client(server) as client:
        for language in ("xx", "en", "tlh-KX", "d"):
            with pytest.raises(openai.BadRequestError, match="language: expected de, fr, or none"):
                await client.create(model="any", file=wav(3), language=language)


@needs_voice
async def test_one_language_alone_need_not_be_asked_for() -> None:
    async with served(languages=("fr",)) as server, openai_client(server) as client:
        said = await client.create(model="any", file=wav(3), response_format="verbose_json")
        assert said.language == "french"


@needs_voice
async def test_subtitles_have_the_times_of_their_sentences() -> None:
    async with served() as server, openai_client(server) as client:
        file = wav(*range(10))
        srt = await client.create(model="any", file=file, response_format="srt", temperature=0.2)
        cues = [cue.splitlines() for cue in srt.strip().split("\n\n")]
        assert [cue[0] for cue in cues] == [str(number) for number in range(1, 11)]
        assert [cue[2] for cue in cues] == [f"sentence {number}" for number in range(10)]
        assert cues[0][1].startswith("00:00:00,")
        file.seek(0)
        vtt = await client.create(model="any", file=file, response_format="vtt")
        assert vtt.startswith("WEBVTT\n\n00:00:00.")
        assert vtt.count(" --> ") == 10


@needs_voice
@pytest.mark.parametrize("numbers", [(4,), tuple(range(10))])
async def test_a_streamed_transcript_tells_each_sentence_and_the_whole(numbers: tuple[int, ...]) -> None:
    async with served() as server, openai_client(server) as client:
        stream = await client.create(model="any", file=wav(*numbers), stream=True)
        events = [each async for each in stream]
        text = " ".join(f"sentence {number}" for number in numbers)
        assert [each.type for each in events] == [
            *["transcript.text.delta"] * len(numbers),
            "transcript.text.done",
        ]
        assert "".join(each.delta for each in events[:-1]) == events[-1].text == text
        assert server.service.state()["clients"] == 0


@needs_voice
async def test_sound_at_any_rate_and_in_every_form_of_wav() -> None:
    async with served() as server, openai_client(server) as client:
        plain = encode_wav(sentence(6))
        streamed = plain[:4] + b"\xff\xff\xff\xff" + plain[8:40] + b"\xff\xff\xff\xff" + plain[44:]
        assert (await client.create(model="any", file=("pipe.wav", streamed))).text == "sentence 6"
        silence = encode_wav(np.zeros(0, np.int16))
        assert (await client.create(model="any", file=("empty.wav", silence))).text == ""


async def test_what_is_no_sound_is_named() -> None:
    async with served() as server, openai_client(server) as client:
        for sound, came in (
            (b"ID3\x04" + bytes(500), "came MP3"),
            (b"OggS" + bytes(500), "came Ogg"),
            (b"\xff\xfb\x90\x64" + bytes(500), "expected a WAV file"),
            (b"", "came nothing"),
            (b"RIFF\x24\x00\x00\x00WAVE", "ends before its sound"),
        ):
            with pytest.raises(openai.BadRequestError, match=came):
                await client.create(model="any", file=("said.mp3", sound))


async def test_requests_that_are_no_form_are_refused_in_openais_form() -> None:
    form = {"content-type": "multipart/form-data; boundary=x"}
    async with served() as server, httpx.AsyncClient(timeout=30) as http:
        url = f"http://{server.control.address}/v1/audio/transcriptions"
        field = b'--x\r\nContent-Disposition: form-data; name="file"'
        for headers, body in (
            ({}, b""),
            ({"content-type": "application/json"}, b'{"file": "x"}'),
            ({"content-type": "multipart/form-data"}, b"--x--"),
            (form, b""),
            (form, b"--y\r\n"),
            (form, field + b"\r\n\r\nas text\r\n--x--\r\n"),
            (form, field + b'; filename="a.wav"\r\n\r\nRIFF'),
            (form, (field + b'; filename="a.wav"\r\n\r\nRIFF\r\n') * 3 + b"--x--\r\n"),
            (
                form,
                b'--x\r\nContent-Disposition: form-data; name="language"\r\n\r\nde\r\n' * 99 + b"--x--\r\n",
            ),
            (
                form,
                b'--x\r\nContent-Disposition: form-data; name="prompt"\r\n\r\n'
                + b"a" * 99_999
                + b"\r\n--x--",
            ),
            (form, b"\x00" * 5000),
            ({"content-type": "multipart/form-data; boundary=" + "x" * 5000}, b"--x"),
        ):
            answer = await http.post(url, headers=headers, content=body)
            assert answer.status_code == 400, (headers, body[:80], answer.text)
            assert json.loads(answer.text)["error"]["message"]
        assert server.service.state()["clients"] == 0


async def test_a_recognizer_that_does_not_work_is_no_empty_transcript() -> None:
    settings = settings_with()
    async with served(settings) as server, openai_client(server) as client:
        await server._ladder.close()
        with pytest.raises(openai.APIStatusError) as refused:
            await client.create(
                model="any", file=("x.wav", encode_wav(np.zeros(9000, np.int16))), stream=True
            )
        assert refused.value.status_code == 503
