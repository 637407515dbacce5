"""What is said around a turn's own words while they are awaited: an opener, a bridge, an ending."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from edge.clock import monotonic
from edge.commentator.outlet import Outlet
from edge.messages import PoolEntry, PoolText, SpeechOpener, Trigger

BRIDGE_AFTER_S = 0.15
"""Silence behind the opener with no words in sight; those that come now still need a voice."""
OPENER_TTL_S = 0.5
"""An opener that could not be handed over by then comes too late to be one."""

Choose = Callable[[], PoolEntry | None]


class Opening:
    """The timing of one turn's opener. It replaces nothing, and the director knows nothing of it.

    Args:
        opener: to be said first.
        bridge: chooses what to say when the words are late; called at most once.
        ending: what to say when the words do not come in time.
        usual_ms: after so long most turns sound. Until then the silence behind a short opener is shorter than
            any bridge, which the words would have to wait for.
    """

    def __init__(self, opener: PoolEntry, bridge: Choose, ending: PoolText, usual_ms: float) -> None:
        self.text = opener.text.text
        self.ending = ending
        self._opener = opener
        self._bridge = bridge
        self._usual_ms = usual_ms
        self._timers: list[asyncio.TimerHandle] = []

    def begin(self, trigger: Trigger, outlet: Outlet, end: Callable[[], None]) -> None:
        """Say the opener, ahead of everything else.

        Args:
            end: called when the trigger expires before there are words.
        """

        def say(entry: PoolEntry) -> None:
            opener = SpeechOpener(
                turn_id=trigger.turn_id,
                sender=outlet.sender,
                priority=trigger.priority,
                language=entry.text.language,
                text=entry.text.text,
                pool_entry=entry.text.entry_id,
                ending=self.ending.text,
                ending_entry=self.ending.entry_id,
                received_mono=trigger.received_mono,
                expires_mono=trigger.expires_mono,
            )
            outlet.send(opener, ttl_s=OPENER_TTL_S)

        def say_bridge() -> None:
            if bridge := self._bridge():
                say(bridge)

        loop = asyncio.get_running_loop()
        say(self._opener)
        bridge_after_s = max(self._opener.duration_ms / 1000 + BRIDGE_AFTER_S, self._usual_ms / 1000)
        self._timers = [
            loop.call_later(bridge_after_s, say_bridge),
            loop.call_later(max(0.0, trigger.expires_mono - monotonic()), end),
        ]

    def over(self) -> None:
        """There are words, or none are wanted any more."""
        for timer in self._timers:
            timer.cancel()
