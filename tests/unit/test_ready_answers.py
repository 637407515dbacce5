"""Without a model a passenger still hears something fitting, and not the same line twice in a row."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from edge.commentator.forbidden import load_blocklists
from edge.commentator.gate import Gate
from edge.commentator.ready_answers import LineOccasion, ReadyAnswers
from edge.messages import Language

OCCASIONS: dict[LineOccasion, int] = {
    "no_model": 6,
    "not_understood": 4,
    "listening": 4,
    "thanked": 4,
    "broken_off": 2,
}
LANGUAGES: tuple[Language, ...] = ("ru", "en", "id")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("occasion", "at_least"), OCCASIONS.items())
def test_there_are_enough_of_them_and_they_change(
    language: Language, occasion: LineOccasion, at_least: int
) -> None:
    answers = ReadyAnswers(language, rng=random.Random(1))
    picked = [answers.pick(occasion) for _ in range(100)]
    assert len(set(picked)) >= at_least
    assert all(one != next_one for one, next_one in pairwise(picked))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("occasion", OCCASIONS)
def test_they_are_speech(language: Language, occasion: LineOccasion) -> None:
    answers = ReadyAnswers(language, rng=random.Random(1))
    gate = Gate(load_blocklists())
    for line in {answers.pick(occasion) for _ in range(100)}:
        assert gate.clean(line) == line
        assert line[-1] in ".?!"
        assert len(line) <= 100
