"""The ladder: the best rung in time wins, nothing is lost when one dies, the way back is automatic."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field, replace

import pytest

from edge.ladder import Ladder, LadderExhausted, RungError
from edge.ladder.limits import LadderLimits
from tests.support.simulated import in_simulated_time

BUDGET = LadderLimits(
    initial_ms=150, min_ms=50, max_ms=300, stall_ms=200, grace_ms=30, breaker_failures=2, breaker_open_s=0.2
)


@dataclass
class ScriptedRung:
    """Says ``words`` from the request's position on, after ``delay_s``; dies before the word ``dies_at``."""

    name: str
    words: str = "a b c d"
    delay_s: float = 0.0
    dies_at: int | None = None
    hangs_at: int | None = None
    paid: bool = True
    local: bool = False
    opened: int = 0
    closed: int = 0
    probes: int = 0
    broken_probe: bool = field(default=False)

    async def open(self, request: int) -> AsyncGenerator[str | None, None]:
        self.opened += 1
        try:
            await asyncio.sleep(self.delay_s)
            for position, word in enumerate(self.words.split()):
                if position < request:
                    continue
                if position == self.dies_at:
                    raise RungError(f"{self.name} died")
                if position == self.hangs_at:
                    await asyncio.Event().wait()
                yield f"{self.name}:{word}"
        finally:
            self.closed += 1

    async def probe(self) -> None:
        self.probes += 1
        if self.broken_probe:
            raise RungError("still broken")


def ladder_of(*rungs: ScriptedRung, budget: LadderLimits = BUDGET) -> Ladder[int, str]:
    return Ladder("test", rungs, budget, advance=lambda position, _: position + 1)


async def heard(ladder: Ladder[int, str], **kwargs: bool) -> list[str]:
    return [out.output async for out in ladder.run(0, **kwargs)]


@in_simulated_time
async def test_the_best_rung_does_the_work_alone() -> None:
    best, last = ScriptedRung("best"), ScriptedRung("last")
    assert await heard(ladder_of(best, last)) == ["best:a", "best:b", "best:c", "best:d"]
    assert last.opened == 0


@in_simulated_time
async def test_a_late_rung_loses_to_the_next_and_is_stopped() -> None:
    late, last = ScriptedRung("late", delay_s=30), ScriptedRung("last")
    assert await heard(ladder_of(late, last)) == ["last:a", "last:b", "last:c", "last:d"]
    assert late.closed == 1


@in_simulated_time
async def test_a_late_rung_still_wins_when_the_one_beside_it_is_later() -> None:
    late, later = ScriptedRung("late", delay_s=0.25), ScriptedRung("later", delay_s=30)
    assert (await heard(ladder_of(late, later)))[0] == "late:a"
    assert later.closed == 1


@in_simulated_time
async def test_a_better_rung_gets_a_short_grace() -> None:
    better, worse = ScriptedRung("better", delay_s=0.16), ScriptedRung("worse")
    assert (await heard(ladder_of(better, worse)))[0] == "better:a"


@pytest.mark.parametrize("fault", [{"dies_at": 0}, {"words": ""}])
@in_simulated_time
async def test_a_failing_or_empty_rung_is_followed_at_once(fault: dict[str, object]) -> None:
    bad, last = ScriptedRung("bad", **fault), ScriptedRung("last")  # type: ignore[arg-type]
    assert await heard(ladder_of(bad, last)) == ["last:a", "last:b", "last:c", "last:d"]


@pytest.mark.parametrize("fault", [{"dies_at": 2}, {"hangs_at": 2}])
@in_simulated_time
async def test_the_next_rung_goes_on_where_a_dying_one_got_to(fault: dict[str, int]) -> None:
    bad, last = ScriptedRung("bad", **fault), ScriptedRung("last")  # type: ignore[arg-type]
    assert await heard(ladder_of(bad, last)) == ["bad:a", "bad:b", "last:c", "last:d"]


