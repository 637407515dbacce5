"""An end is waited for longer where words are missing, and less long where none is."""

from __future__ import annotations

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.listener.completeness import Completeness
from edge.listener.wake_names import WakeNames
from edge.messages import Language

LANGUAGES: tuple[Language, ...] = ("ru", "en", "id")


@pytest.fixture(scope="module")
def completeness() -> Completeness:
    return Completeness(LANGUAGES, WakeNames(LANGUAGES))


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("ru", "Гид"), ("ru", "Гид."), ("ru", "Эй, гид!"), ("ru", "Нуану?"),
        ("ru", "Гид, а скажи"), ("ru", "Гид, а скажи…"), ("ru", "Слушай, гид"),
        ("ru", "Гид, подскажите, пожалуйста"),
        ("ru", "Гид, что это за"), ("ru", "Гид, что это за?"), ("ru", "А где мы будем через"),
        ("ru", "Расскажи про храм и"), ("ru", "Расскажи про этот"), ("ru", "Сколько стоит обед,"),
        ("ru", "Там была собака, а"), ("ru", "Мы не"),
        ("en", "Guide"), ("en", "Hey guide, tell me"), ("en", "Okay guide, can you please"),
        ("en", "What is the"), ("en", "What is the?"), ("en", "Where can we eat and"), ("en", "Is that a"),
        ("en", "Tell me about"), ("en", "I wanted to know if"), ("en", "How far is it to"),
        ("en", "What's that -"),
        ("id", "Pemandu"), ("id", "Hai pemandu, tolong"), ("id", "Pemandu, saya mau tanya"),
        ("id", "Kita akan ke"), ("id", "Apa nama gedung yang"), ("id", "Ada restoran dan"),
    ],
)  # fmt: skip
def test_where_words_are_missing_more_is_to_be_expected(
    completeness: Completeness, language: Language, said: str
) -> None:
    assert completeness.judge(said, language) == "unfinished"
    assert completeness.judge(said, None) == "unfinished", "the recognizer need not tell the language"


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("ru", "Гид, что это за храм?"), ("ru", "Сколько нам ещё ехать?"), ("ru", "А кто это там?"),
        ("en", "Guide, what is that building?"), ("en", "Where are you from?"), ("en", "What is this for?"),
        ("id", "Pemandu, apa nama pura itu?"), ("id", "Berapa lama lagi kita sampai?"),
    ],
)  # fmt: skip
def test_a_whole_question_is_complete(completeness: Completeness, language: Language, said: str) -> None:
    assert completeness.judge(said, language) == "complete"


@pytest.mark.parametrize(
    "said",
    [
        "", "…", "?", "Что?", "А почему?", "Yes.", "Ya",
        "Расскажи про храм", "Расскажи про храм.", "расскажи ещё",
        "Tell me what that is.", "Ceritakan tentang itu",
        "tell me about the temple", "Ceritakan tentang pura",
    ],
)  # fmt: skip
def test_a_full_stop_or_a_word_or_two_tell_nothing(completeness: Completeness, said: str) -> None:
    assert completeness.judge(said, None) == "unknown"


def test_a_word_of_another_language_says_nothing_in_this_one(completeness: Completeness) -> None:
    assert completeness.judge("we like the sea and the di", "en") == "unknown"
    assert completeness.judge("kita pergi ke laut for", "id") == "unknown"


@given(st.text(max_size=80), st.sampled_from([None, *LANGUAGES]))
def test_any_transcript_gets_a_verdict(said: str, language: Language | None) -> None:
    known = Completeness(LANGUAGES, WakeNames(LANGUAGES)).judge(said, language)
    assert known in ("unfinished", "complete", "unknown")


@pytest.fixture(scope="module")
def of_dictation() -> Completeness:
    return Completeness(cast("Any", (*LANGUAGES, "de", "fr")), WakeNames(LANGUAGES))


@pytest.mark.parametrize(
    ("language", "said", "ending"),
    [
        ("de", "Die Straße am Fluss ist gesperrt und", "unfinished"),
        ("de", "Der Bus fährt zum", "unfinished"),
        ("de", "Alle Haltestellen, bzw.", "unfinished"),
        ("de", "Wir treffen uns am", "unfinished"),
        ("de", "Was ist das?", "complete"),
        ("de", "Fährt der Bus z. B. nach Ubud?", "complete"),
        ("de", "„Wo hält der Bus?“", "complete"),
        ("de", "Bitte steigen Sie ein.", "unknown"),
        ("de", "Der Bus kommt um acht Uhr an.", "unknown"),
        ("de", "Wir fahren z. B.", "unknown"),
        ("fr", "La route est fermée et", "unfinished"),
        ("fr", "Le bus va à la", "unfinished"),
        ("fr", "Nous partons avec", "unfinished"),
        ("fr", "Tu viens avec ?", "complete"),
        ("fr", "Où est la navette ?", "complete"),
        ("fr", "Où est la navette\u202f?", "complete"),
        ("fr", "« Où est la navette ? »", "complete"),
        ("fr", "Attention à la porte !", "complete"),
        ("fr", "M. Dupont arrive à 8 h 30.", "unknown"),
    ],
)
def test_of_dictated_german_and_french(
    of_dictation: Completeness, language: Any, said: str, ending: str
) -> None:
    assert of_dictation.judge(said, language) == ending
