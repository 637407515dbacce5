"""A question is answered in its own language, of those that the guide speaks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.commentator.question_language import is_in, question_language
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


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Три пса у ворот, и все при деле.", "ru"),
        ("Sunset Bar сегодня закрыт на ужин у собак.", "ru"),
        ("Three dogs at the gate, all of them busy.", "en"),
        ("Anjing itu menunggu di depan gerbang.", "id"),
    ],
)
def test_a_text_is_in_its_own_language_and_in_no_other(text: str, language: Language) -> None:
    assert [other for other in ALL if is_in(text, other)] == [language]


@pytest.mark.parametrize("text", ["右边有两只狗。", "Drei Hunde warten links.", "…", ""])
def test_a_text_in_another_script_is_in_none_that_has_its_own(text: str) -> None:
    assert not is_in(text, "ru")
