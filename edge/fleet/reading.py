"""Reads what shuttles tell: each message once, although it may come twice; each ``status``. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

from edge.fleet.frame import FleetFrame
from edge.fleet.topics import PREFIX
from edge.recent import Recent

REMEMBERED = 10_000
"""Messages that may come again; a lost acknowledgement makes it happen within a few seconds or minutes."""
MAX_MESSAGE_BYTES = 64 * 1024


class FleetMessage(msgspec.Struct, frozen=True):
    """What one shuttle has told."""

    shuttle: str
    """By the topic, which the broker lets nobody else publish on."""
    leaf: str
    """``turn``, ``receipt``, ``state``, …"""
    frame: FleetFrame[dict[str, Any]]


class FleetReader:
    """Tells what is new from what has come before."""

    def __init__(self) -> None:
        self._known: Recent[tuple[str, str, str], None] = Recent(REMEMBERED)
        self.refused = 0

    def read(self, topic: str, payload: bytes) -> FleetMessage | None:
        """The shuttle's message; None: it came before, or is none of a shuttle, which is counted."""
        parts = topic.removeprefix(f"{PREFIX}/").split("/", 1)
        try:
            if len(parts) != 2 or len(payload) > MAX_MESSAGE_BYTES:
                raise ValueError
            frame = msgspec.json.decode(payload, type=FleetFrame[dict[str, Any]])
            if frame.shuttle != parts[0]:
                raise ValueError
        except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
            self.refused += 1
            return None
        key = (frame.shuttle, parts[1], frame.id)
        # A broker may publish one last will again and again, and each time the shuttle has gone.
        if parts[1] != "status":
            if key in self._known:
                return None
            self._known[key] = None
        return FleetMessage(frame.shuttle, parts[1], frame)
