"""The yardstick's picture: a file that every program can read, with the figures in it."""

from __future__ import annotations

from itertools import pairwise
from xml.etree import ElementTree

import pytest

from bench.figures import figures_of
from bench.picture import draw, segments_of
from bench.trial import Trial
from bench.yardstick import Measured
from edge.svg import Canvas, Scale
from tests.support.measured import measured, pool_trial

SVG = "{http://www.w3.org/2000/svg}"


def drawn(run: Measured) -> ElementTree.Element:
    return ElementTree.fromstring(draw(run, figures_of(run)))


def texts(picture: ElementTree.Element) -> list[str]:
    return [element.text or "" for element in picture.iter(f"{SVG}text")]


def test_it_is_well_formed_and_tells_system_figures_and_floor() -> None:
    told = texts(drawn(measured()))
    for name in ("pool", "opener", "stream", "seed-v1"):
        assert told.count(name) == 2  # a turn of it, and its trials
    assert "floor 480" in told
    assert "10 ms" in told  # the pool's median of 9.5
    assert "sound 9, content 520 ms" in told
    assert "1400 ms" in told


def test_axes_have_units() -> None:
    assert sum("ms since" in text for text in texts(drawn(measured()))) == 2


def test_each_trial_has_a_mark_on_both_clocks() -> None:
    run = measured(pool=[pool_trial(8.0), pool_trial(9.0), Trial(failure="missed")])
    circles = [circle.get("class") for circle in drawn(run).iter(f"{SVG}circle")]
    legend = 1
    assert circles.count("sound") == circles.count("content") == 2 + legend


def test_it_is_readable_on_dark_pages_too() -> None:
    style = drawn(measured()).find(f"{SVG}style")
    assert style is not None
    assert "prefers-color-scheme: dark" in (style.text or "")


def test_a_system_that_never_worked_is_left_out() -> None:
    run = measured(stream=[Trial(failure="it fell silent")], pool=[pool_trial()])
    assert "stream" not in texts(drawn(run))


def test_a_run_in_which_nothing_worked_is_still_a_picture() -> None:
    assert drawn(measured(stream=[Trial(failure="it fell silent")])).tag == f"{SVG}svg"


def test_the_parts_of_a_turn_follow_each_other_up_to_the_first_content() -> None:
    for system in figures_of(measured()).systems:
        parts = list(segments_of(system))
        assert parts[0].start_ms == 0
        assert all(before.end_ms == after.start_ms for before, after in pairwise(parts))
        assert parts[-1].end_ms == system.points_ms["first_content"]


def test_a_hit_has_neither_model_nor_voice() -> None:
    pool = figures_of(measured()).systems[0]
    assert [segment.part for segment in segments_of(pool)] == ["hop", "out"]


def test_text_cannot_break_the_file() -> None:
    canvas = Canvas(10, 10, "<&>", "a > b { }")
    canvas.text(0, 0, 'a < b & "c"', 'soft"')
    canvas.rect(0, 0, -1, 1, "x", tip="<tip>")
    picture = ElementTree.fromstring(canvas.to_xml())
    assert texts(picture) == ['a < b & "c"']


@pytest.mark.parametrize("maximum", [0.7, 9.0, 49.0, 520.0, 1456.0, 30_000.0])
def test_ticks_are_few_and_begin_at_zero(maximum: float) -> None:
    ticks = list(Scale(maximum, 0, 100).ticks())
    assert ticks[0] == 0
    assert 3 <= len(ticks) <= 11
    assert ticks[-1] <= maximum
