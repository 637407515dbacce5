"""What several rooms of the house share: pauses that grow, what happened lately, tasks that end."""

from __future__ import annotations

import asyncio
import contextlib
import math

from edge.backoff import Backoff
from edge.recent import Recent
from edge.tasks import cancel_and_wait


def test_pauses_double_up_to_the_longest() -> None:
    backoff = Backoff(0.5, 15.0)
    assert [backoff.next_s() for _ in range(7)] == [0.5, 1, 2, 4, 8, 15, 15]
    backoff.reset()
    assert backoff.next_s() == 0.5
    assert backoff.longest_s() == 15


def test_a_pause_stays_a_number_after_any_number_of_failures() -> None:
    backoff = Backoff(1.0, math.inf, jitter=lambda: 0.5)
    for _ in range(5000):
        pause_s = backoff.next_s()
    assert math.isfinite(pause_s)
    assert backoff.longest_s() == math.inf


def test_jitter_is_drawn_anew_for_each_pause() -> None:
    drawn = iter((0.5, 1.0, 0.75))
    backoff = Backoff(4.0, 4.0, jitter=lambda: next(drawn))
    assert [backoff.next_s(), backoff.next_s(), backoff.longest_s()] == [2.0, 4.0, 3.0]


def test_what_was_set_last_is_kept() -> None:
    recent: Recent[str, int] = Recent(2)
    recent["a"], recent["b"] = 1, 2
    recent["a"] = 3
    recent["c"] = 4
    assert dict(recent) == {"a": 3, "c": 4}


async def test_tasks_are_cancelled_and_waited_for_however_they_end() -> None:
    ended: list[str] = []

    async def stubborn(name: str, error: Exception | None) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await asyncio.sleep(0)
        ended.append(name)
        if error:
            raise error

    tasks = [asyncio.create_task(stubborn(name, error)) for name, error in (("a", None), ("b", OSError()))]
    await asyncio.sleep(0)
    await cancel_and_wait(*tasks, None)
    assert sorted(ended) == ["a", "b"]
