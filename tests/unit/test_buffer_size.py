"""The device's buffer grows where it tore holes, up to a bound, and shrinks again after a long calm."""

from __future__ import annotations

import pytest

from edge.speaker.buffer_size import MOST_S, SHRINK_AFTER_S, BufferSize


def grown(size: BufferSize, holes: int) -> BufferSize:
    """After so many openings with a hole in each."""
    for now in range(holes):
        size.ran_dry(now)
        size.opened(now)
    return size


def test_as_set_while_nothing_goes_wrong() -> None:
    size = BufferSize(0.03)
    size.opened(0.0)
    size.rest(10 * SHRINK_AFTER_S)
    assert (size.wanted_s, size.is_other) == (0.03, False)


def test_a_hole_asks_for_half_as_much_again() -> None:
    size = BufferSize(0.03)
    size.ran_dry(1.0)
    assert size.is_other
    assert size.wanted_s == pytest.approx(0.045)
    size.opened(2.0)
    assert not size.is_other


def test_holes_before_the_next_opening_count_as_one() -> None:
    size = BufferSize(0.03)
    for now in range(5):
        size.ran_dry(now)
    assert size.wanted_s == pytest.approx(0.045)


def test_it_grows_no_further_than_the_bound() -> None:
    size = grown(BufferSize(0.03), 9)
    assert size.wanted_s == MOST_S
    size.ran_dry(10.0)
    assert not size.is_other, "opening it anew would change nothing"


def test_a_setting_above_the_bound_stays() -> None:
    size = grown(BufferSize(0.3), 3)
    assert size.wanted_s == 0.3


def test_after_a_long_calm_it_shrinks_step_by_step_to_what_is_set() -> None:
    size, now = grown(BufferSize(0.03), 2), 2.0
    size.rest(now + SHRINK_AFTER_S - 2)
    assert not size.is_other
    sizes = []
    for _ in range(3):
        now += SHRINK_AFTER_S
        size.rest(now)
        size.opened(now)
        sizes.append(size.wanted_s)
    assert sizes == pytest.approx([0.045, 0.03, 0.03])


def test_a_hole_begins_the_calm_anew() -> None:
    size = grown(BufferSize(0.12), 1)
    size.ran_dry(SHRINK_AFTER_S)
    size.rest(SHRINK_AFTER_S + 1)
    assert size.wanted_s == 0.12
