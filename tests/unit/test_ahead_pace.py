"""What is made ahead waits for quiet moments, pauses, and asks less often while the service refuses."""

from __future__ import annotations

import random

import pytest

from edge.ahead.pace import Pace, Pauses
from edge.commentator.pool.pool import PAUSES as WRITING

VOICING = Pauses(quiet_s=5.0, between_s=4.0, backoff_s=30.0, backoff_max_s=3600.0, hurry_s=900.0)
BOTH = pytest.mark.parametrize("pauses", [WRITING, VOICING], ids=["writing", "voicing"])


def pace(pauses: Pauses = VOICING, drawn: float = 0.5, **changes: float) -> Pace:
    return Pace(pauses._replace(**changes), lambda: drawn, now=0.0)


@BOTH
def test_it_waits_until_nothing_was_said_for_a_while(pauses: Pauses) -> None:
    p = pace(pauses, between_s=0.0)
    assert p.wait_s(1.0) == pauses.quiet_s - 1.0
    p.disturbed(4.0)
    assert p.wait_s(6.0) == pauses.quiet_s - 2.0
    assert p.wait_s(4.0 + pauses.quiet_s) == 0.0


@BOTH
def test_pauses_are_drawn_from_half_to_one_and_a_half_of_the_mean(pauses: Pauses) -> None:
    waits = []
    for drawn in (0.0, 0.5, 1.0):
        p = pace(pauses, drawn)
        p.succeeded(100.0)
        waits.append(p.wait_s(100.0) / pauses.between_s)
    assert waits == [0.5, 1.0, 1.5]


@BOTH
def test_the_shuttles_of_a_fleet_are_out_of_step(pauses: Pauses) -> None:
    first, refused = set(), set()
    for seed in range(20):
        p = Pace(pauses._replace(quiet_s=0.0), random.Random(seed).random, 0.0)
        first.add(round(p.wait_s(0.0), 2))
        refused.add(round(p.refused(0.0, retry_after_s=2 * pauses.backoff_s), 1))
    assert len(first) > 15
    assert len(refused) > 15


@BOTH
def test_refusals_double_the_pause_up_to_a_bound_and_one_success_forgets_them(pauses: Pauses) -> None:
    p = pace(pauses)
    waits = [p.refused(0.0) for _ in range(12)]
    assert waits[:3] == [pauses.backoff_s, 2 * pauses.backoff_s, 4 * pauses.backoff_s]
    assert max(waits) == pauses.backoff_max_s
    p.succeeded(0.0)
    assert p.refused(0.0) == pauses.backoff_s


@BOTH
def test_the_service_is_left_alone_for_at_least_as_long_as_it_asks(pauses: Pauses) -> None:
    assert pace(pauses, drawn=0.0).refused(0.0, retry_after_s=500.0) == 500.0
    assert pace(pauses, drawn=1.0).refused(0.0, retry_after_s=500.0) == 750.0
    assert pace(pauses, drawn=1.0).refused(0.0, retry_after_s=1.0) == 1.5 * pauses.backoff_s


@BOTH
def test_what_only_a_person_can_mend_is_tried_seldom(pauses: Pauses) -> None:
    p = pace(pauses)
    assert p.refused(0.0, permanent=True) == pauses.backoff_max_s
    assert p.wait_s(pauses.backoff_max_s / 2) == pauses.backoff_max_s / 2


@BOTH
def test_an_order_to_fill_leaves_all_pauses_out_but_the_one_after_a_new_refusal(pauses: Pauses) -> None:
    p = pace(pauses)
    p.refused(0.0, permanent=True)
    p.disturbed(9.0)
    p.hurry(10.0)
    assert p.wait_s(10.0) == 0
    p.succeeded(11.0)
    assert p.wait_s(11.0) == 0
    assert p.refused(11.0) == pauses.backoff_s
    assert p.wait_s(11.0) == pauses.backoff_s


def test_an_order_holds_until_it_is_carried_out_or_for_a_while() -> None:
    p = pace()
    p.hurry(10.0)
    assert p.hurried(9.0 + VOICING.hurry_s)
    p.succeeded(10.0 + VOICING.hurry_s)
    assert p.wait_s(10.0 + VOICING.hurry_s) > 0
    p = pace(WRITING)
    p.hurry(10.0)
    assert p.hurried(1e9)
    p.relax(1e9)
    assert not p.hurried(1e9)
