"""A name that was misheard calls where a call stands, and nowhere else."""

from __future__ import annotations

from itertools import chain

import pytest

from edge.config import hearing
from edge.listener.addressee import Addressee, Verdict
from edge.listener.sounding import sound_of
from edge.listener.wake_names import call_words
from edge.messages import Language
from tests.support.passengers import sentences

LANGUAGES: tuple[Language, ...] = ("ru", "en", "id")


def judged(text: str, *languages: Language, **settings: object) -> Verdict:
    given = hearing.AddresseeSettings(**settings)  # type: ignore[arg-type]
    return Addressee(given, languages or LANGUAGES).judge(text, 0.0, 1.0)


@pytest.mark.parametrize(
    "text",
    [
        "Гиб, что это за храм справа?", "Что это за дерево, гиб?", "Привет, гед, что интересного впереди?",
        "Скажи, гиб, где здесь можно поесть?", "А гиб, сколько ехать до пляжа?", "Эй, гиб!",
        "Gyde, what is that temple?", "Guy'd, how old is this tree?", "Where are we going now, gyde?",
        "Geed, сколько стоит вход?", "Гайт, расскажи про этот храм.", "Гиб, говори громче.",
        "Агид, когда следующая остановка?",
    ],
)  # fmt: skip
def test_what_sounds_like_the_name_calls_where_a_call_stands(text: str) -> None:
    verdict = judged(text)
    assert (verdict.addressed, verdict.reason) == (True, "wake_name")


def test_the_question_is_left_without_the_misheard_name() -> None:
    assert judged("Гиб, что это за храм?").text == "что это за храм?"
    assert judged("What is that, gyde?").text == "What is that?"


@pytest.mark.parametrize("text", ["Гиб, стоп.", "Gyde, be quiet!", "Тихо, гиб."])
def test_a_stop_word_is_obeyed_beside_a_misheard_name(text: str) -> None:
    assert judged(text).is_stop


@pytest.mark.parametrize(
    "text",
    [
        "Гиб что это за храм", "Гиб, я хочу мороженое.", "Гиб, ты взяла крем?", "Мы вчера видели гиб.",
        "Мой друг, гиб, из Москвы.", "Gyde is a nice name.", "We were in Gyde, what a day.",
        "Гиб.", "Gyde!", "Агид.",
    ],
)  # fmt: skip
def test_it_calls_nobody_where_no_call_stands(text: str) -> None:
    assert not judged(text).addressed


def test_no_ordinary_word_is_taken_for_a_name() -> None:
    ordinary = chain.from_iterable(call_words(language)["sounding"] for language in LANGUAGES)
    questions = ("{}, what is that?", "{}, что это за храм?", "Привет, {}, где мы?", "What is that, {}?")
    texts = [question.format(word) for word in ordinary for question in questions]
    assert texts
    assert not [text for text in texts if judged(text).addressed]


def test_only_the_guides_own_names_are_known_by_their_sound() -> None:
    assert not judged(
        "Гиб, что это за храм?", names={"ru": ["Настя"], "en": ["Rose"], "id": ["Ayu"]}
    ).addressed
    assert not judged("Guide, what is that?", "ru").addressed, "sounds like гайд, and is another language's"


def test_talk_among_passengers_is_nobodys_call() -> None:
    talk = [one.text for language in LANGUAGES for one in sentences(language) if one.meant == "nothing"]
    assert not [text for text in talk if judged(text).addressed]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("гид", "гит"),
        ("гид", "geed"),
        ("guide", "guy'd"),
        ("guide", "gide"),
        ("guide", "гайд"),
        ("нуану", "Nuanu"),
    ],
)
def test_what_is_misheard_sounds_the_same(one: str, other: str) -> None:
    assert sound_of(one) == sound_of(other.casefold())


@pytest.mark.parametrize(
    ("one", "other"),
    [("гид", "вид"), ("гид", "год"), ("guide", "ride"), ("guide", "quiet"), ("guide", "guys")],
)
def test_what_is_something_else_sounds_otherwise(one: str, other: str) -> None:
    assert sound_of(one) != sound_of(other)


def test_what_has_no_letters_has_no_sound() -> None:
    assert sound_of("24") == "24"
    assert sound_of("") == ""
