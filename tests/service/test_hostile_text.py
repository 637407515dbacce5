"""No text from outside holds a process up: all that reads it takes time in proportion to its length.

Twice the longest text that can reach a pattern or a function takes at most 2.5 times as long. How many
milliseconds that is is told by ``python -m bench --only hostile``.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable

import pytest

from tests.support.hostile_text import doubling, of_length, pieces_of, slowest
from tests.support.hostile_work import Work, do_now, works
from tests.support.patterns import ROWS, OurOwn, Reached, all_patterns

AT_MOST = 3.0
FLOOR_S = 0.003
"""What twice the longest text takes no longer for needs no ratio: it is noise."""
TRIED_SHARE = 4
"""Shapes are tried at this part of the longest text: what is out of proportion shows there too."""


@functools.cache
def patterns() -> list[tuple[str, re.Pattern[str]]]:
    """All of ours, found when a test asks: each worker collects this file, and one runs it."""
    return list(all_patterns())


def test_each_pattern_says_what_reaches_it() -> None:
    assert {key for key, _ in patterns()} == set(ROWS)


@pytest.mark.parametrize(
    ("key", "row"),
    [(key, row) for key, row in ROWS.items() if isinstance(row, Reached)],
    ids=[key for key, row in ROWS.items() if isinstance(row, Reached)],
)
def test_a_pattern_takes_time_as_its_text_has_length(key: str, row: Reached) -> None:
    for pattern in [pattern for each, pattern in patterns() if each == key]:
        _assert_pattern_is_linear(pattern, row)


def _assert_pattern_is_linear(pattern: re.Pattern[str], row: Reached) -> None:
    def scan(text: str) -> object:
        part = row.part(text)
        if row.whole_only:
            return pattern.fullmatch(part)
        return pattern.match(part), pattern.fullmatch(part), pattern.findall(part)

    _assert_linear(scan, row.longest, pieces_of(pattern), pattern.pattern)


@pytest.mark.parametrize("work", works(), ids=lambda work: work.name)
def test_what_is_done_with_a_text_takes_time_as_it_has_length(work: Work) -> None:
    do = do_now(work)
    do("a")  # what it needs is loaded
    _assert_linear(do, work.longest, work.pieces, work.name)


def _assert_linear(do: Callable[[str], object], longest: int, known: tuple[str, ...], name: str) -> None:
    for shape in slowest(do, longest // TRIED_SHARE, known, name):
        ratio = doubling(do, longest, shape, FLOOR_S, AT_MOST)
        assert ratio <= AT_MOST, f"{shape}: twice the text takes {ratio:.1f} times as long"


@pytest.mark.parametrize(
    ("pattern", "length"),
    [
        (r"\b\S+@\S+\.\S+\b", 250),
        (r"\A---\s*\n.*?\n---\s*(?:\n|\Z)", 2000),
        (r"<think>.*?</think>", 4000),
        (r"\(([^)]*)\)", 2000),
        (r"\s+$", 2000),
    ],
)
def test_a_pattern_that_does_not_would_be_found(pattern: str, length: int) -> None:
    compiled = re.compile(pattern, re.DOTALL)
    with pytest.raises(AssertionError, match="times as long"):
        _assert_linear(compiled.findall, length, pieces_of(compiled), pattern)


def test_a_text_has_the_length_that_was_asked_for() -> None:
    assert of_length("ab", 7, "<", ">") == "<ababa>"


def test_what_is_our_own_says_why() -> None:
    assert all(row.reason for row in ROWS.values() if isinstance(row, OurOwn))
