"""The listener process: a microphone in, questions for the guide out.

Without a microphone it is there and says so, small: nothing that hears is even imported.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from edge.messages import Hearing
from edge.process import Health, Life

if TYPE_CHECKING:
    from edge.listener.ears import Ears

log = logging.getLogger(__name__)

NO_MICROPHONE = "null"
DEAF = Hearing(level_dbfs=-96.0, speaking=False, barge_in=False)


class Listener:
    """Hears where a microphone is configured."""

    def __init__(self, life: Life) -> None:
        self._life = life
        self._ears: Ears | None = None

    async def start(self) -> None:
        self._life.feed.keep(DEAF)
        if self._life.settings.listener.input == NO_MICROPHONE:
            return
        from edge.listener.attention import Attention
        from edge.listener.duplex import open_duplex
        from edge.listener.ears import Ears

        duplex, canceller = open_duplex(self._life.settings.listener)
        if duplex.reason:
            log.warning("listening: %s", duplex)
        attention = Attention(self._life, duplex)
        self._ears = Ears(self._life, attention, duplex, canceller)
        attention.start()
        self._ears.start()

    async def stop(self) -> None:
        if self._ears:
            await self._ears.close()

    def health(self) -> Health:
        if self._ears:
            return self._ears.health()
        return Health(ready=True, status="listening to nobody: no microphone is configured (listener.input)")
