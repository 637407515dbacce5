"""A noisy cause gets so many lines a minute, and the rest is counted."""

from __future__ import annotations

from edge.line_limit import LineLimit


def test_so_many_lines_a_minute_and_no_more() -> None:
    limit = LineLimit(per_minute=2)
    assert [limit.take(now) for now in (0.0, 1.0, 2.0, 59.9)] == [0, 0, None, None]


def test_the_first_line_of_the_next_minute_says_how_many_were_left_out() -> None:
    limit = LineLimit(per_minute=1)
    assert [limit.take(now) for now in (0.0, 1.0, 2.0, 60.0, 120.0)] == [0, None, None, 2, 0]
