"""WebSocket connections that carry a key."""

from __future__ import annotations

from typing import Any

from websockets.asyncio.client import connect

from edge.config.addresses import is_on_this_machine


class connect_straight(connect):
    """``websockets.connect`` which follows no redirect, and asks no proxy for an address on this machine.

    The library takes ``Authorization`` off where a redirect leads to another host, but no other header with
    a key. A plain connection through a proxy would show the key to it.
    """

    def __init__(self, uri: str, **options: Any) -> None:
        super().__init__(uri, proxy=None if is_on_this_machine(uri) else True, **options)

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc
