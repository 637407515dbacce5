"""The order in which systems are tried."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bench.schedule import interleaved


@given(st.integers(1, 6), st.integers(0, 30))
def test_each_system_is_tried_once_a_round(systems: int, rounds: int) -> None:
    order = list(interleaved(range(systems), rounds))
    assert len(order) == systems * rounds
    for number in range(rounds):
        assert sorted(order[number * systems : (number + 1) * systems]) == list(range(systems))


def test_each_system_is_the_first_of_a_round_equally_often() -> None:
    order = list(interleaved("abc", 12))
    assert Counter(order[::3]) == Counter({"a": 4, "b": 4, "c": 4})


def test_no_system_is_always_tried_behind_the_same_other() -> None:
    order = list(interleaved("abcd", 16))
    before: dict[str, set[str]] = {}
    for earlier, later in pairwise(order):
        before.setdefault(later, set()).add(earlier)
    assert all(len(others - {system}) >= 2 for system, others in before.items())
