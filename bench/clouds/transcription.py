"""An emulated speech recognition: ``audio/transcriptions`` as Groq and as OpenAI offer it.

By default it understands what the emulated voices speak (see ``tones``); a script can put any words in its
mouth. The fields and answers are those of ``groq`` 1.7.0, ``openai`` 3.52.0 and the vendors' documents.
"""

from __future__ import annotations

import io
import re
import time
import wave
from collections.abc import Callable

import numpy as np
from aiohttp import web

from bench.clouds import chat_wire
from bench.clouds.chat_wire import Dialect, Json
from bench.clouds.faults import (
    ERROR_STATUS,
    KINDS_OF_SERVICE,
    CloudName,
    Fault,
    FaultKind,
    FaultSwitch,
)
from bench.clouds.http_audio import answer_without_end
from bench.clouds.listener import cut, record_of, request_faults_of_http
from bench.clouds.pacing import Weather, hang, sleep_until
from bench.clouds.tones import PcmSamples, decode

Hear = Callable[[PcmSamples, int], str]
"""From int16 mono samples, shape (n,), and their rate in Hz to the transcript."""

SERVICES: dict[str, CloudName] = {"groq": "groq_transcription", "openai": "openai_transcription"}
MODELS = {
    "groq": ("whisper-large-v3-turbo", "whisper-large-v3"),
    "openai": ("gpt-4o-mini-transcribe", "gpt-4o-transcribe", "whisper-1"),
}
LANGUAGE_NAMES = {"ru": "Russian", "en": "English", "id": "Indonesian"}


class TranscriptionService:
    """Speech recognition of one vendor."""

    def __init__(self, dialect: Dialect, api_key: str, weather: Weather, hear: Hear = decode) -> None:
        self.faults = FaultSwitch(SERVICES[dialect.name])
        self.request_faults = request_faults_of_http
        self._dialect = dialect
        self._path = f"{dialect.prefix}/audio/transcriptions"
        self._api_key = api_key
        self._weather = weather
        self._hear = hear

    def routes(self) -> list[web.RouteDef]:
        return [web.post(self._path, self._transcriptions)]

    def owns(self, path: str) -> bool:
        return path == self._path

    def error_response(self, fault: Fault) -> web.Response:
        code = {
            FaultKind.ERROR_401: "invalid_api_key",
            FaultKind.ERROR_404: "model_not_found",
            FaultKind.ERROR_429: "rate_limit_exceeded",
        }.get(fault.kind)
        retry_after_s = fault.retry_after_s if fault.kind == FaultKind.ERROR_429 else None
        return self._error(ERROR_STATUS[fault.kind], f"Emulated fault {fault.kind}", code, retry_after_s)

    async def _transcriptions(self, request: web.Request) -> web.StreamResponse:
        record = record_of(request)
        fields, sound = await _read_form(request)
        record.body = fields
        if (refusal := self._refusal(request, fields)) is not None:
            return refusal
        try:
            samples, rate = _read_wav(sound)
        except (wave.Error, EOFError, ValueError) as error:
            return self._error(400, f"could not process file - is it a valid media file? ({error})", None)
        fields["seconds"] = len(samples) / rate
        fault = self.faults.take(KINDS_OF_SERVICE[self.faults.service])
        kind = record.fault = fault.kind if fault else None
        text = "" if kind == FaultKind.EMPTY_REPLY else self._hear(samples, rate)
        output = record.begin_output(text)
        await sleep_until(output.requested_mono + self._latency_s())
        if kind == FaultKind.HANG_MID_STREAM:
            await hang()
        if kind == FaultKind.CUT_MID_STREAM:
            await cut(request)
        if kind == FaultKind.NEVER_ENDS:
            await answer_without_end(request, b'{"text": "', b"word ")
        output.first_mono = time.monotonic()
        if kind == FaultKind.GARBAGE:
            return web.Response(body=b'{"text": "', content_type="application/json")
        answer: Json = {"text": text}
        if fields.get("response_format") == "verbose_json":
            answer |= _details(text, fields.get("language"), fields["seconds"])
        return web.json_response(answer, headers=chat_wire.rate_limit_headers(self._dialect))

    def _refusal(self, request: web.Request, fields: Json) -> web.Response | None:
        if request.headers.get("authorization") != f"Bearer {self._api_key}":
            return self._error(401, "Invalid API Key", "invalid_api_key")
        model = fields.get("model")
        if model not in MODELS[self._dialect.name]:
            return self._error(404, f"The model `{model}` does not exist", "model_not_found")
        # The models that are not Whisper tell nothing but the text.
        formats = ("json", "verbose_json") if model.startswith("whisper") else ("json",)
        if (came := fields.get("response_format", "json")) not in formats:
            return self._error(400, f"response_format {came!r} is not compatible with {model}", None)
        return None

    def _latency_s(self) -> float:
        return self._weather.latency_s(self._weather.profile.transcription_s)

    def _error(
        self, status: int, message: str, code: str | None, retry_after_s: int | None = None
    ) -> web.Response:
        body = chat_wire.error_body(self._dialect, message, "invalid_request_error", code)
        headers = chat_wire.rate_limit_headers(self._dialect, retry_after_s)
        return web.json_response(body, status=status, headers=headers)


async def _read_form(request: web.Request) -> tuple[Json, bytes]:
    """The text fields of a multipart form, and the bytes of its ``file``."""
    if not request.content_type.startswith("multipart/"):
        return {}, b""
    form = await request.post()
    fields: Json = {name: value for name, value in form.items() if isinstance(value, str)}
    upload = form.get("file")
    return fields, upload.file.read() if isinstance(upload, web.FileField) else b""


def _read_wav(sound: bytes) -> tuple[PcmSamples, int]:
    with wave.open(io.BytesIO(sound), "rb") as wav:
        if wav.getsampwidth() != 2 or wav.getnchannels() != 1 or not wav.getnframes():
            raise ValueError("expected 16-bit mono samples here")
        return np.frombuffer(wav.readframes(wav.getnframes()), np.int16), wav.getframerate()


def _details(text: str, language: str | None, seconds: float) -> Json:
    """What ``verbose_json`` adds. A language that was not asked for is told from the letters."""
    language = language or ("ru" if re.search("[а-яё]", text.lower()) else "en")
    segment = {
        "id": 0,
        "seek": 0,
        "start": 0.0,
        "end": seconds,
        "text": f" {text}",
        "tokens": [],
        "temperature": 0,
        "avg_logprob": -0.2,
        "compression_ratio": 1.1,
        "no_speech_prob": 0.01,
    }
    return {
        "task": "transcribe",
        "language": LANGUAGE_NAMES.get(language, language),
        "duration": seconds,
        "segments": [segment] if text else [],
    }
