"""An HTTP server whose body, and whose way to end it, is a test's."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import struct
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Literal

Framing = Literal["chunked", "length", "close"]
Cut = Literal["reset", "closed"]


@dataclass(frozen=True)
class Answer:
    """What is answered to each request."""

    pieces: Sequence[bytes]
    """The body, as it is written."""
    framing: Framing = "chunked"
    """How its end is told; ``close``: by nothing else than the connection's end."""
    cut: Cut | None = None
    """How the connection ends before the body's end was told."""
    status: str = "200 OK"
    head: tuple[str, ...] = ("Content-Type: text/event-stream",)


class RawServer:
    """Answers on loopback; ``answer`` may be changed at any time."""

    def __init__(self) -> None:
        self.answer = Answer([])
        self.url = ""
        self.requests: list[bytes] = []

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[RawServer]:
        listening = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        async with listening:
            yield self

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            self.requests.append(head)
            if length := re.search(rb"(?i)content-length: (\d+)", head):
                await reader.readexactly(int(length[1]))
            await self._write(writer, self.answer)
        if self.answer.cut == "reset":
            connected: socket.socket = writer.get_extra_info("socket")
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        writer.close()

    async def _write(self, writer: asyncio.StreamWriter, answer: Answer) -> None:
        head = [f"HTTP/1.1 {answer.status}", "Connection: close", *answer.head]
        if answer.framing == "chunked":
            head.append("Transfer-Encoding: chunked")
        elif answer.framing == "length":
            head.append(f"Content-Length: {sum(map(len, answer.pieces)) + (10 if answer.cut else 0)}")
        writer.write("\r\n".join([*head, "", ""]).encode())
        for piece in answer.pieces:
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece) if answer.framing == "chunked" else piece)
            await writer.drain()
            await asyncio.sleep(0)
        if answer.cut == "reset":
            await asyncio.sleep(0.02)  # what was written shall be read before
        elif answer.framing == "chunked" and not answer.cut:
            writer.write(b"0\r\n\r\n")
            await writer.drain()
