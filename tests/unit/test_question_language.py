"""A question is answered in its own language, of those that the guide speaks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.commentator.question_language import question_language
from edge.messages import Language

ALL: tuple[Language, ...] = ("ru", "en", "id")


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Что это за собака?", "ru"),
        ("Где Sunset Bar?", "ru"),
        ("What was that dog?", "en"),
        ("how far is the beach", "en"),
        ("Where is Taman Ayun?", "en"),
        ("Apa itu?", "id"),
        ("Pantai ada di mana?", "id"),
        ("Berapa harga tiket untuk anak?", "id"),
    ],
)
@pytest.mark.parametrize("default", ALL)
def test_the_language_of_the_question(question: str, language: Language, default: Language) -> None:
    assert question_language(question, ALL, default) == language


@pytest.mark.parametrize("question", ["", "???", "12:30", "Sunset Bar", "はい"])
def test_where_the_words_do_not_tell_it_is_the_default(question: str) -> None:
    assert question_language(question, ALL, "id") == "id"


def test_only_configured_languages_are_found() -> None:
    assert question_language("What was that?", ("ru", "id"), "ru") == "id"
    assert question_language("Что это?", ("en", "id"), "en") == "en"
    assert question_language("Apa itu?", ("ru",), "ru") == "ru"


@given(st.text(max_size=80))
def test_any_text_has_a_language(text: str) -> None:
    assert question_language(text, ALL, "en") in ALL
