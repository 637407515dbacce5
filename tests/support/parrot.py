"""A server on loopback that fails in many ways, and repeats in each of them all that it was told."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from types import TracebackType
from typing import Self

Answer = Callable[[str], bytes]
"""What was told (headers and body) → bytes of the response."""
END = b"\r\n\r\n"
LONGEST_HEADER = 200
KEY_HEADERS = ("authorization:", "xi-api-key:")


def _response(status: str, kind: str, body: bytes, *headers: str) -> bytes:
    head = [
        f"HTTP/1.1 {status}",
        f"Content-Type: {kind}",
        f"Content-Length: {len(body)}",
        "Connection: close",
        *headers,
    ]
    return "\r\n".join(head).encode("utf-8") + END + body


def _json(status: str, body: object, *headers: str) -> bytes:
    return _response(status, "application/json", json.dumps(body, ensure_ascii=False).encode(), *headers)


def _in_header(told: str) -> str:
    """As much as a header line holds, of all that was told."""
    return " ".join(told.split())[:LONGEST_HEADER]


def _words_of(body: str) -> str:
    """What is in Russian: the question, the prompt."""
    return " ".join(re.findall(r"[а-яё?]+", body))


def _events(*events: str) -> bytes:
    body = "".join(f"data: {event}\n\n" for event in events).encode()
    return _response("200 OK", "text/event-stream", body)


def _chunk(**fields: object) -> str:
    chunk = {
        "id": "1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [],
        **fields,
    }
    return json.dumps(chunk, ensure_ascii=False)


HTTP_FAILURES: dict[str, Answer] = {
    "400 with all in its message": lambda told: _json(
        "400 Bad Request",
        {"error": {"message": f"bad: {told}", "type": "invalid_request_error", "code": told, "param": told}},
    ),
    "401 that shows the key": lambda told: _json("401 Unauthorized", {"error": {"message": told}}),
    "404": lambda told: _json("404 Not Found", {"error": {"message": told, "code": "model_not_found"}}),
    "422 of a validator": lambda told: _json(
        "422 Unprocessable Entity",
        {"detail": [{"type": "string_too_long", "loc": ["body", told], "msg": told, "input": told}]},
    ),
    "429": lambda told: _json("429 Too Many Requests", {"error": told}, "Retry-After: \u00b2"),
    "500 in plain text": lambda told: _response("500 Oops", "text/plain", told.encode()),
    "503 as a page": lambda told: _response("503 Oops", "text/html", f"<p>{told}</p>".encode()),
    "a reason phrase": lambda told: _response(f"418 {_in_header(told)}", "text/plain", b""),
    "a redirect": lambda told: _response("307 Oops", "text/plain", b"", f"Location: /{_in_header(told)}"),
    "no header at all": lambda told: told.encode() + END,
    "a header without a name": lambda told: b"HTTP/1.1 200 OK\r\n" + _in_header(told).encode() + END,
    "a body that is cut": lambda told: (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99999\r\n\r\n" + told.encode()
    ),
    "200 with other JSON": lambda told: _json("200 OK", {"error": told, "text": None, "data": told}),
    "200 with text": lambda told: _response("200 OK", "application/json", told.encode()),
    "200 with a page": lambda told: _response("200 OK", f"text/{_in_header(told)}", told.encode()),
    "an event that is no JSON": lambda told: _events("{" + _in_header(told)),
    "an error in the stream": lambda told: _events(
        json.dumps({"error": {"message": told, "type": "server_error", "code": told}}, ensure_ascii=False)
    ),
    "Groq's error in the stream": lambda told: _events(_chunk(x_groq={"id": "1", "error": told})),
    "an event named error": lambda told: _response(
        "200 OK", "text/event-stream", f"event: error\ndata: {json.dumps({'error': told})}\n\n".encode()
    ),
    "a chunk of another shape": lambda told: _events(_chunk(choices=[{"delta": told}])),
    "nothing": lambda told: b"",
}


class Parrot:
    """Answers each connection's only request with ``answer``."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.told: list[str] = []
        """Each request, headers and body."""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(END)).decode("utf-8", "replace")
            lengths = [
                line.partition(":")[2]
                for line in head.lower().split("\r\n")
                if line.startswith("content-length:")
            ]
            body = await reader.readexactly(int(lengths[0])) if lengths else b""
            text = body.decode("utf-8", "replace")
            if body.startswith(b"{"):  # JSON's escapes away: the words themselves are repeated
                text += json.dumps(json.loads(body), ensure_ascii=False)
            # What is worth most comes first: much that repeats is cut behind some length.
            keys = [line for line in head.splitlines() if line.lower().startswith(KEY_HEADERS)]
            told = " ".join([*(line.partition(":")[2].strip() for line in keys), _words_of(text), text, head])
            self.told.append(told)
            writer.write(self._answer(told))
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # a client that hangs up
        finally:
            writer.close()
