"""An emulated ElevenLabs: its two text-to-speech WebSockets, streaming over HTTP, and its small lists."""

from __future__ import annotations

from aiohttp import web

from bench.clouds.elevenlabs_context import ERRORS
from bench.clouds.elevenlabs_socket import MAX_INACTIVITY_S, ElevenLabsSocket, SocketOptions
from bench.clouds.elevenlabs_wire import RATES, SocketJson, error_message
from bench.clouds.faults import (
    ERROR_STATUS,
    KINDS_OF_SERVICE,
    REQUEST_KINDS,
    Fault,
    FaultKind,
    FaultSwitch,
)
from bench.clouds.http_audio import stream_pcm
from bench.clouds.listener import record_of, record_with_body
from bench.clouds.pacing import Weather
from bench.clouds.tones import synthesize

VOICES = {
    "y2Y5MeVPm6ZQXK64WUui": "Emulated guide",
    "21m00Tcm4TlvDq8ikWAM": "Emulated Rachel",
}
SOCKET_MODELS = ("eleven_flash_v2_5", "eleven_turbo_v2_5", "eleven_multilingual_v2")
MODELS = (*SOCKET_MODELS, "eleven_v3")
DEFAULT_MODEL = "eleven_multilingual_v2"
DEFAULT_INACTIVITY_S = 20.0

_SOCKET_PATHS = ("/stream-input", "/multi-stream-input")


