"""``/v1/audio/transcriptions`` as OpenAI has it: a shuttle's own cloud rung can use this recognizer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, BinaryIO, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from edge.http.access import address_of, refused
from edge.ladder import RungError
from edge.listener.framing import Framer
from edge.listener.segment import SAMPLE_RATE, RecognitionRequest, Segment
from edge.listener.segmenter import Segmenter
from edge.listener.speech_events import SegmentReady
from edge.messages import Language
from edge.recognizer_server.language_tag import language_code
from edge.recognizer_server.parameters import MAX_PROMPT_CHARS
from edge.recognizer_server.service import RecognizerService, client_name
from edge.recognizer_server.transcript_formats import (
    FORMATS,
    TranscribedPart,
    in_format,
    told_at_the_end,
    told_of_failure,
    told_of_part,
)
from edge.sound.samples import from_int16
from edge.sound.wav_reader import WavError, WavReader

MAX_BYTES = 25 * 1024 * 1024
"""As OpenAI has it."""
MAX_SOUND_S = 900.0
WHOLE_S = 30.0
"""Up to here it is recognised as it came: whoever asks has cut it out. Longer sound is cut at its pauses."""
FRAMES_AT_ONCE = 32
BLOCK_FRAMES = SAMPLE_RATE
"""Samples that are resampled at once."""
MOST_FIELDS = 40
NO, YES = ("false", "0", "no", ""), ("true", "1", "yes")


class BadRequest(Exception):
    """The text says what was expected and what came."""


class _Asked(NamedTuple):
    """What a request wants."""

    kind: str
    """One of ``FORMATS``."""
    language: Language | None
    prompt: str
    stream: bool
    file: UploadFile


def transcriptions(service: RecognizerService) -> Callable[[Request], Any]:
    """The endpoint of ``/v1/audio/transcriptions``."""

    async def answer(request: Request) -> Response:
        address = address_of(request.scope)
        if why := service.refusal_for(address):
            return refused(503, why.why, retry_after_s=why.retry_after_s)
        try:
            with service.place(address):
                async with request.form(max_files=1, max_fields=MOST_FIELDS, max_part_size=64 * 1024) as form:
                    asked = _asked(service, form)
                    samples = await asyncio.to_thread(_samples_of, asked.file.file)
                parts = _recognised(service, f"{client_name(request).key}#http", samples, asked)
                if asked.stream:
                    return _StreamedTranscript(service, address, await _begun(parts))
                told = in_format(asked.kind, [part async for part in parts], len(samples) / SAMPLE_RATE)
        except BadRequest as error:
            return refused(400, str(error))
        except HTTPException as error:  # the form is none, too long or too late
            return refused(error.status_code, error.detail)
        except RungError as error:
            return refused(503, str(error), retry_after_s=5.0)
        service.counters["transcriptions"] += 1
        return PlainTextResponse(told) if isinstance(told, str) else JSONResponse(told)

    return answer


def models(service: RecognizerService) -> Callable[[Request], Any]:
    """What there is, in OpenAI's form: services look here whether a key is good."""

    async def answer(request: Request) -> Response:
        del request
        names = service.recognizer.facts()
        return JSONResponse(
            {
                "object": "list",
                "data": [{"id": name, "object": "model", "owned_by": "depot"} for name in names],
            }
        )

    return answer


def _asked(service: RecognizerService, form: FormData) -> _Asked:
    """Raises BadRequest."""
    kind = form.get("response_format") or "json"
    if kind not in FORMATS:
        raise BadRequest(f"response_format: expected {', '.join(FORMATS)}")
    known = service.settings.recognizer_server.languages
    named = form.get("language") or ""
    language = language_code(named) if isinstance(named, str) else "?"
    if language and language not in known:
        raise BadRequest(f"language: expected {', '.join(known)}, or none to have it found out")
    if not language and len(known) == 1:
        language = known[0]
    prompt = form.get("prompt") or service.settings.listener.recognizer.hint
    if not isinstance(prompt, str) or len(prompt) > MAX_PROMPT_CHARS:
        raise BadRequest(f"prompt: expected text of at most {MAX_PROMPT_CHARS} characters")
    if "word" in form.getlist("timestamp_granularities[]"):
        raise BadRequest("timestamp_granularities: expected segment; words have no times here")
    stream = str(form.get("stream") or "").lower()
    if stream not in (*NO, *YES):
        raise BadRequest("stream: expected true or false")
    file = form.get("file")
    if not isinstance(file, UploadFile):
        raise BadRequest("expected a sound file in the field file, in a multipart/form-data request")
    # Engines take more languages than the guide speaks.
    chosen = cast("Language | None", language or None)
    return _Asked(str(kind), chosen, " ".join(prompt.split()), stream in YES, file)


