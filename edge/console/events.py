"""Server-sent events: what has changed on a page, as new content of its parts."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from edge.console.changes import Changes
from edge.tasks import cancel_and_wait

AGAIN_MS = 1000
"""After which a page that has lost the console asks again."""
PING_S = 10.0
GAP_S = 0.04
"""Changes that come sooner behind each other are told together."""
LONGEST_GAP_S = 1.0
REST = 4
"""Times as long as the last telling took, until the next one."""
READS_WITHIN_S = 20.0
"""A page that takes nothing for so long is let go; one that is alive asks again."""
MOST_PAGES = 64

Parts = Callable[[], Mapping[str, str]]
"""Id of a part → its content now."""
SendEvents = Callable[[str], Awaitable[None]]
"""Sends events to the page."""


class EventStream(Response, ABC):
    """Events told to one page until it leaves; subclasses say what.

    Args:
        opened: the stream has begun (1) or has ended (-1).
    """

    media_type = "text/event-stream"

    def __init__(self, opened: Callable[[int], None]) -> None:
        super().__init__(headers={"cache-control": "no-store", "x-accel-buffering": "no"})
        self._opened = opened

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._opened(1)
        telling = asyncio.create_task(self._run(send))
        leaving = asyncio.create_task(_left(Request(scope, receive)))
        try:
            await asyncio.wait({telling, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._opened(-1)
            await cancel_and_wait(telling, leaving)

    async def _run(self, send: Send) -> None:
        headers = [(name, value) for name, value in self.raw_headers if name != b"content-length"]
        await send({"type": "http.response.start", "status": 200, "headers": headers})

        async def tell(text: str) -> None:
            async with asyncio.timeout(READS_WITHIN_S):
                await send({"type": "http.response.body", "body": text.encode(), "more_body": True})

        with contextlib.suppress(TimeoutError):
            await self._events(tell)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    @abstractmethod
    async def _events(self, tell: SendEvents) -> None:
        """Tell for as long as there is something to tell. Raises TimeoutError: the page does not read."""


class EventStreams:
    """Counts the streams that are open, and refuses more than ``MOST_PAGES``."""

    def __init__(self, changes: Changes) -> None:
        self._changes = changes
        self.open = 0

    def response(self, parts: Parts) -> Response:
        """A stream that tells each part that changed."""
        if self.open >= MOST_PAGES:
            return JSONResponse({"error": {"message": "too many pages are open"}}, 503)
        return _PartsStream(self._count, parts, self._changes)

    def _count(self, more: int) -> None:
        self.open += more


class _PartsStream(EventStream):
    """Never more than one message is on its way, made of what is so when the one before has left."""

    def __init__(self, opened: Callable[[int], None], parts: Parts, changes: Changes) -> None:
        super().__init__(opened)
        self._parts = parts
        self._changes = changes

    async def _events(self, tell: SendEvents) -> None:
        told: dict[str, str] = {}
        text = f"retry: {AGAIN_MS}\n\n"
        while not self._changes.closed:
            change, began_mono = self._changes.later(), time.monotonic()
            parts = self._parts()
            if news := {name: content for name, content in parts.items() if told.get(name) != content}:
                told.update(news)
                text += f"event: parts\ndata: {_as_json(news)}\n\n"
            if text:
                await tell(text)
            # What is news faster than it can be shown is shown in steps, and leaves the machine to the guide.
            await asyncio.sleep(min(LONGEST_GAP_S, GAP_S + REST * (time.monotonic() - began_mono)))
            text = "" if await self._changes.within(change, PING_S) else "event: still\ndata:\n\n"


def _as_json(news: Mapping[str, str]) -> str:
    return f"{{{','.join(f'{_encoded(name)}:{_encoded(content)}' for name, content in news.items())}}}"


@lru_cache(maxsize=256)
def _encoded(text: str) -> str:
    """Pages are told the same: it is encoded once for all of them."""
    return json.dumps(text, ensure_ascii=False)


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
