"""Makes one thing after another ahead while nobody speaks; the first word of a turn breaks it off."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, NoReturn, TypeVar

from edge.ahead.pace import Pace
from edge.clock import Moment, monotonic
from edge.ladder.rung import RequestError, RungError
from edge.spending.ledger_file import LedgerFile
from edge.tasks import wait_at_most

Made = TypeVar("Made")

log = logging.getLogger(__name__)

LONGEST_NAP_S = 30.0
"""The calendar may go on meanwhile, and with it the day's limits."""
LEFT_OPEN_S = 10.0
"""Through shorter pauses a connection is kept."""
SUSPECT_AFTER = 3
"""As many different things that fail one after the other are the service's trouble, not theirs."""


@dataclass(frozen=True)
class AheadJob(Generic[Made]):
    """One thing to be made ahead. What is asked for its cost gives amounts by the ledger's names."""

    name: str
    cost: Mapping[str, float]
    """What it may cost; noted before it is begun."""
    make: Callable[[], Awaitable[Made]]
    """Cancelled when a turn begins. Raises ``RequestError`` where only this one fails, else ``RungError``."""
    keep: Callable[[Made], Awaitable[Mapping[str, float]]]
    """Puts away what was made; gives what it has cost. Raises ``OSError``."""
    failed: Callable[[RungError, float], Mapping[str, float]]
    """Told the error and for how long nothing is made (0: others go on); gives what it has cost."""
    broken_off: Callable[[], Mapping[str, float]]
    """Gives what it has cost."""


class AheadEngine:
    """Makes things ahead, one at a time, and never beside a live turn.

    Args:
        choose: what to make next, or for how many seconds there is nothing to make; asked in quiet moments.
        rest: called when the service is not needed for a while.
        pace: when the service may be used.
        ledger: what it costs is noted there.
        is_live: whether a turn is being spoken now, or a passenger speaks.
        counters: of the process.
    """

    def __init__(
        self,
        choose: Callable[[Moment], AheadJob[Any] | float],
        rest: Callable[[], Awaitable[None]],
        pace: Pace,
        ledger: LedgerFile,
        is_live: Callable[[], bool],
        counters: Counter[str],
    ) -> None:
        self._choose = choose
        self._rest = rest
        self._pace = pace
        self._ledger = ledger
        self._is_live = is_live
        self._counters = counters
        self._news = asyncio.Event()
        self._disturbed = False
        self._making: asyncio.Future[Any] | None = None
        self._suspects: set[str] = set()

    def stand_back(self) -> None:
        """A live turn begins or ends, or a passenger speaks: what is being made is broken off at once."""
        self._pace.disturbed(monotonic())
        self._disturbed = True
        if self._making:
            self._making.cancel()
        self._news.set()

    def hurry(self) -> None:
        """Make without the usual pauses until ``Pace.relax``, or for a while."""
        self._pace.hurry(monotonic())
        self._suspects.clear()
        self._news.set()

    def look_again(self) -> None:
        """Something changed that the choice depends on."""
        self._news.set()

    async def run(self) -> NoReturn:
        """Make what is asked for, for ever."""
        while True:
            self._news.clear()
            now, wait_s = Moment.now(), LONGEST_NAP_S
            if not self._is_live():
                chosen = self._choose(now)
                wait_s = chosen if isinstance(chosen, float) else self._pace.wait_s(now.mono)
                if not isinstance(chosen, float) and wait_s <= 0:
                    await self._do(chosen, now)
                    continue
                if wait_s > LEFT_OPEN_S:
                    await self._rest()
            await wait_at_most(self._news, min(wait_s, LONGEST_NAP_S))

    async def _do(self, job: AheadJob[Any], now: Moment) -> None:
        self._disturbed = False
        try:
            await self._ledger.spend(now, job.cost)
            if self._disturbed:  # a turn has begun meanwhile
                return self._settle(job, now, {})
            self._making = asyncio.ensure_future(job.make())
            await asyncio.wait([self._making])
            if self._making.cancelled():
                await self._rest()  # closing the connection is the surest way to have the service stop
                self._counters["pool.broken_off"] += 1
                return self._settle(job, now, job.broken_off())
            try:
                made = self._making.result()
            except RungError as error:
                await self._rest()
                return self._settle(job, now, job.failed(error, self._pause_s(job, error)))
            self._suspects.clear()
            self._pace.succeeded(monotonic())
            self._settle(job, now, await job.keep(made))
        except OSError as error:
            pause_s = self._pace.refused(monotonic())
            log.error("pool: the disk does not take it (%s); trying again in %.0f s", error, pause_s)
        finally:
            if self._making:
                self._making.cancel()
                self._making = None

    def _pause_s(self, job: AheadJob[Any], error: RungError) -> float:
        """How long nothing is made after this failure, in seconds."""
        if isinstance(error, RequestError):
            self._suspects.add(job.name)
            if len(self._suspects) < SUSPECT_AFTER:
                self._pace.pause(monotonic())
                return 0.0
        return self._pace.refused(monotonic(), error.retry_after_s, permanent=error.permanent)

    def _settle(self, job: AheadJob[Any], now: Moment, used: Mapping[str, float]) -> None:
        names = job.cost.keys() | used.keys()
        difference = {name: used.get(name, 0.0) - job.cost.get(name, 0.0) for name in names}
        if any(difference.values()):
            self._ledger.correct(now.date, difference)
