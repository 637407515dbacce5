"""Keeps a service's connection open while nothing is asked of it, so that the next request finds it open."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import Any

from edge.tasks import cancel_and_wait, wait_at_most

PERIOD_S = 15.0
"""How often an idle connection is used. Servers close after 30–90 s."""
TIMEOUT_S = 6.0
MIN_PAUSE_S = 0.5
"""Between two attempts at a service that drops every connection."""


class WarmConnection:
    """Keeps one service's connection open by a cheap request whenever nothing else has used it.

    Args:
        name: of the rung, for the task.
        use: a cheap request. A service that is away is the ladder's matter: what it raises is ignored.
    """

    def __init__(self, name: str, use: Callable[[], Awaitable[object]]) -> None:
        self._name = name
        self._use = use
        self._used_mono = 0.0
        self._lost = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Open the connection now, and keep it open until ``close``."""
        if self._task is None:
            self._task = asyncio.create_task(self._keep_warm(), name=f"warm {self._name}")

    async def close(self) -> None:
        await cancel_and_wait(self._task)
        self._task = None

    def used(self) -> None:
        """The connection was used for work just now, which keeps it open as well."""
        self._used_mono = time.monotonic()

    def lost(self) -> None:
        """The connection went with a request that was not read to its end: open the next one at once."""
        self._lost.set()

    async def _keep_warm(self) -> None:
        while True:
            self._lost.clear()
            self.used()
            with contextlib.suppress(Exception):
                async with asyncio.timeout(TIMEOUT_S):
                    await self._use()
            while (idle_s := time.monotonic() - self._used_mono) < PERIOD_S and not self._lost.is_set():
                await wait_at_most(self._lost, PERIOD_S - idle_s)
            await asyncio.sleep(MIN_PAUSE_S)


class WarmClient(WarmConnection):
    """Keeps the connection of an SDK's client open by asking for the list of models, and closes the client.

    Args:
        name: of the rung, for the task.
        client: of OpenAI's SDK or one like it.
    """

    def __init__(self, name: str, client: Any) -> None:
        # Raw: the SDK would make models of the list.
        super().__init__(name, lambda: client.models.with_raw_response.list())
        self._client = client

    async def close(self) -> None:
        await super().close()
        with contextlib.suppress(Exception):
            await self._client.close()
