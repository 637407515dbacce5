"""An emulated language model: chat completions as Groq and as OpenAI-compatible servers offer them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from bench.clouds import chat_wire
from bench.clouds.chat_wire import Completion, Dialect, Json
from bench.clouds.faults import ERROR_STATUS, KINDS_OF_SERVICE, Fault, FaultKind, FaultSwitch
from bench.clouds.http_audio import answer_without_end, write_without_end
from bench.clouds.listener import cut, record_with_body, request_faults_of_http
from bench.clouds.manner import CANONICAL, Manner, StreamWire
from bench.clouds.pacing import Pacer, Weather, hang
from bench.clouds.record import ServiceOutput
from bench.clouds.replies import Reply, tokenize

THOUGHTS = "The user wants a short, funny remark about what is outside. Keep it to one sentence. "


@dataclass(frozen=True)
class Answer:
    """What will be said, with the limits of the request already applied."""

    reasoning: list[str]
    content: list[str]
    finish_reason: str


class EmulatedChat:
    """The chat endpoints of one vendor. ``reasoning`` is thought, token by token, before every answer."""

    def __init__(
        self, dialect: Dialect, api_key: str, weather: Weather, reply: Reply, reasoning: str = ""
    ) -> None:
        self.faults = FaultSwitch(dialect.name)
        self.request_faults = request_faults_of_http
        self.manner: Manner = CANONICAL
        self._dialect = dialect
        self._api_key = api_key
        self._weather = weather
        self._reply = reply
        self._reasoning = reasoning

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get(f"{self._dialect.prefix}/models", self._models),
            web.post(f"{self._dialect.prefix}/chat/completions", self._completions),
        ]

    def owns(self, path: str) -> bool:
        return path.startswith(self._dialect.prefix) and not path.startswith(f"{self._dialect.prefix}/audio/")

    def error_response(self, fault: Fault) -> web.Response:
        model = self._dialect.models[0]
        messages = {
            FaultKind.ERROR_401: ("Invalid API Key", "invalid_request_error", "invalid_api_key"),
            FaultKind.ERROR_404: (_not_found(model), "invalid_request_error", "model_not_found"),
            FaultKind.ERROR_429: (
                f"Rate limit reached for model `{model}` in organization `org_emulated` service tier "
                "`on_demand` on tokens per minute (TPM): Limit 18000, Used 17990, Requested 180. "
                f"Please try again in {fault.retry_after_s}s.",
                "tokens",
                "rate_limit_exceeded",
            ),
            FaultKind.ERROR_500: ("Internal Server Error", "internal_server_error", None),
            FaultKind.ERROR_503: (f"{model} is currently over capacity.", "internal_server_error", None),
        }
        retry_after_s = fault.retry_after_s if fault.kind == FaultKind.ERROR_429 else None
        return web.json_response(
            chat_wire.error_body(self._dialect, *messages[fault.kind]),
            status=ERROR_STATUS[fault.kind],
            headers=chat_wire.rate_limit_headers(self._dialect, retry_after_s),
        )

    async def _models(self, request: web.Request) -> web.Response:
        if not self._knows_key(request):
            return self._bad_key(request)
        return web.json_response(chat_wire.models_body(self._dialect))

    async def _completions(self, request: web.Request) -> web.StreamResponse:
        record, body = await record_with_body(request)
        refusal = self._refusal(request, body)
        if refusal is not None:
            return refusal
        fault = self.faults.take(KINDS_OF_SERVICE[self._dialect.name])
        record.fault = fault.kind if fault else None
        answer = self._answer(body, fault)
        prompt = "".join(str(message.get("content", "")) for message in body["messages"])
        completion = Completion(self._dialect, body["model"], len(tokenize(prompt)))
        output = record.begin_output("".join(answer.content))
        if body.get("stream") and self.manner.streamed:
            return await self._stream(request, body, completion, answer, fault, output)
        return await self._respond(request, body, completion, answer, fault, output)

    def _refusal(self, request: web.Request, body: Any) -> web.Response | None:
        if not self._knows_key(request):
            return self._bad_key(request)
        messages = body.get("messages") if isinstance(body, dict) else None
        if not isinstance(messages, list) or not messages or not all(isinstance(m, dict) for m in messages):
            return self._error(400, "'messages' : minimum number of items is 1", None, "messages")
        model = body.get("model")
        if model not in self._dialect.models:
            return self._error(404, _not_found(model), "model_not_found", "model")
        effort = body.get("reasoning_effort")
        if self._dialect.is_groq and effort is not None:
            allowed = ("low", "medium", "high") if "gpt-oss" in model else ("none", "default")
            if effort not in allowed:
                names = [f"`{name}`" for name in allowed]
                listed = ", ".join(names[:-1]) + f" or {names[-1]}"
                return self._error(400, f"`reasoning_effort` must be one of {listed}", None)
        return None

    def _knows_key(self, request: web.Request) -> bool:
        return request.headers.get("authorization") == f"Bearer {self._api_key}"

    def _bad_key(self, request: web.Request) -> web.Response:
        if self._dialect.is_groq:
            return self._error(401, "Invalid API Key", "invalid_api_key")
        shown = request.headers.get("authorization", "").removeprefix("Bearer ")[-4:]
        return self._error(401, f"Incorrect API key provided: ****{shown}.", "invalid_api_key")

    def _error(self, status: int, message: str, code: str | None, param: str | None = None) -> web.Response:
        body = chat_wire.error_body(self._dialect, message, "invalid_request_error", code, param)
        return web.json_response(body, status=status)

    def _answer(self, body: Json, fault: Fault | None) -> Answer:
        replied = self._reply(body)
        content = tokenize(replied) if isinstance(replied, str) else list(replied)
        reasoning = self._reasoning
        if fault and fault.kind == FaultKind.ONLY_REASONING:
            content, reasoning = [], reasoning or THOUGHTS
        if fault and fault.kind == FaultKind.EMPTY_REPLY:
            content, reasoning = [], ""
        return limit_answer(tokenize(reasoning), content, body)

    async def _respond(
        self,
        request: web.Request,
        body: Json,
        completion: Completion,
        answer: Answer,
        fault: Fault | None,
        output: ServiceOutput,
    ) -> web.StreamResponse:
        """Answer without ``stream``. Faults of mid-stream strike before the headers: nothing else shows."""
        tokens = len(answer.reasoning) + len(answer.content)
        pacer = self._first_token_pacer(output)
        await pacer.release(max(0, tokens - 1) * self._per_token_s(fault))
        await pacer.release(0.0)
        if fault and fault.kind in (FaultKind.HANG_MID_STREAM, FaultKind.HANG_BEFORE_FIRST_TOKEN):
            await hang()
        if fault and fault.kind == FaultKind.NEVER_ENDS:
            await answer_without_end(request, b'{"choices": "', THOUGHTS.encode())
        if fault and fault.kind == FaultKind.CUT_MID_STREAM:
            await cut(request)
        if fault and fault.kind == FaultKind.ERROR_MID_STREAM:
            return self.error_response(Fault(kind=FaultKind.ERROR_500))
        output.first_mono = time.monotonic()
        usage = completion.usage(len(answer.content), len(answer.reasoning))
        reasoning = "".join(answer.reasoning) if _shows_reasoning(body) else ""
        payload = completion.response("".join(answer.content), reasoning, answer.finish_reason, usage)
        if fault and fault.kind == FaultKind.GARBAGE:
            return web.Response(body=chat_wire.sse(payload)[6:40], content_type="application/json")
        return web.json_response(payload, headers=chat_wire.rate_limit_headers(self._dialect))

    async def _stream(
        self,
        request: web.Request,
        body: Json,
        completion: Completion,
        answer: Answer,
        fault: Fault | None,
        output: ServiceOutput,
    ) -> web.StreamResponse:
        pacer = self._first_token_pacer(output)
        per_token_s = self._per_token_s(fault)
        response = web.StreamResponse(headers=chat_wire.rate_limit_headers(self._dialect))
        response.content_type = "text/event-stream"
        wire = StreamWire(self.manner)

        async def write(written: bytes) -> None:
            for piece in wire.pieces(written):
                await response.write(piece)

        await pacer.release(0.0)
        await response.prepare(request)
        await write(wire.begin() + wire.event(completion.role_chunk()))
        if fault and fault.kind == FaultKind.HANG_BEFORE_FIRST_TOKEN:
            await hang()
        if fault and fault.kind == FaultKind.NEVER_ENDS:
            await write_without_end(response, chat_wire.sse(completion.reasoning_chunk(THOUGHTS)))
        for token in answer.reasoning:
            await pacer.release(per_token_s)
            if _shows_reasoning(body):
                await write(wire.event(completion.reasoning_chunk(token)))
        strikes_at = min(fault.after_tokens, len(answer.content) - 1) if fault else None
        for index, token in enumerate(answer.content):
            await pacer.release(per_token_s)
            if fault and index == strikes_at and await self._strike(request, response, completion, fault):
                return response
            output.tokens_mono.append(time.monotonic())
            output.first_mono = output.tokens_mono[0]
            await write(wire.event(completion.content_chunk(token)))
        usage = completion.usage(len(answer.content), len(answer.reasoning))
        await write(wire.event(completion.last_chunk(answer.finish_reason, usage)))
        if (body.get("stream_options") or {}).get("include_usage"):
            await write(wire.event(completion.usage_chunk(usage)))
        await write(wire.done())
        return response

    async def _strike(
        self, request: web.Request, response: web.StreamResponse, completion: Completion, fault: Fault
    ) -> bool:
        """Fail in mid-stream; true when the stream has ended with it."""
        if fault.kind == FaultKind.HANG_MID_STREAM:
            await hang()
        if fault.kind == FaultKind.CUT_MID_STREAM:
            await cut(request)
        if fault.kind == FaultKind.ERROR_MID_STREAM:
            await response.write(chat_wire.sse(completion.error_chunk()))
            await response.write(chat_wire.DONE)
            return True
        if fault.kind == FaultKind.GARBAGE:
            await response.write(chat_wire.BROKEN_EVENT)
        return False

    def _first_token_pacer(self, output: ServiceOutput) -> Pacer:
        latency_s = self._weather.latency_s(self._weather.profile.first_token_s)
        return Pacer(output.requested_mono + latency_s, self._weather)

    def _per_token_s(self, fault: Fault | None) -> float:
        if fault and fault.kind == FaultKind.SLOW:
            return fault.per_token_s
        return self._weather.profile.per_token_s


def limit_answer(reasoning: list[str], content: list[str], body: Json) -> Answer:
    """Apply ``stop`` and the token limit; reasoning counts against the limit, as it does on Groq."""
    finish_reason = "stop"
    stop = body.get("stop") or []
    text = "".join(content)
    ends = [text.find(mark) for mark in ([stop] if isinstance(stop, str) else stop) if mark in text]
    if ends:
        content = _first_characters(content, min(ends))
    limit = body.get("max_completion_tokens") or body.get("max_tokens")
    if limit is not None and len(reasoning) + len(content) > limit:
        reasoning, content = reasoning[:limit], content[: max(0, limit - len(reasoning))]
        finish_reason = "length"
    return Answer(reasoning, content, finish_reason)


def _first_characters(tokens: list[str], characters: int) -> list[str]:
    kept = []
    for token in tokens:
        if characters <= 0:
            break
        kept.append(token[:characters])
        characters -= len(token)
    return kept


def _shows_reasoning(body: Json) -> bool:
    return body.get("include_reasoning") is not False and body.get("reasoning_format") != "hidden"


def _not_found(model: Any) -> str:
    return f"The model `{model}` does not exist or you do not have access to it."
