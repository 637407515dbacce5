"""An emulated OpenAI-compatible voice: ``/v1/audio/speech`` with PCM and WAV."""

from __future__ import annotations

import struct

from aiohttp import web

from bench.clouds import chat_wire
from bench.clouds.faults import ERROR_STATUS, KINDS_OF_SERVICE, Fault, FaultKind, FaultSwitch
from bench.clouds.http_audio import stream_pcm
from bench.clouds.listener import record_with_body, request_faults_of_http
from bench.clouds.pacing import Weather
from bench.clouds.tones import synthesize

RATE = 24000
"""Hz, of PCM (int16 little-endian mono, no header) and of WAV alike."""
CONTENT_TYPES = {"pcm": "audio/pcm", "wav": "audio/wav"}
_UNKNOWN_LENGTH = 0xFFFFFFFF


class SpeechService:
    """Speech synthesis on the OpenAI-compatible server."""

    def __init__(self, api_key: str, weather: Weather) -> None:
        self.faults = FaultSwitch("speech")
        self.request_faults = request_faults_of_http
        self._api_key = api_key
        self._weather = weather

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/v1/audio/speech", self._speech)]

    def owns(self, path: str) -> bool:
        return path.startswith("/v1/audio/")

    def error_response(self, fault: Fault) -> web.Response:
        retry_after_s = fault.retry_after_s if fault.kind == FaultKind.ERROR_429 else None
        return _error(
            ERROR_STATUS[fault.kind],
            f"Emulated fault {fault.kind}",
            {
                FaultKind.ERROR_401: "invalid_api_key",
                FaultKind.ERROR_404: "model_not_found",
                FaultKind.ERROR_429: "rate_limit_exceeded",
            }.get(fault.kind),
            retry_after_s,
        )

    async def _speech(self, request: web.Request) -> web.StreamResponse:
        record, body = await record_with_body(request)
        if request.headers.get("authorization") != f"Bearer {self._api_key}":
            return _error(401, "Incorrect API key provided.", "invalid_api_key")
        if not isinstance(body, dict) or not body.get("input") or not body.get("voice"):
            return _error(400, "expected 'input' and 'voice' in a JSON object", None)
        if body.get("model") not in chat_wire.OPENAI.other_models:
            return _error(404, f"The model `{body.get('model')}` does not exist", "model_not_found")
        response_format = body.get("response_format", "mp3")
        if response_format not in CONTENT_TYPES:
            return _error(400, f"response_format: expected pcm or wav here, came {response_format}", None)
        fault = self.faults.take(KINDS_OF_SERVICE["speech"])
        record.fault = fault.kind if fault else None
        return await stream_pcm(
            request,
            synthesize(body["input"], RATE, float(body.get("speed", 1.0))),
            RATE,
            self._weather,
            fault,
            record.begin_output(body["input"]),
            content_type=CONTENT_TYPES[response_format],
            header=streaming_wav_header(RATE) if response_format == "wav" else b"",
        )


def streaming_wav_header(rate: int) -> bytes:
    """A WAV header for audio of unknown length, as a streaming server must write it: sizes 0xFFFFFFFF."""
    chunk = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, rate * 2, 2, 16)
    return (
        struct.pack("<4sI4s", b"RIFF", _UNKNOWN_LENGTH, b"WAVE")
        + chunk
        + struct.pack("<4sI", b"data", _UNKNOWN_LENGTH)
    )


def _error(status: int, message: str, code: str | None, retry_after_s: int | None = None) -> web.Response:
    body = chat_wire.error_body(chat_wire.OPENAI, message, "invalid_request_error", code)
    headers = chat_wire.rate_limit_headers(chat_wire.OPENAI, retry_after_s)
    return web.json_response(body, status=status, headers=headers)
