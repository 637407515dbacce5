"""Where a turn's speech goes, and whom it tells."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from edge.bus import Delivery, PipeSender
from edge.clock import monotonic
from edge.messages import Priority, Progress, Speech

URGENT = Priority.SAFETY + 1
"""Pipe priority of what stops or ducks speech: it overtakes all text."""
SPEECH_TTL_S = 30.0
"""Text that could not be handed to the speaker for so long belongs to a turn nobody waits for."""


class Outlet(NamedTuple):
    """The pipe to the speaker and those who are told of turns; given once, by who begins the turns."""

    speech: PipeSender
    sender: str
    """This commentator's instance."""
    on_first_text: Callable[[str], list[str]]
    """Called right before a turn's first clause leaves; gives the turns that it replaces."""
    on_stage: Callable[[Progress], None]
    """Told of each stage that a turn reaches here."""

    def send(
        self, message: Speech, priority: int = URGENT, ttl_s: float = SPEECH_TTL_S
    ) -> asyncio.Future[Delivery]:
        """Hand a message to the speaker, or give it up after ``ttl_s``."""
        return self.speech.put(message, priority=priority, expires_mono=monotonic() + ttl_s)
