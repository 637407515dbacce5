"""Filling the pool: texts wait in a queue and are voiced one by one when nobody else needs the voice."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import date

from edge.ladder.rung import RungError, as_rung_error
from edge.messages import PoolText, PoolUse
from edge.speaker.pool.entry import HeldSound
from edge.speaker.pool.ledger import CharacterLedger
from edge.speaker.pool.pace import VoicingPace
from edge.speaker.pool.voicing import WastedSoundError

log = logging.getLogger(__name__)

CAPACITY = 64
"""Texts that may wait; whoever sends them sees in the holdings how many do, and sends what was lost again."""
ATTEMPTS = 3
LONGEST_NAP_S = 30.0
"""The calendar may go on meanwhile, and with it the budget."""
CONNECTION_LEFT_OPEN_S = 10.0
"""Through shorter pauses the connection is kept."""
URGENCY: dict[PoolUse, int] = {"opener": 0, "bridge": 1, "ending": 1, "remark": 2}
"""What is played again and again is voiced first."""

VoiceAhead = Callable[[PoolText], Awaitable[HeldSound]]


class VoicingQueue:
    """Voices waiting texts one by one while no turn is spoken.

    Args:
        voice_ahead: makes a text's sound; raises ``RungError``. It may be cancelled at any time.
        rest: called when the voice is not needed for a while.
        keep: puts a sound into the store; raises ``OSError``.
        pace: when the voice may be used.
        ledger: what it may cost.
        is_live: whether a turn is being spoken now.
        counters: ``pool.voiced``, ``pool.failed``, … are counted here.
        on_change: told when the queue or the budget has changed.
    """

    def __init__(
        self,
        voice_ahead: VoiceAhead,
        rest: Callable[[], Awaitable[None]],
        keep: Callable[[HeldSound], Awaitable[None]],
        pace: VoicingPace,
        ledger: CharacterLedger,
        is_live: Callable[[], bool],
        counters: Counter[str],
        on_change: Callable[[], None],
    ) -> None:
        self._voice_ahead = voice_ahead
        self._rest = rest
        self._keep = keep
        self._pace = pace
        self._ledger = ledger
        self._is_live = is_live
        self._counters = counters
        self._on_change = on_change
        self._waiting: dict[str, PoolText] = {}
        self._attempts: Counter[str] = Counter()
        self._arrived = asyncio.Event()
        self._voicing: asyncio.Future[HeldSound] | None = None

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def put(self, text: PoolText) -> None:
        """Queue a text; of too many the oldest of the least urgent goes."""
        self._waiting[text.entry_id] = text
        if len(self._waiting) > CAPACITY:
            victim = max(self._waiting.values(), key=lambda waiting: URGENCY[waiting.use])
            self._drop(victim.entry_id, "crowded")
        self._arrived.set()

    def forget(self, entry_id: str) -> None:
        """Take a text out of the queue that is not wanted any more."""
        self._waiting.pop(entry_id, None)

    def hurry(self) -> None:
        """Fill without the usual pauses for a while."""
        self._pace.hurry(time.monotonic())
        self._arrived.set()

    def live(self) -> None:
        """The voice is needed for a turn: what is being voiced is broken off."""
        self._pace.live(time.monotonic())
        if self._voicing is not None:
            self._voicing.cancel()

    async def run(self) -> None:
        """Fill for ever."""
        while True:
            self._arrived.clear()
            if not self._waiting:
                await self._rest()
                await self._arrived.wait()
            text, wait_s = self._next()
            if text is not None and wait_s <= 0:
                await self._fill_one(text)
                self._on_change()
                continue
            if wait_s > CONNECTION_LEFT_OPEN_S:
                await self._rest()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._arrived.wait(), wait_s)

    def _next(self) -> tuple[PoolText | None, float]:
        """What to voice next (None: nothing that fits into today's budget), and how long to wait before."""
        now = time.monotonic()
        self._ledger.budget.turn(date.today(), now)
        for text in [text for text in self._waiting.values() if len(text.text) > self._ledger.budget.limit]:
            self._drop(text.entry_id, "too_long")
        fitting = [text for text in self._waiting.values() if len(text.text) <= self._ledger.budget.left]
        if not fitting:
            return None, LONGEST_NAP_S if self._waiting else 0.0
        wait_s = self._pace.wait_s(now, live=self._is_live())
        return min(fitting, key=lambda text: URGENCY[text.use]), min(wait_s, LONGEST_NAP_S)

    async def _fill_one(self, text: PoolText) -> None:
        try:
            if not await self._ledger.take(len(text.text)):
                return
            if self._pace.wait_s(time.monotonic(), live=self._is_live()) > 0:  # a turn has begun meanwhile
                await self._ledger.give_back(len(text.text))
                return
            self._attempts[text.entry_id] += 1
            self._voicing = asyncio.ensure_future(self._voice_ahead(text))
            await asyncio.wait([self._voicing])
            if self._voicing.cancelled():
                await self._broken_off(text)
            elif error := self._voicing.exception():
                await self._failed(text, as_rung_error(error))
            elif text.entry_id in self._waiting:
                await self._keep(self._voicing.result())
                self._waiting.pop(text.entry_id, None)
                self._attempts.pop(text.entry_id, None)
                self._counters["pool.voiced"] += 1
                self._pace.voiced(time.monotonic())
        except OSError as error:
            wait_s = self._pace.failed(time.monotonic())
            log.error("pool: the disk does not take it (%s); trying again in %.0f s", error, wait_s)
        finally:
            if self._voicing is not None:
                self._voicing.cancel()
                self._voicing = None

    async def _broken_off(self, text: PoolText) -> None:
        await self._rest()  # closing the connection is the surest way to have the service stop
        self._counters["pool.broken_off"] += 1
        if self._attempts[text.entry_id] >= ATTEMPTS:
            self._drop(text.entry_id, "given_up")

    async def _failed(self, text: PoolText, error: RungError) -> None:
        self._counters["pool.failed"] += 1
        if not isinstance(error, WastedSoundError):
            await self._ledger.give_back(len(text.text))
        if self._attempts[text.entry_id] >= ATTEMPTS:
            self._drop(text.entry_id, "given_up")
        await self._rest()
        wait_s = self._pace.failed(
            time.monotonic(), retry_after_s=error.retry_after_s, permanent=error.permanent
        )
        log.warning("pool: a text was not voiced (%s); trying again in %.0f s", error, wait_s)

    def _drop(self, entry_id: str, reason: str) -> None:
        self._waiting.pop(entry_id, None)
        self._attempts.pop(entry_id, None)
        self._counters[f"pool.{reason}"] += 1
        self._on_change()
