"""The listener process: a microphone in, questions for the guide out.

Without a microphone it is there and says so, small: nothing that hears is even imported.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from edge.ceiling_news import CeilingNews
from edge.clock import Moment
from edge.journal_events import MessageId, event
from edge.messages import Hearing
from edge.meter import Meter
from edge.process import Health, Life
from edge.spending.ceiling import AT_CEILING
from edge.spending.ledger_file import LedgerFile, path_of

if TYPE_CHECKING:
    from edge.listener.ears import Ears
    from edge.listener.recognizers.recognizer import Recognizer

log = logging.getLogger(__name__)

NO_MICROPHONE = "null"
DEAF = Hearing(level_dbfs=-96.0, speaking=False, barge_in=False)


class Listener:
    """Hears where a microphone is configured."""

    def __init__(self, life: Life) -> None:
        self._life = life
        self._ears: Ears | None = None
        self._spending = LedgerFile(path_of(life.settings, "listener"))
        self._spending.open(Moment.now())
        self._meter = Meter(life, self._spending)
        self._ceiling = CeilingNews(life)

    async def start(self) -> None:
        self._life.feed.keep(DEAF)
        self._meter.start()
        if self._life.settings.listener.input == NO_MICROPHONE:
            return
        from edge.listener.attention import Attention
        from edge.listener.duplex import open_duplex
        from edge.listener.ears import Ears
        from edge.listener.recognizers import make_recognition_ladder

        duplex, canceller = open_duplex(self._life.settings.listener)
        if duplex.reason:
            log.warning("listening: %s", duplex, extra=event(MessageId.FELL_BACK, part="duplex"))
        attention = Attention(self._life, duplex)
        recognizers = make_recognition_ladder(self._life.settings, self._meter.note, self._rests)
        self._ears = Ears(self._life, attention, duplex, canceller, recognizers)
        self._life.spawn(self._spending.keep(), "keeping what was spent")
        self._ceiling.start()
        attention.start()
        self._ears.start()

    async def stop(self) -> None:
        if self._ears:
            await self._ears.close()
            self._spending.close(Moment.now())

    def _rests(self, recognizer: Recognizer) -> str:
        return AT_CEILING if recognizer.paid and self._ceiling.level > 1 else ""

    def health(self) -> Health:
        if self._ears:
            return self._ears.health()
        return Health(ready=True, status="listening to nobody: no microphone is configured (listener.input)")