class _StreamedTranscript(StreamingResponse):
    """Tells each utterance when it is understood; holds a client's place until it ends."""

    def __init__(
        self, service: RecognizerService, address: str, parts: AsyncIterator[TranscribedPart]
    ) -> None:
        super().__init__(_events(service, parts), media_type="text/event-stream")
        self._service = service
        self._address = address

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._service.place(self._address):
            await super().__call__(scope, receive, send)


async def _begun(parts: AsyncIterator[TranscribedPart]) -> AsyncIterator[TranscribedPart]:
    """The parts, once the first is there: what cannot work at all still gets a status. Raises RungError."""
    first = await anext(parts, None)

    async def all_of_them() -> AsyncIterator[TranscribedPart]:
        if first is not None:
            yield first
        async for part in parts:
            yield part

    return all_of_them()


async def _events(service: RecognizerService, parts: AsyncIterator[TranscribedPart]) -> AsyncIterator[str]:
    said: list[TranscribedPart] = []
    try:
        async for part in parts:
            if part.transcript.text:
                yield told_of_part(part, is_first=not said)
                said.append(part)
    except RungError as error:
        yield told_of_failure(str(error))
        return
    service.counters["transcriptions"] += 1
    yield told_at_the_end(said)


def _samples_of(file: BinaryIO) -> NDArray[np.int16]:
    """Shape (n,), mono, 16 kHz. Raises BadRequest."""
    try:
        reader = WavReader(file)
    except WavError as error:
        raise BadRequest(f"file: {error}") from error
    if reader.frames > MAX_SOUND_S * reader.sample_rate:
        raise BadRequest(f"file: expected at most {MAX_SOUND_S:.0f} s of sound")
    samples = reader.rest()
    if reader.sample_rate == SAMPLE_RATE or not len(samples):
        return samples
    framer = Framer(reader.sample_rate)
    blocks = (samples[at : at + BLOCK_FRAMES] for at in range(0, len(samples), BLOCK_FRAMES))
    frames = [frame.samples for block in blocks for frame in framer.push(from_int16(block), 0.0)]
    return np.concatenate([*frames, *(frame.samples for frame in framer.flush())])


async def _recognised(
    service: RecognizerService, client: str, samples: NDArray[np.int16], asked: _Asked
) -> AsyncIterator[TranscribedPart]:
    """What was said in it, one utterance after the other. Raises RungError."""
    if len(samples) <= WHOLE_S * SAMPLE_RATE:
        pieces = [(0.0, samples)] if len(samples) else []
    else:
        pieces = [(segment.speech_start_mono, segment.samples) async for segment in _cut(service, samples)]
    for begin_s, piece in pieces:
        request = RecognitionRequest(piece, asked.language, asked.prompt)
        understood = await service.recognizer.recognise(client, request)
        yield TranscribedPart(begin_s, begin_s + len(piece) / SAMPLE_RATE, understood)


async def _cut(service: RecognizerService, samples: NDArray[np.int16]) -> Any:
    """The utterances of a long sound (``Segment``), with the seconds in it as their times."""
    segmenter = Segmenter(await service.make_vad(), service.settings.listener.endpointing)
    framer = Framer(SAMPLE_RATE)
    for at in range(0, len(samples), FRAMES_AT_ONCE * 512):
        block = samples[at : at + FRAMES_AT_ONCE * 512]
        for frame in framer.push(from_int16(block), (at + len(block)) / SAMPLE_RATE):
            for segment in _whole(segmenter.feed(frame)):
                yield segment
        await asyncio.sleep(0)
    for segment in _whole(segmenter.feed(None)):
        yield segment


def _whole(events: Any) -> list[Segment]:
    return [event.segment for event in events if isinstance(event, SegmentReady)]
