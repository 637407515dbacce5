"""The JSON of chat completions as Groq and as OpenAI-compatible servers write it.

Sources: the response models of ``groq`` 1.7.0 and ``openai`` 3.52.0, and error bodies as users reported them.
"""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import dataclass, field
from typing import Any, Literal

Json = dict[str, Any]

DONE = b"data: [DONE]\n\n"
BROKEN_EVENT = b'data: {"id": "chatcmpl-broken", "choices": [{"delta": {"content": "\n\n'


@dataclass(frozen=True)
class Dialect:
    """Where two vendors of the same interface differ."""

    name: Literal["groq", "openai"]
    prefix: str
    reasoning_field: str
    models: tuple[str, ...]
    other_models: tuple[str, ...]
    """Listed too, but not for chat."""

    @property
    def is_groq(self) -> bool:
        return self.name == "groq"


GROQ = Dialect(
    name="groq",
    prefix="/openai/v1",
    reasoning_field="reasoning",
    models=(
        "openai/gpt-oss-20b",
        "openai/gpt-oss-120b",
        "openai/gpt-oss-safeguard-20b",
        "qwen/qwen3.6-27b",
    ),
    other_models=("whisper-large-v3-turbo",),
)
OPENAI = Dialect(
    name="openai",
    prefix="/v1",
    reasoning_field="reasoning_content",
    models=(
        "gpt-4o-mini",
        "gpt-4.1-mini",
        "gpt-4.1-nano",
        "gpt-5.6-luna",
        "gpt-5-mini",
        "gpt-5-nano",
        "gpt-oss-120b",
    ),
    other_models=("gpt-4o-mini-tts", "tts-1", "tts-1-hd"),
)


def sse(event: Json) -> bytes:
    return b"data: " + json.dumps(event, ensure_ascii=False).encode() + b"\n\n"


def error_body(dialect: Dialect, message: str, kind: str, code: str | None, param: str | None = None) -> Json:
    error: Json = {"message": message, "type": kind}
    if dialect.is_groq:
        if code is not None:
            error["code"] = code
    else:
        error |= {"param": param, "code": code}
    return {"error": error}


def rate_limit_headers(dialect: Dialect, retry_after_s: int | None = None) -> dict[str, str]:
    """Requests are counted for each day and tokens for each minute, as Groq documents it."""
    headers = {} if retry_after_s is None else {"retry-after": str(retry_after_s)}
    if dialect.is_groq:
        spent = retry_after_s is not None
        headers |= {
            "x-ratelimit-limit-requests": "14400",
            "x-ratelimit-limit-tokens": "18000",
            "x-ratelimit-remaining-requests": "14370",
            "x-ratelimit-remaining-tokens": "0" if spent else "17997",
            "x-ratelimit-reset-requests": "2m59.56s",
            "x-ratelimit-reset-tokens": f"{retry_after_s}s" if spent else "7.66s",
        }
    return headers


def models_body(dialect: Dialect) -> Json:
    names = dialect.models + dialect.other_models
    described = {"object": "model", "created": 1754408224, "owned_by": "emulated"}
    return {"object": "list", "data": [{"id": name} | described for name in names]}


@dataclass(frozen=True)
class Completion:
    """One answer on its way: makes the chunks of the stream, or the whole response."""

    dialect: Dialect
    model: str
    prompt_tokens: int
    id: str = field(default_factory=lambda: f"chatcmpl-{secrets.token_hex(12)}")
    request_id: str = field(default_factory=lambda: f"req_{secrets.token_hex(13)}")
    created: int = field(default_factory=lambda: int(time.time()))

    def role_chunk(self) -> Json:
        chunk = self._chunk({"role": "assistant", "content": ""})
        return chunk | {"x_groq": {"id": self.request_id}} if self.dialect.is_groq else chunk

    def content_chunk(self, token: str) -> Json:
        return self._chunk({"content": token})

    def reasoning_chunk(self, token: str) -> Json:
        return self._chunk({self.dialect.reasoning_field: token})

    def last_chunk(self, finish_reason: str, usage: Json) -> Json:
        chunk = self._chunk({}, finish_reason)
        return chunk | {"x_groq": {"id": self.request_id, "usage": usage}} if self.dialect.is_groq else chunk

    def usage_chunk(self, usage: Json) -> Json:
        """The extra chunk of ``stream_options.include_usage``: no choices."""
        return self._chunk({}) | {"choices": [], "usage": usage}

    def error_chunk(self) -> Json:
        """An error in mid-stream: in ``x_groq`` on Groq, as an error event elsewhere."""
        message = "The server had an error while processing your request. Sorry about that!"
        if self.dialect.is_groq:
            return self._chunk({}) | {"x_groq": {"id": self.request_id, "error": message}}
        return error_body(self.dialect, message, "server_error", None)

    def usage(self, content_tokens: int, reasoning_tokens: int) -> Json:
        spent = content_tokens + reasoning_tokens
        usage: Json = {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": spent,
            "total_tokens": self.prompt_tokens + spent,
        }
        if reasoning_tokens:
            usage["completion_tokens_details"] = {"reasoning_tokens": reasoning_tokens}
        if self.dialect.is_groq:
            usage |= {"queue_time": 0.03, "prompt_time": 0.001, "completion_time": 0.05, "total_time": 0.051}
        return usage

    def response(self, content: str, reasoning: str, finish_reason: str, usage: Json) -> Json:
        """The answer of a request without ``stream``."""
        message: Json = {"role": "assistant", "content": content}
        if reasoning:
            message[self.dialect.reasoning_field] = reasoning
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish_reason}
        body = self._envelope("chat.completion") | {"choices": [choice], "usage": usage}
        return body | {"x_groq": {"id": self.request_id}} if self.dialect.is_groq else body

    def _chunk(self, delta: Json, finish_reason: str | None = None) -> Json:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return self._envelope("chat.completion.chunk") | {"choices": [choice]}

    def _envelope(self, kind: str) -> Json:
        return {
            "id": self.id,
            "object": kind,
            "created": self.created,
            "model": self.model,
            "system_fingerprint": "fp_emulated",
        }