@in_simulated_time
async def test_all_rungs_failing_is_said() -> None:
    with pytest.raises(LadderExhausted):
        await heard(ladder_of(ScriptedRung("x", dies_at=0), ScriptedRung("y", dies_at=0)))


@in_simulated_time
async def test_a_rung_that_keeps_failing_is_skipped_until_a_probe_succeeds() -> None:
    bad, last = ScriptedRung("bad", dies_at=0, broken_probe=True), ScriptedRung("last")
    ladder = ladder_of(bad, last)
    for _ in range(4):
        await heard(ladder)
    assert bad.opened == 2
    bad.dies_at, bad.broken_probe = None, False
    for _ in range(200):
        if ladder.states()["bad"] == "ok":
            break
        await asyncio.sleep(0.02)
    assert (await heard(ladder))[0] == "bad:a"
    await ladder.close()


@in_simulated_time
async def test_paid_hedges_are_capped_and_free_ones_are_not() -> None:
    budget = LadderLimits(
        initial_ms=20, min_ms=20, max_ms=100, stall_ms=200, hedges_per_minute=1, breaker_failures=20
    )
    slow, paid = ScriptedRung("slow", delay_s=0.1), ScriptedRung("paid", delay_s=30)
    free = ScriptedRung("free", delay_s=30, paid=False)
    ladder = ladder_of(slow, paid, free, budget=budget)
    for _ in range(3):
        assert (await heard(ladder))[0] == "slow:a"
    assert paid.opened == 1
    assert free.opened == 3
    await ladder.close()


@in_simulated_time
async def test_local_only_asks_no_cloud() -> None:
    cloud, local = ScriptedRung("cloud"), ScriptedRung("local", local=True)
    assert (await heard(ladder_of(cloud, local), local_only=True))[0] == "local:a"
    assert cloud.opened == 0


@in_simulated_time
async def test_a_rung_that_dies_after_its_last_word_has_done_no_harm() -> None:
    bad, last = ScriptedRung("bad", dies_at=4, words="a b c d e"), ScriptedRung("last")
    ladder = Ladder("test", [bad, last], BUDGET, advance=lambda n, _: n + 1, finished=lambda n: n == 4)
    assert await heard(ladder) == ["bad:a", "bad:b", "bad:c", "bad:d"]
    assert last.opened == 0


@in_simulated_time
async def test_the_next_rung_finding_nothing_left_is_no_failure() -> None:
    """A voice dies while it waits for more text, and none comes."""
    done: set[str] = set()
    bad, last = ScriptedRung("bad", dies_at=2), ScriptedRung("last", words="a b")
    ladder = Ladder("test", [bad, last], BUDGET, advance=lambda n, _: n + 1, finished=lambda n: "x" in done)
    stream = ladder.run(0)
    assert [(await anext(stream)).output for _ in range(2)] == ["bad:a", "bad:b"]
    last.delay_s = 0.05
    asyncio.get_running_loop().call_later(0.02, done.add, "x")
    assert [out async for out in stream] == []
    assert ladder.states() == {"bad": "ok", "last": "ok"}


@in_simulated_time
async def test_signs_of_life_keep_a_slow_stream_from_being_a_stalled_one() -> None:
    class SlowRung(ScriptedRung):
        async def open(self, request: int) -> AsyncGenerator[str | None, None]:
            yield "slow:a"
            for _ in range(8):
                await asyncio.sleep(0.05)
                yield None
            yield "slow:b"

    assert await heard(ladder_of(SlowRung("slow"), ScriptedRung("last"))) == ["slow:a", "slow:b"]


@in_simulated_time
async def test_signs_of_life_do_not_keep_anybody_waiting_for_ever() -> None:
    class DrippingRung(ScriptedRung):
        async def open(self, request: int) -> AsyncGenerator[str | None, None]:
            yield "drips:a"
            while True:
                await asyncio.sleep(0.05)
                yield None

    ladder = ladder_of(DrippingRung("drips"), ScriptedRung("last"))
    assert await heard(ladder) == ["drips:a", "last:b", "last:c", "last:d"]


