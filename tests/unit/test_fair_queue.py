"""Whose sound is recognised next."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.recognizer_server.fair_queue import (
    MAX_WAITING_OF_ONE,
    MOST_REMEMBERED,
    FairQueue,
    QueueFull,
    WaitingSound,
)


def queue_with(*asked: tuple[str, float]) -> FairQueue:
    queue = FairQueue()
    for ticket, (client, sound_s) in enumerate(asked):
        queue.put(WaitingSound(client, sound_s, float(ticket), ticket))
    return queue


def order(queue: FairQueue) -> str:
    out = ""
    while asked := queue.take():
        out += asked.client
    return out


def test_one_who_asks_for_much_takes_nothing_from_one_who_asks_for_little() -> None:
    assert order(queue_with(*[("a", 5.0)] * 4, ("b", 5.0))) == "abaaa"


def test_seconds_of_sound_count_and_not_requests() -> None:
    assert order(queue_with(*[("a", 20.0)] * 2, *[("b", 5.0)] * 4)) in ("abbbba", "abbbab")


def test_a_newcomer_is_owed_nothing_for_the_time_before() -> None:
    queue = queue_with(*[("a", 10.0)] * 6)
    for _ in range(3):
        queue.take()
    for ticket in range(100, 103):
        queue.put(WaitingSound("b", 10.0, 9.0, ticket))
    assert abs(order(queue)[:4].count("b") - 2) <= 1


def test_who_was_silent_has_saved_up_nothing() -> None:
    queue = queue_with(("a", 1.0), ("b", 1.0))
    assert order(queue) == "ab"
    for ticket in range(10, 18):
        queue.put(WaitingSound("b", 10.0, 0.0, ticket))
    assert order(queue) == "b" * 8
    for ticket in range(20, 24):
        queue.put(WaitingSound("a", 10.0, 0.0, ticket))
        queue.put(WaitingSound("b", 10.0, 0.0, ticket + 10))
    assert order(queue) in ("aabababb", "abababab")


def test_one_client_may_have_so_much_waiting() -> None:
    queue = queue_with(*[("a", 1.0)] * MAX_WAITING_OF_ONE)
    with pytest.raises(QueueFull, match="8 utterances of this client"):
        queue.put(WaitingSound("a", 1.0, 0.0, 99))
    queue.put(WaitingSound("b", 1.0, 0.0, 100))
    long = queue_with(("a", 100.0))
    with pytest.raises(QueueFull, match="120 s"):
        long.put(WaitingSound("a", 30.0, 0.0, 1))


def test_what_is_not_wanted_any_more_is_taken_out() -> None:
    queue = queue_with(("a", 1.0), ("a", 1.0), ("b", 1.0))
    assert queue.remove(0)
    assert not queue.remove(0)
    assert queue.longest_wait_s(5.0) == 4.0
    assert queue.sound_s == 2.0
    queue.forget("b")
    assert order(queue) == "a"
    assert queue.longest_wait_s(5.0) == 0.0


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.floats(0.1, 20.0)), max_size=32))
def test_everything_comes_out_once_and_no_client_waits_behind_more_than_its_share(
    asked: list[tuple[str, float]],
) -> None:
    queue, put = FairQueue(), []
    for ticket, (client, sound_s) in enumerate(asked):
        try:
            queue.put(WaitingSound(client, sound_s, 0.0, ticket))
            put.append(ticket)
        except QueueFull:
            pass
    served: Counter[str] = Counter()
    out = []
    while taken := queue.take():
        for other in {asked[ticket][0] for ticket in set(put) - set(out)}:
            longest = max(sound_s for _, sound_s in asked)
            assert served[taken.client] <= served[other] + longest + 1e-6
        served[taken.client] += taken.sound_s
        out.append(taken.ticket)
    assert sorted(out) == put


def test_of_clients_that_have_left_nothing_is_kept() -> None:
    queue = FairQueue()
    for number in range(1000):
        queue.put(WaitingSound(f"client {number}", 1.0, 0.0, number))
        queue.take()
    assert len(queue._served_s) <= MOST_REMEMBERED + 1
