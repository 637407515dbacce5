"""An MQTT session whose messages and states a test can wait for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from edge.config import MqttSettings
from edge.mqtt import Incoming, MqttSession, SessionOptions, SessionState
from tests.support.waiting import PATIENCE_S, until


class Watch:
    """Opens a session with ``options`` and keeps all that it says."""

    def __init__(self, settings: MqttSettings, client_id: str = "test", **options: Any) -> None:
        self.messages: list[Incoming] = []
        self.states: list[SessionState] = []
        self.session = MqttSession(
            settings,
            SessionOptions(client_id=client_id, **options),
            on_message=self.messages.append,
            on_state=self.states.append,
        )

    async def __aenter__(self) -> Self:
        self.session.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.session.close()

    async def until(self, fulfilled: Callable[[], bool]) -> None:
        """Wait until what happened so far fulfils it."""
        try:
            await until(fulfilled)
        except AssertionError:
            raise AssertionError(f"waited in vain: {self.states} {self.messages}") from None

    async def until_state(self, name: str, *, after: int = 0) -> SessionState:
        """Wait for a state of this name among those from the ``after``-th on."""
        await self.until(lambda: any(state.name == name for state in self.states[after:]))
        return next(state for state in self.states[after:] if state.name == name)

    async def until_connected(self) -> None:
        async with asyncio.timeout(PATIENCE_S):
            await self.session.wait_connected()

    def payloads(self) -> list[bytes]:
        return [message.payload for message in self.messages]