@in_simulated_time
async def test_when_only_hanging_rungs_are_left_it_is_said() -> None:
    with pytest.raises(LadderExhausted):
        await heard(ladder_of(ScriptedRung("hangs", delay_s=30), ScriptedRung("fails", dies_at=0)))


@in_simulated_time
async def test_a_rung_that_hangs_whenever_it_has_work_delays_two_turns_and_not_each() -> None:
    hangs, last = ScriptedRung("hangs", delay_s=30), ScriptedRung("last")
    ladder = ladder_of(hangs, last, budget=replace(BUDGET, breaker_open_s=60.0))
    for turn in range(4):
        assert (await heard(ladder))[0] == "last:a"
        assert hangs.opened == min(turn + 1, 2), "its probes are answered"
        await asyncio.sleep(0.15)  # for a probe that is due at once
    await ladder.close()


@in_simulated_time
async def test_a_request_that_a_rung_cannot_do_is_not_held_against_it() -> None:
    class Monolingual(ScriptedRung):
        async def open(self, request: int) -> AsyncGenerator[str, None]:
            raise RungError("speaks no English", blameless=True, permanent=True)
            yield ""

    ladder = ladder_of(Monolingual("ru"), ScriptedRung("last"))
    assert (await heard(ladder))[0] == "last:a"
    assert ladder.states()["ru"] == "ok"


@in_simulated_time
async def test_closing_the_stream_stops_the_rung() -> None:
    rung = ScriptedRung("only")
    stream = ladder_of(rung).run(0)
    assert (await anext(stream)).output == "only:a"
    await stream.aclose()
    assert rung.closed == 1


@in_simulated_time
async def test_warming_up_tries_the_best_rung_and_its_hedge_and_remembers_that_one_fails() -> None:
    rungs = [ScriptedRung(name) for name in ("best", "hedge", "last")]
    well = ladder_of(*rungs)
    await well.warm_up()
    assert [rung.probes for rung in rungs] == [1, 1, 0]
    assert set(well.states().values()) == {"ok"}

    ill = ladder_of(ScriptedRung("best", broken_probe=True, dies_at=0), ScriptedRung("worse"))
    await ill.warm_up()
    assert (await heard(ill))[0] == "worse:a"
    assert ill.states()["best"] != "ok", "two failures in a row, of which the first was not a turn's"
    await ill.close()


@dataclass
class RemoteRung(ScriptedRung):
    """Says what comes over a connection, a few turns of the loop later, as HTTP libraries do."""

    connection: socket.socket = field(default_factory=socket.socket)

    async def open(self, request: int) -> AsyncGenerator[str | None, None]:
        reader, writer = await asyncio.open_connection(sock=self.connection)
        try:
            while word := (await reader.readline()).decode().strip():
                for _ in range(20):
                    await asyncio.sleep(0)
                yield word
        finally:
            writer.close()


@pytest.mark.parametrize("stalls_at", [0, 1])
async def test_a_rung_is_not_late_that_has_answered_while_this_process_had_no_processor(
    stalls_at: int,
) -> None:
    """Its answer lies unread in the socket when the process wakes, long behind every bound."""
    ours, theirs = socket.socketpair()
    remote, last = RemoteRung("remote", connection=ours), ScriptedRung("last")

    def stall() -> None:
        theirs.sendall(b"a\n" if stalls_at == 0 else b"b\n")
        time.sleep(0.6)
        theirs.close()

    if stalls_at:
        theirs.sendall(b"a\n")
    asyncio.get_running_loop().call_later(0.05, stall)
    assert await heard(ladder_of(remote, last)) == ["a", "b"][: stalls_at + 1]
    assert last.opened == 0
