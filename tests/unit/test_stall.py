"""A device that does not play on is told from one that plays and tells it in steps."""

from __future__ import annotations

from edge.speaker.stall import STALLED_AFTER_S, Stall


def test_a_device_that_plays_is_waited_for() -> None:
    stall = Stall()
    for left_ms in (60, 40, 20):
        stall.waited(STALLED_AFTER_S, (left_ms + 20) / 1000, left_ms / 1000)
        assert not stall.is_stalled


def test_figures_that_move_in_steps_are_no_stall() -> None:
    stall = Stall()
    for before_s, latency_s in ((0.04, 0.04), (0.04, 0.02), (0.02, 0.02)):
        stall.waited(STALLED_AFTER_S / 2, before_s, latency_s)
        assert not stall.is_stalled


def test_a_device_that_does_not_play_on_is_filled_until_it_does() -> None:
    stall = Stall()
    stall.waited(STALLED_AFTER_S, 0.04, 0.04)
    assert stall.is_stalled
    stall.wrote(0.04, 0.08)
    assert stall.is_stalled
    stall.wrote(0.08, 0.07)
    assert not stall.is_stalled


def test_who_was_woken_early_has_learned_nothing() -> None:
    stall = Stall()
    for _ in range(100):
        stall.waited(0.0, 0.04, 0.04)
    assert not stall.is_stalled