class ElevenLabsService:
    """The endpoints of ElevenLabs."""

    def __init__(self, api_key: str, weather: Weather) -> None:
        self.faults = FaultSwitch("elevenlabs")
        self._api_key = api_key
        self._weather = weather

    def routes(self) -> list[web.RouteDef]:
        voice = "/v1/text-to-speech/{voice_id}"
        return [
            web.get(f"{voice}/stream-input", self._socket),
            web.get(f"{voice}/multi-stream-input", self._socket),
            web.post(f"{voice}/stream", self._stream),
            web.get("/v1/voices", self._voices),
            web.get("/v1/models", self._models),
            web.get("/v1/user/subscription", self._subscription),
        ]

    def owns(self, path: str) -> bool:
        return path.startswith("/v1/")

    def request_faults(self, request: web.Request) -> frozenset[FaultKind]:
        # The real server accepts the WebSocket before it looks at the key and the voice.
        after_handshake = {FaultKind.ERROR_401, FaultKind.ERROR_404}
        return REQUEST_KINDS - after_handshake if request.path.endswith(_SOCKET_PATHS) else REQUEST_KINDS

    def error_response(self, fault: Fault) -> web.Response:
        error = ERRORS[fault.kind]
        response = _error(ERROR_STATUS[fault.kind], error["message"], "emulated_fault", error["error"])
        if fault.kind == FaultKind.ERROR_429:
            response.headers["retry-after"] = str(fault.retry_after_s)
        return response

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        query = request.query
        model = query.get("model_id", DEFAULT_MODEL)
        if model == "eleven_v3":
            return _error(
                400, "eleven_v3 is not available on WebSockets.", "bad_request", "unsupported_model"
            )
        try:
            inactivity_s = float(query.get("inactivity_timeout", DEFAULT_INACTIVITY_S))
        except ValueError:
            return _error(400, "inactivity_timeout: expected seconds", "bad_request", "invalid_parameters")
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        record = record_of(request)
        options = SocketOptions(
            multi=request.path.endswith("/multi-stream-input"),
            rate=RATES.get(query.get("output_format", ""), 0),
            auto_mode=query.get("auto_mode", "").lower() == "true",
            sync_alignment=query.get("sync_alignment", "").lower() == "true",
            inactivity_s=min(inactivity_s, MAX_INACTIVITY_S),
        )
        session = ElevenLabsSocket(request, socket, options, self._weather, self.faults, record)
        refusal = self._socket_refusal(request, model, options)
        if refusal is not None:
            await session.fail(refusal)
        await session.run()
        return socket

    def _socket_refusal(self, request: web.Request, model: str, options: SocketOptions) -> SocketJson | None:
        fault = self.faults.take({FaultKind.ERROR_401, FaultKind.ERROR_404})
        if fault is not None:
            record_of(request).fault = fault.kind
            return ERRORS[fault.kind]
        voice_id = request.match_info["voice_id"]
        if request.headers.get("xi-api-key") != self._api_key:
            return ERRORS[FaultKind.ERROR_401]
        if voice_id not in VOICES:
            return error_message(
                f"A voice with voice_id {voice_id} does not exist.", "voice_id_does_not_exist"
            )
        if model not in SOCKET_MODELS:
            return error_message(f"A model with model_id {model} does not exist.", "model_not_found")
        if options.rate == 0:
            return error_message(_format_expected(request), "output_format_not_allowed")
        return None

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        record, body = await record_with_body(request)
        refused = self._http_refusal(request)
        if refused is not None:
            return refused
        if not isinstance(body, dict) or not body.get("text"):
            missing = {"type": "missing", "loc": ["body", "text"], "msg": "Field required"}
            return web.json_response({"detail": [missing]}, status=422)
        voice_id = request.match_info["voice_id"]
        if voice_id not in VOICES:
            message = f"A voice with the voice_id {voice_id} was not found."
            return _error(404, message, "not_found", "voice_not_found")
        output_format = request.query.get("output_format", "")
        if output_format not in RATES:
            return _error(403, _format_expected(request), "bad_request", "output_format_not_allowed")
        fault = self.faults.take(KINDS_OF_SERVICE["elevenlabs"])
        record.fault = fault.kind if fault else None
        if fault and fault.kind == FaultKind.ZERO_AUDIO:
            # Over HTTP an exhausted quota is said aloud, unlike on the WebSocket.
            return _error(401, "You have 0 credits remaining.", "quota_exceeded", "quota_exceeded")
        rate = RATES[output_format]
        speed = float((body.get("voice_settings") or {}).get("speed") or 1.0)
        samples = synthesize(body["text"], rate, speed)
        output = record.begin_output(body["text"])
        return await stream_pcm(
            request, samples, rate, self._weather, fault, output, content_type="audio/pcm"
        )

    async def _voices(self, request: web.Request) -> web.Response:
        voices: list[SocketJson] = [
            {"voice_id": voice_id, "name": name, "category": "premade", "labels": {}, "settings": None}
            for voice_id, name in VOICES.items()
        ]
        return self._http_refusal(request) or web.json_response({"voices": voices})

    async def _models(self, request: web.Request) -> web.Response:
        languages = [{"language_id": code, "name": code} for code in ("ru", "en", "id")]
        models = [
            {"model_id": model, "name": model, "can_do_text_to_speech": True, "languages": languages}
            for model in MODELS
        ]
        return self._http_refusal(request) or web.json_response(models)

    async def _subscription(self, request: web.Request) -> web.Response:
        spent = self.faults.is_(FaultKind.ZERO_AUDIO)
        subscription = {
            "tier": "creator",
            "character_count": 100_000 if spent else 1_000,
            "character_limit": 100_000,
            "status": "active",
            "next_character_count_reset_unix": 1_800_000_000,
        }
        return self._http_refusal(request) or web.json_response(subscription)

    def _http_refusal(self, request: web.Request) -> web.Response | None:
        if request.headers.get("xi-api-key") == self._api_key:
            return None
        return _error(401, "Invalid API key", "authentication_error", "invalid_api_key")


def _error(status: int, message: str, kind: str, code: str) -> web.Response:
    detail = {"type": kind, "code": code, "status": code, "message": message}
    return web.json_response({"detail": detail}, status=status)


def _format_expected(request: web.Request) -> str:
    return f"output_format: expected {', '.join(RATES)}, came {request.query.get('output_format')}"
