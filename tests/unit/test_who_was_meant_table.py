"""The measured table of who was meant is whole, and none of its sentences stands in a word list."""

from __future__ import annotations

from pathlib import Path

import pytest

import edge
from edge.lexicon.words import words_of
from edge.messages import Language
from tests.support.measured_rows import is_held_out
from tests.support.who_was_meant import LANGUAGES, PARTS, Part, rows

SHORTEST_SENTENCE = 3
"""Words; a shorter sentence ("thanks", "guide") is a word that the lists may hold."""


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_has_enough_sentences_about_half_of_them_meant(language: Language) -> None:
    seen, held_out = rows(language, "seen"), rows(language, "held_out")
    every = [*seen, *held_out]
    assert len(every) >= 150
    assert 0.25 <= len(held_out) / len(every) <= 0.4
    assert 0.4 <= sum(row.meant != "nothing" for row in every) / len(every) <= 0.6
    assert len({row.sentence for row in every}) == len(every)
    assert {row.context for row in every} == {"none", "follow_up"}


@pytest.mark.parametrize("part", ["seen", "held_out"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_rows_lie_in_the_file_that_their_hash_names(language: Language, part: Part) -> None:
    assert all(is_held_out(row.sentence) == (part == "held_out") for row in rows(language, part))


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_of_it_stands_in_a_word_list(language: Language) -> None:
    listener = Path(edge.__file__).parent / "listener"
    lists = [f" {' '.join(words_of(path.read_text('utf-8')))} " for path in listener.glob("*.toml")]
    for part in PARTS:
        for row in rows(language, part):
            words = words_of(row.sentence)
            if len(words) >= SHORTEST_SENTENCE:
                assert not any(f" {' '.join(words)} " in listed for listed in lists), row.sentence
