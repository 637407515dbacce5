"""Connections that are kept warm: when the client has one back, and the next request can have it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from edge.clouds.warm_connection import WarmConnection


def warmed_connections(
    monkeypatch: pytest.MonkeyPatch, then: Callable[[str], None] = lambda name: None
) -> list[str]:
    """Names of those that were used to keep them open, each time one was; from now on.

    A server that has answered does not know yet whether its client has read the answer.

    Args:
        then: called with the name each time, before anything else happens.
    """
    warmed: list[str] = []
    make = WarmConnection.__init__

    def noted(self: WarmConnection, name: str, use: Callable[[], Awaitable[Any]]) -> None:
        async def use_and_note() -> None:
            await use()
            warmed.append(name)
            then(name)

        make(self, name, use_and_note)

    monkeypatch.setattr(WarmConnection, "__init__", noted)
    return warmed
