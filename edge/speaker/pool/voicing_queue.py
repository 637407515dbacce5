"""Which text is voiced next, and what becomes of one whose sound is refused: it waits behind the others."""

from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial

from edge.ahead.engine import AheadJob
from edge.clock import Moment, monotonic
from edge.ladder.rung import RequestError, RungError, as_rung_error
from edge.messages import PoolText, PoolUse
from edge.speaker.pool.entry import HeldSound
from edge.speaker.voices.spoken import Spell
from edge.spending.ledger import DayLedger
from edge.spoken_form.spell import spoken_form

log = logging.getLogger(__name__)

CAPACITY = 64
"""Texts that may wait; whoever sends them sees in the holdings how many do, and sends what was lost again."""
ATTEMPTS = 3
RETRY_S = 60.0
"""After a text's first refusal; twice that after the second."""
REFUSED_FOR_S = 6 * 3600.0
"""A text that was given up is not taken again for so long."""
URGENCY: dict[PoolUse, int] = {"opener": 0, "bridge": 1, "ending": 1, "remark": 2}
"""What is played again and again is voiced first."""
CHARACTERS = "ahead.characters"
"""The ledger's name for them."""


@dataclass
class Waiting:
    """A text, and how it has fared."""

    text: PoolText
    characters: int
    """Characters that a voice is given for it."""
    attempts: int = 0
    """In which it was refused or broken off."""
    failures: int = 0
    """How often the service failed while it was this text's turn."""
    not_before: float = 0.0
    """Monotonic seconds; 0: it was not refused."""


class VoicingQueue:
    """Texts that wait to be voiced.

    Args:
        voice_ahead: makes a text's sound; raises ``RungError``. It may be cancelled at any time.
        keep: puts a sound into the store; raises ``OSError``.
        ledger: what was spent.
        limit: characters a day.
        counters: ``pool.voiced``, ``pool.failed``, … are counted here.
        on_change: told when the queue has changed.
        spell: how a text is said, which is what a service is paid for.
    """

    def __init__(
        self,
        voice_ahead: Callable[[PoolText], Awaitable[HeldSound]],
        keep: Callable[[HeldSound], Awaitable[None]],
        ledger: DayLedger,
        limit: int,
        counters: Counter[str],
        on_change: Callable[[], None],
        spell: Spell = spoken_form,
    ) -> None:
        self._voice_ahead = voice_ahead
        self._keep = keep
        self._ledger = ledger
        self._limit = limit
        self._counters = counters
        self._on_change = on_change
        self._spell = spell
        self._waiting: dict[str, Waiting] = {}
        self._refused: dict[str, float] = {}
        """Entry id → until when, in monotonic seconds."""

    def __len__(self) -> int:
        return len(self._waiting)

    def refused(self, now: float) -> tuple[str, ...]:
        """Ids of texts that were given up since the voice does not say them."""
        self._refused = {entry_id: until for entry_id, until in self._refused.items() if until > now}
        return tuple(self._refused)

    def put(self, text: PoolText) -> None:
        """Queue a text; of too many the last of the least urgent goes."""
        if text.entry_id in self.refused(monotonic()):
            return
        characters = len(self._spell(text.text, text.language).text)
        waiting = self._waiting.setdefault(text.entry_id, Waiting(text, characters))
        waiting.text, waiting.characters = text, characters
        if len(self._waiting) > CAPACITY:
            self._drop(max(self._waiting, key=lambda each: URGENCY[self._waiting[each].text.use]), "crowded")

    def forget(self, entry_id: str) -> None:
        """Take a text out of the queue that is not wanted any more."""
        self._waiting.pop(entry_id, None)

    def retry_all(self) -> None:
        """Try also those again that were refused."""
        self._refused.clear()
        for waiting in self._waiting.values():
            waiting.not_before = 0.0

    def next(self, now: Moment) -> AheadJob[HeldSound] | float:
        """What to voice next, or for how many seconds nothing can be."""
        for entry_id in [i for i, each in self._waiting.items() if each.characters > self._limit]:
            self._drop(entry_id, "too_long")
        left = self._ledger.left(now, CHARACTERS, self._limit)
        fitting = [each for each in self._waiting.values() if each.characters <= left]
        ready = [each for each in fitting if each.not_before <= now.mono]
        if not ready:
            return min((each.not_before - now.mono for each in fitting), default=math.inf)
        chosen = min(ready, key=lambda each: (each.not_before, URGENCY[each.text.use]))
        cost = {CHARACTERS: chosen.characters}
        return AheadJob(
            chosen.text.entry_id,
            cost,
            partial(self._make, chosen.text),
            partial(self._made, cost),
            partial(self._failed, chosen, cost),
            partial(self._broken_off, chosen, cost),
        )

    async def _make(self, text: PoolText) -> HeldSound:
        try:
            return await self._voice_ahead(text)
        except (RungError, OSError) as error:
            raise as_rung_error(error) from error
        except Exception as error:  # nobody knows what it is; another text may not meet it
            raise RequestError(str(as_rung_error(error))) from error

    async def _made(self, cost: Mapping[str, float], sound: HeldSound) -> Mapping[str, float]:
        entry_id = sound.header.text.entry_id
        if entry_id in self._waiting:
            await self._keep(sound)
            self._waiting.pop(entry_id, None)
            self._counters["pool.voiced"] += 1
            self._on_change()
        return cost

    def _failed(
        self, waiting: Waiting, cost: Mapping[str, float], error: RungError, pause_s: float
    ) -> Mapping[str, float]:
        self._counters["pool.failed"] += 1
        if not isinstance(error, RequestError):
            log.warning("pool: a text was not voiced (%s); trying again in %.0f s", error, pause_s)
            waiting.failures += 1
            if waiting.failures % ATTEMPTS == 0:  # it may be the text after all
                waiting.not_before = monotonic()
            return {}
        entry_id, now = waiting.text.entry_id, monotonic()
        waiting.not_before = now + RETRY_S * 2**waiting.attempts
        waiting.attempts += 1
        log.warning(
            "pool: the text %s was not voiced (%s), %d of %d times; others go on%s",
            entry_id,
            error,
            waiting.attempts,
            ATTEMPTS,
            f" in {pause_s:.0f} s" if pause_s else "",
        )
        if waiting.attempts >= ATTEMPTS:
            self._refused[entry_id] = now + REFUSED_FOR_S
            self._drop(entry_id, "given_up")
        return cost

    def _broken_off(self, waiting: Waiting, cost: Mapping[str, float]) -> Mapping[str, float]:
        waiting.attempts += 1
        if waiting.attempts >= ATTEMPTS:
            self._drop(waiting.text.entry_id, "given_up")
        return cost

    def _drop(self, entry_id: str, reason: str) -> None:
        self._waiting.pop(entry_id, None)
        self._counters[f"pool.{reason}"] += 1
        self._on_change()
