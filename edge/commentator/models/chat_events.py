"""A streamed chat completion, read from its bytes.

The SDKs take time that grows with the square of an event's lines, or a millisecond for each 200 bytes of
nonsense, while nothing else can happen. So their clients ask, and this reads.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, NamedTuple

from edge.clouds.json_answer import field, first
from edge.clouds.usage import Usage, usage_of
from edge.ladder import RungError

LARGEST_EVENT_BYTES = 64 * 1024
"""An event has some hundred bytes, with a service's encrypted thoughts some thousand."""
LINES_AT_ONCE = 256
"""Behind so many of one part of the body the event loop gets its turn. A part has a few."""
DRAIN_S = 0.1
"""How long the end is waited for behind the last event: only then the connection can be used again."""


class Chunk(NamedTuple):
    """One event."""

    text: str = ""
    """A part of the content; thoughts stand in other fields."""
    finish_reason: str | None = None
    """Why the reply ended."""
    problem: Any = None
    """What the service says of a failure in mid-stream."""
    usage: Usage = Usage()
    """What it has counted for the whole reply, with the last event."""
    thoughts: int = 0
    """Characters of thoughts, which are never said, and are paid for."""


async def chunks_of(body: AsyncIterator[bytes]) -> AsyncGenerator[Chunk, None]:
    """The events of a body up to ``[DONE]``.

    Raises:
        RungError: an event is too large, or is none.
    """
    async with contextlib.aclosing(events_of(body)) as events:
        async for event in events:
            if event.startswith(b"[DONE]"):
                break
            yield _chunk_of(event)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_S):
                async for _ in events:
                    pass


async def events_of(body: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """The data of each server-sent event. What is not ended by an empty line is none.

    Raises:
        RungError: one is larger than ``LARGEST_EVENT_BYTES``.
    """
    unfinished = bytearray()
    data: list[bytes] = []
    size = 0
    async for part in body:
        unfinished += part
        lines = unfinished.splitlines(keepends=True) if b"\n" in part or b"\r" in part else []
        if lines:
            # A carriage return may be the first half of a line's end.
            unfinished = lines.pop() if not lines[-1].endswith(b"\n") else bytearray()
        for number, line in enumerate(lines, 1):
            if number % LINES_AT_ONCE == 0:
                await asyncio.sleep(0)
            line = line.rstrip(b"\r\n")
            if line.startswith(b"data:"):
                data.append(bytes(line[5:].removeprefix(b" ")))
                size += len(line)
            elif not line:
                if (
                    event := b"\n".join(data)
                ).strip():  # gateways keep streams alive with events without data
                    yield event
                data, size = [], 0
            if size > LARGEST_EVENT_BYTES:
                break
        if size + len(unfinished) > LARGEST_EVENT_BYTES:
            raise RungError(f"sent an event of more than {LARGEST_EVENT_BYTES} bytes")


def _chunk_of(event: bytes) -> Chunk:
    try:
        value = json.loads(event)
    except (ValueError, RecursionError) as error:
        raise RungError(f"sent an event that is no JSON: {type(error).__name__}") from error
    extra = field(value, "x_groq")
    choice = first(field(value, "choices"))
    delta = field(choice, "delta")
    text = field(delta, "content")
    thought = field(delta, "reasoning") or field(delta, "reasoning_content")
    reason = field(choice, "finish_reason")
    return Chunk(
        text if isinstance(text, str) else "",
        reason if isinstance(reason, str) else None,
        field(value, "error") or field(extra, "error"),
        usage_of(field(value, "usage") or field(extra, "usage")),
        len(thought) if isinstance(thought, str) else 0,
    )
