"""A streamed chat completion, read from its bytes.

The SDKs take time that grows with the square of an event's lines, or a millisecond for each 200 bytes of
nonsense, while nothing else can happen, and take an event without data for a broken one. So their clients
ask, and this reads: what the format allows, and what services that are nearly compatible make of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from dataclasses import dataclass

from edge.clouds.sdk_errors import unexpected
from edge.commentator.models.chat_chunk import Chunk, chunk_of
from edge.error_lines import kind_of
from edge.ladder import RungError

LARGEST_EVENT_BYTES = 64 * 1024
"""An event has some hundred bytes, with a service's encrypted thoughts some thousand."""
LINES_AT_ONCE = 256
"""Behind so many of one part of the body the event loop gets its turn. A part has a few."""
DRAIN_S = 0.1
"""How long the end is waited for behind the last event: only then the connection can be used again."""
LAST_EVENTS_S = 0.5
"""How long more is waited for behind a ``finish_reason``: what was used is told with it or right behind."""
BOM = b"\xef\xbb\xbf"
PADDING = b"\0 \t\x1e"
"""Bytes before a line that some services fill up their streams with."""
FIELDS = (b"", b"data", b"event", b"id", b"retry", b"error")
"""What stands before a line's colon; nothing: it is a comment."""


@dataclass
class StreamEnd:
    """How a stream has ended."""

    told: bool = False
    """The service said that it is over: with a ``finish_reason``, or ``[DONE]``."""
    is_read: bool = False
    """The body was read to its end, so that the connection can be used again."""


async def chunks_of(body: AsyncIterator[bytes], end: StreamEnd | None = None) -> AsyncGenerator[Chunk, None]:
    """The events of a body up to ``[DONE]``. What comes behind a ``finish_reason`` cannot spoil the reply.

    Args:
        end: filled in.

    Raises:
        RungError: an event is too large, or is none.
    """
    end = end or StreamEnd()
    said = ""
    parts = 0
    index = None
    is_finished = False
    async with contextlib.aclosing(events_of(body)) as events:
        while True:
            try:
                async with asyncio.timeout(LAST_EVENTS_S if is_finished else None):
                    event = await anext(events)
                if _is_done(event):
                    break
                chunk = chunk_of(event, index)
            except StopAsyncIteration:
                end.is_read = True
                return
            except Exception:
                if is_finished:
                    return
                raise
            index = chunk.index if index is None else index
            is_whole = chunk.is_message or (parts > 1 and chunk.finish_reason is not None)
            chunk = chunk._replace(text=_new_of(chunk, said)) if is_whole else chunk
            said += chunk.text
            parts += bool(chunk.text)
            is_finished |= chunk.finish_reason is not None and not chunk.problem
            end.told |= is_finished
            yield chunk
        end.told = True
        with contextlib.suppress(Exception):
            async with asyncio.timeout(DRAIN_S):
                async for _ in events:
                    pass
                end.is_read = True


def _new_of(chunk: Chunk, said: str) -> str:
    """The text without what came in parts before: a message may go on, a last part only repeats."""
    text, before = chunk.text.lstrip(), said.strip()
    if not before or not text.startswith(before) or not (chunk.is_message or text.rstrip() == before):
        return chunk.text
    return text[len(before) :].removeprefix(said[len(said.rstrip()) :])


