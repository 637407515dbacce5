"""The breaker leaves a failing rung alone, longer each time, and forgets all after real work."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edge.ladder.breaker import Breaker
from edge.ladder.limits import LadderLimits
from edge.ladder.patience import Patience, RateCap

LIMITS = LadderLimits(
    initial_ms=500,
    min_ms=100,
    max_ms=1000,
    stall_ms=500,
    breaker_failures=2,
    breaker_open_s=5,
    breaker_open_max_s=60,
)


def test_it_opens_after_failures_in_a_row() -> None:
    breaker = Breaker(LIMITS)
    breaker.failed(0.0, "x")
    assert breaker.closed
    breaker.succeeded()
    breaker.failed(1.0, "x")
    assert breaker.closed
    breaker.failed(2.0, "y")
    assert breaker.retry_mono == 7.0
    assert breaker.reason == "y"


def test_failed_probes_wait_longer_each_time_up_to_the_limit() -> None:
    breaker = Breaker(LIMITS)
    breaker.failed(0.0, "x")
    pauses = []
    for _ in range(7):
        breaker.failed(100.0, "x")
        assert breaker.retry_mono is not None
        pauses.append(breaker.retry_mono - 100.0)
    assert pauses == [5, 10, 20, 40, 60, 60, 60]


def test_what_a_probe_cannot_see_opens_it_again_at_once_and_for_longer() -> None:
    breaker = Breaker(LIMITS)
    breaker.failed(0.0, "x")
    breaker.failed(0.0, "x")
    breaker.recovered()
    assert breaker.closed
    breaker.failed(10.0, "quota")
    assert breaker.retry_mono == 20.0


def test_a_bad_key_and_a_wish_to_be_left_alone_open_it_at_once() -> None:
    permanent, asked = Breaker(LIMITS), Breaker(LIMITS)
    permanent.failed(0.0, "401", permanent=True)
    assert permanent.retry_mono == 60.0
    asked.failed(0.0, "429", retry_after_s=30)
    assert asked.retry_mono == 30.0


def test_one_that_hung_is_left_alone_at_once_and_probed_at_once() -> None:
    breaker = Breaker(LIMITS)
    breaker.failed(3.0, "no output within 500 ms", hung=True)
    assert breaker.retry_mono == 3.0
    breaker.failed(3.2, "the probe hung too", hung=True)
    assert breaker.retry_mono == 8.2


def test_one_that_hangs_again_behind_an_answered_probe_is_left_alone_longer_each_time() -> None:
    breaker = Breaker(LIMITS)
    breaker.failed(3.0, "hung", hung=True)
    breaker.recovered()
    breaker.failed(4.0, "hung", hung=True)
    assert breaker.retry_mono == 9.0
    breaker.recovered()
    breaker.failed(10.0, "hung", hung=True)
    assert breaker.retry_mono == 20.0
    breaker.recovered()
    breaker.succeeded()
    breaker.failed(30.0, "hung", hung=True)
    assert breaker.retry_mono == 30.0, "it has worked since"


def test_who_was_late_once_gets_more_time_before_enough_is_learned() -> None:
    patience = Patience(LIMITS)
    patience.observe(0.1)
    assert patience.budget_s == 0.5
    patience.observe(0.6)
    assert patience.budget_s == pytest.approx(0.78)
    patience.observe(9.0)
    assert patience.budget_s == 1.0


def test_the_first_guess_is_no_shorter_than_what_a_probe_took() -> None:
    patience = Patience(LIMITS)
    patience.raise_first_guess(0.3)
    assert patience.budget_s == 0.5
    patience.raise_first_guess(0.8)
    assert patience.budget_s == 0.8
    patience.raise_first_guess(30.0)
    assert patience.budget_s == 1.0
    for _ in range(5):
        patience.observe(0.2)
    assert patience.budget_s == pytest.approx(0.26)


def test_a_rung_on_this_machine_has_a_first_guess_of_its_own() -> None:
    limits = replace(LIMITS, local_initial_ms=900)
    assert Patience(limits).budget_s == 0.5
    assert Patience(limits, is_local=True).budget_s == 0.9


def test_patience_is_learned_within_bounds() -> None:
    patience = Patience(LIMITS)
    assert patience.budget_s == 0.5
    for _ in range(10):
        patience.observe(0.2)
    assert 0.2 < patience.budget_s < 0.3
    for _ in range(40):
        patience.observe(0.001)
    assert patience.budget_s == 0.1
    for _ in range(40):
        patience.observe(9.0)
    assert patience.budget_s == 1.0


def test_hedges_are_counted_by_the_minute() -> None:
    cap = RateCap(2)
    assert [cap.take(t) for t in (0, 1, 2, 61)] == [True, True, False, True]
