"""Interim transcripts come twice a second where the machine is fast, and seldom or not at all where not."""

from __future__ import annotations

import pytest

from edge.listener.recognizers.interim_pace import REST_S, TOO_SLOW_S, InterimPace


def test_the_first_one_waits_for_enough_to_be_said() -> None:
    pace = InterimPace(0.5)
    assert not pace.due("a", 10.0)
    assert pace.due("a", 10.5)
    pace.started(10.5)
    assert not pace.due("a", 10.9)
    assert pace.due("a", 11.0)


def test_each_segment_waits_anew() -> None:
    pace = InterimPace(0.5)
    pace.due("a", 10.0)
    assert not pace.due("b", 20.0)


@pytest.mark.parametrize(("cost_s", "gap_s"), [(0.05, 0.5), (0.25, 0.5), (0.4, 0.8), (1.0, 2.0)])
def test_they_take_half_of_the_time_at_most(cost_s: float, gap_s: float) -> None:
    pace = InterimPace(0.5)
    pace.took(cost_s, 10.0, finished=True)
    assert pace.gap_s == pytest.approx(gap_s)


def test_a_machine_that_gets_faster_makes_more_of_them() -> None:
    pace = InterimPace(0.5)
    pace.took(1.0, 10.0, finished=True)
    pace.took(0.1, 12.0, finished=True)
    assert pace.gap_s == 0.5


def test_one_that_was_given_up_would_have_taken_longer() -> None:
    pace = InterimPace(0.5)
    pace.took(0.6, 10.0, finished=True)
    pace.took(0.1, 12.0, finished=False)
    assert pace.gap_s == pytest.approx(1.2), "the shorter time tells nothing"
    pace.took(0.9, 14.0, finished=False)
    assert pace.gap_s == pytest.approx(1.8)


def test_a_machine_that_is_too_slow_makes_none_for_a_while_and_says_so() -> None:
    pace = InterimPace(0.5)
    pace.took(TOO_SLOW_S + 0.1, 10.0, finished=True)
    pace.due("a", 20.0)
    assert not pace.due("a", 30.0)
    assert "off" in pace.state(30.0)
    assert pace.due("a", 10.0 + REST_S), "then it is tried again"
    pace.took(0.2, 80.0, finished=True)
    assert pace.state(80.0) == "every 0.5 s"
