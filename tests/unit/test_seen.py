"""What the cameras saw lately can be asked about: what, where, how long ago."""

from __future__ import annotations

import pytest

from edge.commentator.seen import MAX_SIGHTINGS, SeenLately
from edge.messages import Language, Sighting

DOGS = Sighting(label="dog", count=2, side="left")
CAT = Sighting(label="cat", side="right")


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("en", "two dogs on the left, 40 s ago"),
        ("ru", "две собаки слева, 40 с назад"),
        ("id", "dua ekor anjing di kiri, 40 detik lalu"),
    ],
)
def test_a_sighting_is_told_with_its_age(language: Language, line: str) -> None:
    seen = SeenLately()
    seen.add(DOGS, 100.0)
    assert seen.lines(language, 140.0) == (line,)


def test_older_ones_are_told_in_minutes_and_then_forgotten() -> None:
    seen = SeenLately()
    seen.add(DOGS, 100.0)
    assert seen.lines("en", 220.0) == ("two dogs on the left, 2 min ago",)
    assert seen.lines("en", 400.0) == ()


def test_the_latest_comes_first_and_there_are_never_too_many() -> None:
    seen = SeenLately()
    for at, sighting in enumerate([Sighting(text="a first thing"), *[DOGS] * (MAX_SIGHTINGS - 1), CAT]):
        seen.add(sighting, float(at * 10))
    lines = [line.split(",")[0] for line in seen.lines("en", MAX_SIGHTINGS * 10.0)]
    assert lines == ["a cat on the right", *["two dogs on the left"] * (MAX_SIGHTINGS - 1)]


def test_one_tracked_object_is_one_line() -> None:
    seen = SeenLately()
    seen.add(Sighting(label="dog", side="ahead", object_id="7"), 100.0)
    seen.add(Sighting(label="dog", side="left", object_id="7"), 110.0)
    assert seen.lines("en", 110.0) == ("a dog on the left, 0 s ago",)


def test_the_same_again_at_once_is_still_the_same() -> None:
    seen = SeenLately()
    seen.add(DOGS, 100.0)
    seen.add(DOGS, 102.0)
    seen.add(DOGS, 150.0)
    assert len(seen.lines("en", 150.0)) == 2
