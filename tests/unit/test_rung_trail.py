"""A turn's trail tells which rungs were begun or passed over for it, how each fared, and what was paid."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from typing import Any

from edge.ladder import Ladder, RungError
from edge.ladder.limits import LadderLimits
from edge.messages import RungFate
from edge.rung_trail import LONGEST_REASON, MOST_TRIES, RungTrail
from tests.support.simulated import in_simulated_time

LIMITS = LadderLimits(
    initial_ms=100, min_ms=50, max_ms=200, stall_ms=100, grace_ms=20, breaker_failures=1, breaker_open_s=60
)


@dataclass
class ToldRung:
    """Gives two words, or does not."""

    name: str
    fails: str = ""
    hangs: bool = False
    dies_behind_first: bool = False
    delay_s: float = 0.0
    paid: bool = False
    local: bool = False

    async def open(self, request: tuple[int, RungTrail]) -> AsyncGenerator[str | None, None]:
        if self.fails:
            raise RungError(self.fails)
        if self.hangs:
            await asyncio.Event().wait()
        await asyncio.sleep(self.delay_s)
        for number in range(request[0], 2):
            if number and self.dies_behind_first:
                raise RungError("the line was cut")
            yield f"{self.name}:{number}"

    async def probe(self) -> None:
        raise RungError("still broken")


def ladder_of(*rungs: ToldRung, limits: LadderLimits = LIMITS, **options: Any) -> Ladder[Any, str]:
    return Ladder(
        "test",
        rungs,
        limits,
        advance=lambda request, _: (request[0] + 1, request[1]),
        trail_of=lambda request: request[1],
        **options,
    )


async def trail_behind(ladder: Ladder[Any, str]) -> RungTrail:
    trail = RungTrail()
    assert [output async for output in ladder.run((0, trail))]
    return trail


def fates(trail: RungTrail) -> list[tuple[str, RungFate]]:
    return [(each.rung, each.fate) for each in trail.tries]


@in_simulated_time
async def test_the_rung_that_does_the_work_alone_is_all_that_is_told() -> None:
    trail = await trail_behind(ladder_of(ToldRung("best"), ToldRung("last")))
    assert fates(trail) == [("best", "used")]
    (best,) = trail.tries
    assert best.begun_mono is not None
    assert best.until_mono is not None
    assert best.begun_mono <= best.until_mono


@in_simulated_time
async def test_who_gave_nothing_in_its_budget_hung_and_who_was_begun_beside_it_was_used() -> None:
    trail = await trail_behind(ladder_of(ToldRung("hung", hangs=True), ToldRung("last")))
    assert fates(trail) == [("hung", "hung"), ("last", "used")]
    assert "no output within" in (trail.tries[0].reason or "")


@in_simulated_time
async def test_who_was_begun_beside_a_late_one_and_came_second_has_lost() -> None:
    limits = replace(LIMITS, max_ms=10_000, local_initial_ms=8_000)
    ladder = ladder_of(
        ToldRung("late", delay_s=0.3), ToldRung("beside", hangs=True, local=True), limits=limits
    )
    assert fates(await trail_behind(ladder)) == [("late", "used"), ("beside", "lost")]


@in_simulated_time
async def test_who_failed_is_told_with_its_reason_and_then_passed_over() -> None:
    ladder = ladder_of(ToldRung("bad", fails="the key is wrong"), ToldRung("last"))
    first = await trail_behind(ladder)
    assert fates(first) == [("bad", "failed"), ("last", "used")]
    assert first.tries[0].reason == "the key is wrong"
    second = await trail_behind(ladder)
    assert fates(second) == [("bad", "skipped"), ("last", "used")]
    assert second.tries[0].begun_mono is None
    assert "the key is wrong" in (second.tries[0].reason or "")
    await ladder.close()


@in_simulated_time
async def test_who_rests_is_told_only_where_it_would_have_come_first() -> None:
    rests = {"hot": "the board is hot", "worse": "the board is hot"}
    rungs = [ToldRung("hot"), ToldRung("best"), ToldRung("worse")]
    trail = await trail_behind(ladder_of(*rungs, rests=lambda name: rests.get(name, "")))
    assert fates(trail) == [("hot", "skipped"), ("best", "used")]


@in_simulated_time
async def test_who_broke_off_was_cut_and_another_went_on() -> None:
    ladder = ladder_of(ToldRung("bad", dies_behind_first=True), ToldRung("last"))
    trail = await trail_behind(ladder)
    assert fates(trail) == [("bad", "cut"), ("last", "used")]
    assert trail.tries[0].reason == "the line was cut"
    await ladder.close()


@in_simulated_time
async def test_what_its_turn_did_not_wait_for_was_dropped() -> None:
    trail = RungTrail()
    ladder = ladder_of(ToldRung("slow", hangs=True), limits=replace(LIMITS, initial_ms=10_000, max_ms=10_000))
    asking = asyncio.ensure_future(anext(ladder.run((0, trail))))
    while not trail.tries:
        await asyncio.sleep(0)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    assert fates(trail) == [("slow", "dropped")]


def test_a_trail_is_bounded() -> None:
    trail = RungTrail("voice")
    for number in range(10 * MOST_TRIES):
        trail.begun(f"rung {number}").ended("failed", "x" * 10_000)
    assert len(trail.tries) == MOST_TRIES
    assert {len(each.reason or "") for each in trail.tries} == {LONGEST_REASON}


def test_what_is_noted_is_what_the_ledger_gets() -> None:
    noted: list[tuple[Any, ...]] = []
    trail = RungTrail()
    note = trail.beside(lambda *each: noted.append(each))
    note("groq", "remark", {"tokens_in": 100, "tokens_out": 0})
    note("groq", "remark", {"tokens_in": 20, "tokens_out": 7})
    assert noted == [
        ("groq", "remark", {"tokens_in": 100, "tokens_out": 0}),
        ("groq", "remark", {"tokens_in": 20, "tokens_out": 7}),
    ]
    assert trail.spent == {
        "groq.remark.requests": 2,
        "groq.remark.tokens_in": 120,
        "groq.remark.tokens_out": 7,
    }
