"""What one client is to be told: bounded, and nobody waits for a client that does not read."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

MOST_WAITING = 256
"""A client that lets more wait has stopped reading."""
MOST_NEWS = 8
"""Where so much waits already, an interim transcript would be old when it is read."""
SEND_WITHIN_S = 10.0
"""One message that the line does not take in so long: the client has stopped reading."""


class StoppedReading(Exception):
    """The client is let go."""


class ClientOutbox:
    """Sends what it is given in order.

    Args:
        send: puts one text on the line.
    """

    def __init__(self, send: Callable[[str], Awaitable[None]]) -> None:
        self._send = send
        self._waiting: deque[str] = deque()
        self._changed = asyncio.Event()
        self._overflowed = False
        self._idle = asyncio.Event()
        self._idle.set()

    def tell(self, message: dict[str, Any]) -> None:
        """Returns at once; interim transcripts that would come too late are left out."""
        if message.get("type") == "realtime" and len(self._waiting) >= MOST_NEWS:
            return
        if len(self._waiting) >= MOST_WAITING:
            self._overflowed = True
        else:
            self._waiting.append(json.dumps(message))
        self._idle.clear()
        self._changed.set()

    async def run(self) -> None:
        """Send for ever.

        Raises:
            StoppedReading: the client does not read any more.
        """
        while True:
            await self._changed.wait()
            self._changed.clear()
            while self._waiting or self._overflowed:
                if self._overflowed:
                    raise StoppedReading(f"{MOST_WAITING} messages wait for it")
                try:
                    async with asyncio.timeout(SEND_WITHIN_S):
                        await self._send(self._waiting.popleft())
                except TimeoutError:
                    raise StoppedReading(f"it took nothing for {SEND_WITHIN_S:.0f} s") from None
            self._idle.set()

    async def drained(self) -> None:
        """Return when all was given to the line."""
        await self._idle.wait()