async def events_of(body: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """The data of each server-sent event; of an error event as ``{"error": data}``.

    Beyond the format: a line that is a whole JSON object ends its event where another ``data`` follows, or
    the body ends. A line that begins as JSON without ``data`` begins an answer that is not streamed.

    Raises:
        RungError: an event is larger than ``LARGEST_EVENT_BYTES``, or broken off; the body is something else.
    """
    event = _Event()
    unfinished = bytearray()
    behind_return = False
    async for part in body:
        # A carriage return ends a line; a line feed behind it belongs to it.
        part = part[1:] if behind_return and part.startswith(b"\n") else part
        behind_return = part.endswith(b"\r") if part else False
        unfinished += part
        lines = unfinished.splitlines(keepends=True) if b"\n" in part or b"\r" in part else []
        if lines:
            unfinished = lines.pop() if not lines[-1].endswith((b"\n", b"\r")) else bytearray()
        for number, line in enumerate(lines, 1):
            if number % LINES_AT_ONCE == 0:
                await asyncio.sleep(0)
            for whole in event.take(bytes(line.rstrip(b"\r\n"))):
                yield whole
            if event.size > LARGEST_EVENT_BYTES:
                break
        if event.size + len(unfinished) > LARGEST_EVENT_BYTES:
            raise RungError(f"sent an event of more than {LARGEST_EVENT_BYTES} bytes")
    for whole in event.take(bytes(unfinished)):
        yield whole
    for whole in event.rest():
        yield whole


class _Event:
    """The event that is being read, line by line."""

    def __init__(self) -> None:
        self.size = 0
        self._data: list[bytes] = []
        self._is_error = False
        self._is_json = False
        """The rest of the body is JSON that is not streamed."""
        self._is_stream = False
        """Some line was one of an event stream."""
        self._begin = b""
        """The body's first line that is not empty."""

    def take(self, line: bytes) -> Iterator[bytes]:
        """The next line without its end. Gives the events that it ends."""
        if not self._begin:
            line = line.removeprefix(BOM)
            self._begin = line
        if self._is_json:
            if line.startswith(b"{") and len(self._data) == 1 and _is_whole(self._data[0]):
                yield from self._dispatch()  # one event a line
            self._add(line)
            return
        line = line.lstrip(PADDING)
        name, _, value = line.partition(b":")
        name = name.rstrip().lower()
        if not line:
            yield from self._dispatch()
        elif name in (b"data", b"error") and b":" in line:
            while value.lstrip().startswith(b"data:"):  # a gateway that made an event of an event
                value = value.lstrip().removeprefix(b"data:")
            if len(self._data) == 1 and _is_whole(self._data[0]):
                yield from self._dispatch()
            # llama.cpp's server wrote errors in a field of their own.
            self._is_error |= name == b"error"
            self._add(value.removeprefix(b" "))
        elif name == b"event":
            self._is_error = value.strip() == b"error"
        elif line.startswith((b"{", b"[")) and not self._data:
            self._is_json = True
            self._add(line)
        elif line.startswith(b"<"):
            raise unexpected("a streamed reply", line)
        self._is_stream |= line != b"" and name in FIELDS

    def rest(self) -> Iterator[bytes]:
        """The event that the end of the body ends."""
        data = b"\n".join(self._data)
        if data.strip() and not _is_done(data) and not _is_whole(data):
            raise RungError("broke off in the middle of an event")
        yield from self._dispatch()
        if self._begin.strip() and not self._is_stream and not self._is_json:
            raise RungError(f"expected a streamed reply, came {kind_of(self._begin)}")

    def _add(self, data: bytes) -> None:
        self._data.append(data)
        self.size += len(data) + len("data:\n")

    def _dispatch(self) -> Iterator[bytes]:
        data = b"\n".join(self._data)
        is_error = self._is_error
        self._data, self.size, self._is_error = [], 0, False
        if not data.strip():
            return  # gateways keep streams alive with events without data
        if is_error:
            if not _is_whole(data):
                data = json.dumps(data.decode("utf-8", "replace")).encode()
            data = b'{"error": %b}' % data
        yield data


def _is_done(event: bytes) -> bool:
    return event.strip(b'" \t\n')[:6].upper() in (b"[DONE]", b"[DONE", b"DONE")


def _is_whole(data: bytes) -> bool:
    """True when it is a JSON object, or a list."""
    if not data.lstrip().startswith((b"{", b"[")) or not data.rstrip().endswith((b"}", b"]")):
        return False
    try:
        json.loads(data, strict=False)
    except (ValueError, RecursionError):
        return False
    return True
