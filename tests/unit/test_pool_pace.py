"""The pool uses the voice only when nobody else does, and less often while the service refuses."""

from __future__ import annotations

from edge.speaker.pool.pace import BACKOFF_FIRST_S, BACKOFF_MAX_S, HURRY_S, VoicingPace


def pace(*, quiet_s: float = 5.0, pause_s: float = 4.0, drawn: float = 0.5) -> VoicingPace:
    return VoicingPace(quiet_s, pause_s, lambda: drawn, now=0.0)


def test_it_waits_until_nothing_was_said_for_a_while() -> None:
    p = pace(pause_s=0.0)
    assert p.wait_s(1.0, live=False) == 4.0
    p.live(4.0)
    assert p.wait_s(6.0, live=False) == 3.0
    assert p.wait_s(9.0, live=False) == 0.0


def test_while_a_turn_lives_it_waits_all_the_time() -> None:
    p = pace(quiet_s=0.0, pause_s=0.0)
    assert p.wait_s(1000.0, live=True) > 0
    assert p.wait_s(1000.0, live=False) == 0


def test_in_a_hurry_it_pauses_for_nothing_but_live_speech() -> None:
    p = pace()
    p.failed(0.0, permanent=True)
    p.live(9.0)
    p.hurry(10.0)
    assert p.wait_s(10.0, live=False) == 0
    assert p.wait_s(10.0, live=True) > 0
    p.voiced(11.0)
    assert p.wait_s(11.0, live=False) == 0
    p.voiced(10.0 + HURRY_S)
    assert p.wait_s(10.0 + HURRY_S, live=False) > 0


def test_pauses_are_drawn_from_half_to_one_and_a_half_of_the_mean() -> None:
    waits = []
    for drawn in (0.0, 0.5, 1.0):
        p = pace(quiet_s=0.0, drawn=drawn)
        p.voiced(100.0)
        waits.append(p.wait_s(100.0, live=False))
    assert waits == [2.0, 4.0, 6.0]


def test_failures_double_the_wait_up_to_a_bound_and_one_success_forgets_them() -> None:
    p = pace()
    waits = [p.failed(0.0) for _ in range(12)]
    assert waits[:3] == [BACKOFF_FIRST_S, 2 * BACKOFF_FIRST_S, 4 * BACKOFF_FIRST_S]
    assert max(waits) == BACKOFF_MAX_S
    p.voiced(0.0)
    assert p.failed(0.0) == BACKOFF_FIRST_S


def test_the_service_is_left_alone_for_at_least_as_long_as_it_asks() -> None:
    assert pace(drawn=0.0).failed(0.0, retry_after_s=500.0) == 500.0
    assert pace(drawn=1.0).failed(0.0, retry_after_s=500.0) == 750.0
    assert pace(drawn=1.0).failed(0.0, retry_after_s=1.0) == 1.5 * BACKOFF_FIRST_S


def test_what_only_a_person_can_mend_is_tried_seldom() -> None:
    p = pace()
    assert p.failed(0.0, permanent=True) == BACKOFF_MAX_S
    assert p.wait_s(BACKOFF_MAX_S / 2, live=False) == BACKOFF_MAX_S / 2
