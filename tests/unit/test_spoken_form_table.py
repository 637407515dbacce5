"""The measured table of spoken forms is whole: files, classes, sources, readings."""

from __future__ import annotations

import pytest

from edge.messages import Language
from tests.support.measured_rows import is_held_out
from tests.support.spoken_form_score import is_right
from tests.support.spoken_form_table import CLASSES, LANGUAGES, WrittenRow, rows

ROWS = {
    (language, held_out): rows(language, held_out=held_out)
    for language in LANGUAGES
    for held_out in (False, True)
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_has_two_hundred_rows_and_about_a_third_is_held_out(language: Language) -> None:
    seen, held_out = len(ROWS[language, False]), len(ROWS[language, True])
    assert seen + held_out >= 200
    assert 0.25 <= held_out / (seen + held_out) <= 0.4


@pytest.mark.parametrize(("language", "held_out"), ROWS)
def test_rows_lie_in_the_file_that_their_hash_names_each_once_with_its_source(
    language: Language, held_out: bool
) -> None:
    found = ROWS[language, held_out]
    assert len({row.written for row in found}) == len(found)
    for row in found:
        assert is_held_out(row.written) == held_out
        assert row.source.startswith(("https://", "http://"))
        assert row.kind in CLASSES


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_classes_are_met(language: Language) -> None:
    kinds = {row.kind for held_out in (False, True) for row in ROWS[language, held_out]}
    rare = {"id": {"script", "agreement", "negative"}, "en": {"script", "agreement"}, "ru": {"number"}}
    assert kinds >= CLASSES - rare[language]


@pytest.mark.parametrize(("language", "held_out"), ROWS)
def test_each_reading_counts_as_right_and_plain_sentences_stay_as_they_are(
    language: Language, held_out: bool
) -> None:
    for row in ROWS[language, held_out]:
        for reading in row.readings:
            assert is_right(row, reading), (row.written, reading)
        if row.kind == "plain":
            assert is_right(row, row.written), row.written


def test_what_is_left_of_signs_and_digits_never_counts() -> None:
    row = WrittenRow("ru", "До храма 5 км.", "До храма пять километров.", "unit", "https://example.org")
    assert is_right(row, "до храма — пять километров")
    assert not is_right(row, "До храма 5 километров.")
    assert not is_right(row, "До храма пять километров %")
    assert not is_right(row, "До храма пять километра.")
