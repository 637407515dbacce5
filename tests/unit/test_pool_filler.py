"""What the commentator asks for ahead: its cost is noted before, and nothing that happens makes it free."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from edge.ahead.engine import AheadEngine
from edge.ahead.pace import Pace, Pauses
from edge.clock import Moment, monotonic
from edge.commentator.forbidden import Forbidden
from edge.commentator.gate import Gate
from edge.commentator.pool.admission import Admission
from edge.commentator.pool.asking import Asking
from edge.commentator.pool.cost import REQUEST_TOKENS, REQUESTS, TOKENS, WritingCost
from edge.commentator.pool.filler import PoolFiller
from edge.commentator.pool.likely import Likely
from edge.commentator.pool.plan import Plan, Quantities
from edge.commentator.pool.stock import Stock
from edge.commentator.pool.variety import Spoken
from edge.commentator.pool.writer import Written
from edge.config import Ahead
from edge.ladder.rung import RequestError, RungError
from edge.messages import PoolHoldings, PoolText, PoolVoice
from edge.spending.ledger_file import LedgerFile
from edge.spending.lines import estimated_tokens
from tests.support.simulated import in_simulated_time
from tests.support.waiting import until

REMARKS = '["Хвост работает как дворник.", "Считает нас большой белой коровой."]'
OPENER = PoolText(use="opener", language="ru", text="О!", kind="remark")


class Room:
    """The commentator's engine, with a model that does what it is told."""

    def __init__(self, path: Path, backoff_s: float = 1000.0) -> None:
        self.path = path
        self.live = False
        self.asked: list[str] = []
        self.on_disk: list[dict[str, float]] = []
        """What the disk knew of as each request began."""
        self.failures: list[RungError] = []
        self.hold = asyncio.Event()
        self.hold.set()
        self.sent: list[PoolText] = []
        self.counters: Counter[str] = Counter()
        self.spending = LedgerFile(path)
        self.spending.open(Moment.now())
        cost = WritingCost(Ahead(requests_per_day=4), self.spending.ledger)
        asking = self.asking = Asking("ru", None)
        self.stock = Stock("ru", Admission("ru", asking.fingerprint, Gate(Forbidden()), [OPENER]), [OPENER])
        self.stock.note(PoolHoldings(instance="s1", voice="v", characters_left=1000))
        plan = Plan(
            Quantities(50, 2),
            self.stock,
            Likely(["dog", "cat"]),
            cost,
            Spoken(),
            Gate(Forbidden()),
            "ru",
            asking.fingerprint,
        )
        pace = Pace(Pauses(0.0, 0.0, backoff_s, backoff_s, 900.0), random.random, monotonic())
        writer: Any = SimpleNamespace(can_write=True, write=self._write)
        pipe: Any = SimpleNamespace(put=self._put)
        self.filler = PoolFiller(plan, self.stock, asking, writer, cost, pace, pipe, self.counters)
        self.engine = AheadEngine(
            self.filler.next, self.filler.rest, pace, self.spending, lambda: self.live, self.counters
        )

    async def _write(self, system: str, user: str) -> Written:
        self.asked.append(user)
        kept = LedgerFile(self.path)
        kept.open(Moment.now())
        self.on_disk.append(dict(kept.ledger.spent(Moment.now().date)))
        await self.hold.wait()
        if self.failures:
            raise self.failures.pop(0)
        return Written(REMARKS, "m", 100, 50)

    def _put(self, message: PoolVoice, **_: object) -> None:
        self.sent.append(message.text)

    @property
    def spent(self) -> dict[str, float]:
        return self.spending.ledger.spent(Moment.now().date)


@contextlib.asynccontextmanager
async def room(folder: Path, **options: Any) -> AsyncIterator[Room]:
    made = Room(folder / "spent.json", **options)
    running = asyncio.create_task(made.engine.run())
    try:
        yield made
        assert not running.done()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@in_simulated_time
async def test_what_a_request_may_cost_is_on_the_disk_before_it_is_made_and_what_it_did_cost_is_counted(
    tmp_path: Path,
) -> None:
    async with room(tmp_path) as r:
        await until(lambda: r.spent.get(REQUESTS) == 4)
        await until(lambda: "requests are used up" in r.filler.state)
    assert [known[REQUESTS] for known in r.on_disk] == [1, 2, 3, 4]
    assert r.on_disk[0][TOKENS] == REQUEST_TOKENS
    assert r.spent[TOKENS] == 4 * 150
    assert r.sent[0] == OPENER, "what is played again and again is voiced first"


@in_simulated_time
async def test_a_request_that_a_turn_breaks_off_costs_its_prompt_and_is_made_again(tmp_path: Path) -> None:
    async with room(tmp_path) as r:
        r.hold.clear()
        await until(lambda: len(r.asked) == 1)
        r.live = True
        r.engine.stand_back()
        await until(lambda: r.counters["pool.broken_off"] == 1)
        prompt = estimated_tokens(len(r.asking.system) + len(r.asked[0]))
        assert (r.spent[REQUESTS], r.spent[TOKENS]) == (1, prompt)
        await asyncio.sleep(0.05)
        assert len(r.asked) == 1, "nothing is written beside a turn"
        r.hold.set()
        r.live = False
        r.engine.stand_back()
        await until(lambda: r.counters["pool.requests"] == 3)


@in_simulated_time
async def test_a_service_that_refuses_is_left_alone_and_an_order_tries_it_again(tmp_path: Path) -> None:
    async with room(tmp_path) as r:
        r.failures = [RungError("429", retry_after_s=600.0)]
        await until(lambda: r.counters["pool.refused_requests"] == 1)
        await asyncio.sleep(0.05)
        assert (r.spent[REQUESTS], r.spent[TOKENS], len(r.asked)) == (1, 0, 1)
        assert "trying again in" in r.filler.state
        r.engine.hurry()
        await until(lambda: r.counters["pool.requests"] == 3)


@in_simulated_time
async def test_a_request_that_is_itself_refused_leaves_the_others_to_go_on(tmp_path: Path) -> None:
    async with room(tmp_path) as r:
        r.failures = [RequestError("400: content_filter")]
        await until(lambda: r.counters["pool.requests"] == 3)
    assert r.asked[1] != r.asked[0], "about something else"
    assert r.spent[TOKENS] == 3 * 150


@in_simulated_time
async def test_an_opener_that_the_voice_does_not_say_is_not_sent_again(tmp_path: Path) -> None:
    async with room(tmp_path) as r:
        await until(lambda: OPENER in r.sent)
        r.stock.note(PoolHoldings(instance="s2", voice="v", characters_left=1000, refused=(OPENER.entry_id,)))
        assert r.stock.unvoiced_own_texts() == []
        r.stock.note(PoolHoldings(instance="s2", voice="v", characters_left=1000))
        assert r.stock.unvoiced_own_texts() == [OPENER]
