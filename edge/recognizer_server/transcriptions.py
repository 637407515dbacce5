"""``/v1/audio/transcriptions`` as OpenAI has it: a shuttle's own cloud rung can use this recognizer."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from edge.http.access import address_of, refused
from edge.ladder import RungError
from edge.listener.framing import Framer
from edge.listener.segment import SAMPLE_RATE, RecognitionRequest, Segment, Transcript
from edge.listener.segmenter import Segmenter
from edge.listener.speech_events import SegmentReady
from edge.messages import Language
from edge.recognizer_server.parameters import MAX_PROMPT_CHARS
from edge.recognizer_server.service import RecognizerService, client_name
from edge.sound.samples import from_int16
from edge.sound.wav_reader import WavError, WavReader

MAX_BYTES = 25 * 1024 * 1024
"""As OpenAI has it."""
MAX_SOUND_S = 900.0
WHOLE_S = 30.0
"""Up to here it is recognised as it came: whoever asks has cut it out. Longer sound is cut at its pauses."""
FRAMES_AT_ONCE = 32
FORMATS = ("json", "text", "verbose_json")
NAMES = {"ru": "russian", "en": "english", "id": "indonesian", "de": "german", "fr": "french"}
BLOCK_FRAMES = SAMPLE_RATE
"""Samples that are resampled at once."""


class BadRequest(Exception):
    """The text says what was expected and what came."""


def transcriptions(service: RecognizerService) -> Callable[[Request], Any]:
    """The endpoint."""

    async def answer(request: Request) -> Response:
        address = address_of(request.scope)
        if why := service.refusal_for(address):
            return refused(503, why.why, retry_after_s=why.retry_after_s)
        try:
            with service.place(address):
                async with request.form(max_files=1, max_fields=20, max_part_size=64 * 1024) as form:
                    return await _transcribed(service, client_name(request).key, form)
        except BadRequest as error:
            return refused(400, str(error))
        except RungError as error:
            return refused(503, str(error), retry_after_s=5.0)

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


async def _transcribed(service: RecognizerService, client: str, form: FormData) -> Response:
    kind = form.get("response_format") or "json"
    if kind not in FORMATS:
        raise BadRequest(f"response_format: expected {', '.join(FORMATS)}")
    language = form.get("language") or None
    known = service.settings.recognizer_server.languages
    if language is not None and language not in known:
        raise BadRequest(f"language: expected {', '.join(known)}, or none to have it found out")
    if language is None and len(known) == 1:
        language = known[0]
    prompt = form.get("prompt") or service.settings.listener.recognizer.hint
    if not isinstance(prompt, str) or len(prompt) > MAX_PROMPT_CHARS:
        raise BadRequest(f"prompt: expected text of at most {MAX_PROMPT_CHARS} characters")
    file = form.get("file")
    if not isinstance(file, UploadFile):
        raise BadRequest("expected a sound file in the field file")
    samples = await asyncio.to_thread(_samples_of, file.file)
    parts = await _recognised(service, f"{client}#http", samples, cast("Language | None", language), prompt)
    service.counters["transcriptions"] += 1
    return _response(str(kind), parts, len(samples) / SAMPLE_RATE)


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
    service: RecognizerService,
    client: str,
    samples: NDArray[np.int16],
    language: Language | None,
    prompt: str,
) -> list[tuple[float, float, Transcript]]:
    """Begin and end in seconds, and what was said there. Raises RungError."""
    if not len(samples):
        return []
    if len(samples) <= WHOLE_S * SAMPLE_RATE:
        pieces = [(0.0, samples)]
    else:
        pieces = [(segment.speech_start_mono, segment.samples) async for segment in _cut(service, samples)]
    parts = []
    for begin_s, piece in pieces:
        understood = await service.recognizer.recognise(client, RecognitionRequest(piece, language, prompt))
        parts.append((begin_s, begin_s + len(piece) / SAMPLE_RATE, understood))
    return parts


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


def _response(kind: str, parts: list[tuple[float, float, Transcript]], duration_s: float) -> Response:
    text = " ".join(transcript.text for _, _, transcript in parts if transcript.text)
    if kind == "text":
        return PlainTextResponse(text + "\n")
    if kind == "json":
        return JSONResponse({"text": text})
    language = next((transcript.language for *_, transcript in parts if transcript.language), None)
    segments = [
        {
            "id": number,
            "seek": 0,
            "start": round(begin_s, 2),
            "end": round(end_s, 2),
            "text": transcript.text,
            "tokens": [],
            "temperature": 0.0,
            "avg_logprob": math.log(transcript.confidence) if transcript.confidence else 0.0,
            "compression_ratio": 1.0,
            "no_speech_prob": 0.0,
        }
        for number, (begin_s, end_s, transcript) in enumerate(parts)
        if transcript.text
    ]
    return JSONResponse(
        {
            "task": "transcribe",
            "language": NAMES.get(language or "", language),
            "duration": round(duration_s, 2),
            "text": text,
            "segments": segments,
        }
    )
