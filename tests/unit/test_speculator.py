"""An answer that was begun ahead comes out whole where it is wanted, and is stopped where it is not."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable

import pytest

from edge.commentator.models.request import ModelRequest, WrittenClause
from edge.commentator.speculator import Speculator
from edge.ladder import Ladder, RungError
from edge.ladder.limits import LadderLimits
from edge.messages import Guess, GuessVoid, Trigger
from tests.support.waiting import until

QUESTION = "what is the temple?"
BUDGET = LadderLimits(initial_ms=5000, min_ms=5000, max_ms=5000, stall_ms=5000)


class Model:
    """Writes a clause whenever the test lets it."""

    name = "model"
    paid = False
    local = True

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.running = 0
        self.clauses: asyncio.Queue[str | None] = asyncio.Queue()

    async def open(self, request: ModelRequest) -> AsyncGenerator[WrittenClause, None]:
        self.asked.append(request.user)
        self.running += 1
        try:
            while (clause := await self.clauses.get()) is not None:
                yield WrittenClause(clause, time.monotonic())
        finally:
            self.running -= 1

    async def probe(self) -> None: ...


class Bench:
    """A speculator with one model behind it."""

    def __init__(self) -> None:
        self.model = Model()
        self.counters: Counter[str] = Counter()
        self.wanted = True
        ladder: Ladder[ModelRequest, WrittenClause] = Ladder(
            "model", [self.model], BUDGET, advance=lambda request, clause: request
        )
        self.speculator = Speculator(10, ladder, self._begin, self.counters)

    def _begin(self, guess: Guess) -> Callable[[], Awaitable[ModelRequest]] | None:
        async def ask() -> ModelRequest:
            return ModelRequest(language="en", system="", user=guess.text, is_answer=True)

        return ask if self.wanted else None

    async def guess(self, text: str = QUESTION, *, turn_id: str = "a", valid_s: float = 30.0) -> None:
        expires = time.monotonic() + valid_s
        self.speculator.take(Guess(turn_id=turn_id, text=text, expires_mono=expires))
        await settle()


def trigger(text: str = QUESTION, turn_id: str = "a") -> Trigger:
    now = time.monotonic()
    return Trigger(
        kind="answer", turn_id=turn_id, text=text, received_mono=now, received_at=0.0, expires_mono=now + 9
    )


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    made = Bench()
    yield made
    made.speculator.close()
    await settle()
    assert made.model.running == 0, "no model writes for nobody"


async def test_what_was_written_meanwhile_is_there_at_once_and_the_rest_follows(bench: Bench) -> None:
    await bench.guess()
    bench.model.clauses.put_nowait("A house")
    await settle()
    head_start = bench.speculator.adopt(trigger())
    assert head_start
    assert bench.counters == {"speculation.used": 1}
    bench.model.clauses.put_nowait("of bamboo.")
    bench.model.clauses.put_nowait(None)
    request = await head_start.ask()
    assert [output.output.text async for output in head_start.run(request)] == ["A house", "of bamboo."]
    assert bench.model.asked == [QUESTION], "the model was asked once"


async def test_speech_that_goes_on_stops_the_model(bench: Bench) -> None:
    await bench.guess()
    assert bench.model.running == 1
    bench.speculator.take(GuessVoid(turn_id="a"))
    await settle()
    assert bench.model.running == 0
    assert bench.speculator.adopt(trigger()) is None
    assert bench.counters == {"speculation.wasted": 1}


async def test_another_question_stops_the_model(bench: Bench) -> None:
    await bench.guess()
    assert bench.speculator.adopt(trigger("what is the temple on the left?")) is None
    await settle()
    assert bench.model.running == 0
    assert bench.counters == {"speculation.wasted": 1}


async def test_a_newer_guess_stops_the_older_one(bench: Bench) -> None:
    await bench.guess("what is")
    await bench.guess()
    assert (bench.model.running, bench.model.asked) == (1, ["what is", QUESTION])
    assert bench.counters == {"speculation.wasted": 1}


async def test_the_same_guess_twice_is_asked_once(bench: Bench) -> None:
    await bench.guess()
    await bench.guess("What is the temple")
    assert bench.model.asked == [QUESTION]
    assert bench.counters == {}


async def test_a_guess_without_a_question_lapses(bench: Bench) -> None:
    await bench.guess(valid_s=0.02)
    await until(lambda: not bench.model.running)
    assert bench.counters == {"speculation.wasted": 1}


async def test_where_no_answer_would_be_given_none_is_begun(bench: Bench) -> None:
    bench.wanted = False
    await bench.guess()
    assert bench.model.asked == []
    assert bench.counters == {}


async def test_whoever_takes_an_answer_over_can_stop_it(bench: Bench) -> None:
    await bench.guess()
    head_start = bench.speculator.adopt(trigger())
    assert head_start
    head_start.cancel()
    await settle()
    assert bench.model.running == 0


async def test_whoever_takes_it_over_learns_what_went_wrong(bench: Bench) -> None:
    await bench.guess()
    bench.model.clauses.put_nowait(None)
    await settle()
    head_start = bench.speculator.adopt(trigger())
    assert head_start
    with pytest.raises(RungError):
        async for _ in head_start.run(await head_start.ask()):
            pass
