"""What all processes spend today, and how near that is to what a day may cost."""

from __future__ import annotations

import asyncio
import logging

from edge.bus.topology import HEARTBEAT_S
from edge.clock import Moment
from edge.journal_events import MessageId, event
from edge.messages import CeilingBound, CeilingLevel, CostCeiling, Spending
from edge.meter import Meter
from edge.process import Life
from edge.spending.books import Books
from edge.spending.ceiling import WITHOUT, level_of, shares
from edge.spending.ledger_file import LedgerFile, path_of
from edge.spending.lines import total
from edge.spending.price import cost_of, prices_of

log = logging.getLogger(__name__)


class Expenses:
    """Counts the commentator's own spending, hears of that of the others, and tells where all stand together.

    Args:
        life: of the commentator.
    """

    def __init__(self, life: Life) -> None:
        self._life = life
        self.ledger = LedgerFile(path_of(life.settings, life.name))
        """What the commentator itself has spent."""
        self.ledger.open(Moment.now())
        self._ceilings = life.settings.cost
        self._prices = prices_of(life.settings)
        self._books = Books()
        self.meter = Meter(life, self.ledger, self._books.take)
        self._told: CostCeiling | None = None

    def start(self) -> None:
        self._life.spawn(self.ledger.keep(), "keeping what was spent")
        self.meter.start()
        self._look()
        self._life.spawn(self._follow(), "following what is spent")
        self._life.spawn(self._look_for_ever(), "watching what a day may cost")

    def close(self) -> None:
        """Have the disk know what was spent. Blocks."""
        self.ledger.close(Moment.now())

    @property
    def level(self) -> CeilingLevel:
        """How near today's spending is to a ceiling."""
        date = Moment.now().date
        return 2 if self._is_unknown(date) else level_of(self._shares(date))

    @property
    def has_paid_voice(self) -> bool:
        """The speaker, which alone has the keys of voices, says so."""
        return self._books.may_pay("speaker")

    @property
    def fact(self) -> str:
        """What was spent today, for people."""
        date = Moment.now().date
        lines = self._books.spent(date)
        if not lines:
            return "nothing today"
        sums = total(lines.values())
        return (
            f"{sums['tokens_in'] + sums['tokens_out']:.0f} tokens, {sums['characters']:.0f} characters, "
            f"{sums['audio_s']:.0f} s of audio today; money: {cost_of(lines, self._prices)}"
        )

    @property
    def state(self) -> str:
        """Which ceiling is near or reached, and what the guide does about it; empty: none is."""
        level, date = self.level, Moment.now().date
        if not level:
            return ""
        if self._is_unknown(date):
            return f"what was spent today is not known, so it counts as all that may be: {WITHOUT[level]}"
        bound = self._fullest(date)
        limit = getattr(self._ceilings, f"{bound}_per_day")
        reached = "is reached" if level == 2 else "is near"
        return f"the day's ceiling {reached} (cost.{bound}_per_day = {limit}): {WITHOUT[level]}"

    @property
    def levels(self) -> dict[str, float]:
        """What is known of today's money, and how much of each ceiling is used up, for metrics."""
        date = Moment.now().date
        by_service: dict[str, float] = {}
        lines = self._books.spent(date)
        for service in {line.service for line in lines}:
            cost = cost_of({line: lines[line] for line in lines if line.service == service}, self._prices)
            if cost.is_known:
                by_service[f"money_today.{service}"] = cost.money
        return by_service | {f"ceiling_used.{bound}": used for bound, used in self._shares(date).items()}

    def _shares(self, date: str) -> dict[CeilingBound, float]:
        return shares(self._books.used(date), self._ceilings, self._prices)

    def _fullest(self, date: str) -> CeilingBound:
        used = self._shares(date)
        return max(used, key=lambda bound: used[bound])

    def _is_unknown(self, date: str) -> bool:
        """Whether a process has lost what it had spent; without a ceiling nothing hangs on it."""
        return bool(self._shares(date)) and self._books.is_unknown(date)

    async def _follow(self) -> None:
        async for news in self._life.watch(Spending, of=("speaker", "listener")):
            self._books.take(news)
            self._look()

    async def _look_for_ever(self) -> None:
        """A new day may have begun."""
        while True:
            self._look()
            await asyncio.sleep(HEARTBEAT_S)

    def _look(self) -> None:
        """Tell what has changed; the journal, when a threshold was crossed."""
        date, level = Moment.now().date, self.level
        used = {bound: round(share, 4) for bound, share in self._shares(date).items()}
        told = self._told
        if told and (level, used) == (told.level, told.shares):
            return
        self._told = CostCeiling(level=level, shares=used)
        self._life.feed.keep(self._told)
        if level == (told.level if told else 0):
            return
        if level:
            bound = None if self._is_unknown(date) else self._fullest(date)
            log.warning("%s", self.state, extra=event(MessageId.COST_CEILING, level=level, bound=bound))
        else:
            log.info(
                "a new day: paid services are used again", extra=event(MessageId.COST_CEILING, level=level)
            )
        self._life.tell_health_now()
