"""What the guide hears of itself is dropped, and a question about what it says is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.listener.self_hearing import THRESHOLD, OwnSpeech, compare

DOGS = (
    "Слева две собаки охраняют вход в кафе «Лотос». "
    "Говорят, они пропускают только тех, кто гладит их по голове."
)
TOWER = "The bamboo tower was built without a single nail, and it is twenty four metres high."
CAFE = "Di kiri ada kafe Lotus, buka setiap hari dari jam tujuh pagi sampai jam sepuluh malam."


@pytest.mark.parametrize(
    ("spoken", "echo"),
    [
        (DOGS, DOGS),
        (DOGS, "две собаки охраняют вход"),
        (DOGS, "лево две собаки охраняют входную кафе лотос"),
        (DOGS, "гаварят ани пропуска ют только тех кто гладит"),
        (DOGS, "только тех кто гладит по голове"),
        (TOWER, "the bamboo tower was build without a single nail"),
        (TOWER, "bam boo tower was built with out single nail and"),
        (CAFE, "kafe lotus buka setiap hari dari jam tuju pagi"),
    ],
)
def test_an_echo_is_known_also_in_part_and_misheard(spoken: str, echo: str) -> None:
    similarity, _ = compare(echo, spoken)
    assert similarity >= THRESHOLD


@pytest.mark.parametrize(
    ("spoken", "question"),
    [
        (DOGS, "А что это за собаки слева?"),
        (DOGS, "Сколько стоит кофе в кафе Лотос?"),
        (DOGS, "А они пропускают всех?"),
        (DOGS, "А почему они охраняют вход в кафе?"),
        (DOGS, "Можно их погладить по голове?"),
        (DOGS, "Где здесь туалет?"),
        (TOWER, "How high is the tower?"),
        (TOWER, "Why was it built without nails?"),
        (TOWER, "Can we climb the bamboo tower?"),
        (CAFE, "Kafe itu buka jam berapa besok?"),
    ],
)
def test_a_question_that_takes_up_the_words_is_a_question(spoken: str, question: str) -> None:
    similarity, _ = compare(question, spoken)
    assert similarity < THRESHOLD


def test_speech_over_the_guides_own_is_in_the_rest() -> None:
    _, rest = compare("две собаки охраняют вход гид стоп", DOGS)
    assert rest == "гид стоп"


@pytest.mark.parametrize(
    ("word", "is_own"), [("собаки", True), ("стоп", False), ("кто", True), ("гид", False)]
)
def test_a_short_utterance_is_own_only_word_by_word(word: str, is_own: bool) -> None:
    similarity, _ = compare(word, DOGS)
    assert (similarity >= THRESHOLD) is is_own


def test_only_what_sounded_at_the_time_counts() -> None:
    own = OwnSpeech(tail_s=1.0)
    own.sounds(DOGS, 100.0)
    own.sounds(None, 108.0)
    assert own.judge("две собаки охраняют вход", 103.0, 105.0).is_own
    assert own.judge("две собаки охраняют вход", 109.0, 110.0).is_own, "the room still rings"
    assert not own.judge("две собаки охраняют вход", 109.1, 111.0).is_own, "a passenger repeats it"
    assert not own.judge("две собаки охраняют вход", 97.0, 99.9).is_own, "said before the guide"


def test_an_utterance_across_two_sentences_is_compared_with_both() -> None:
    own = OwnSpeech()
    own.sounds("Слева две собаки.", 100.0)
    own.sounds("Слева две собаки.", 101.0)
    own.sounds("Справа бамбуковая башня.", 102.0)
    echo = own.judge("две собаки справа бамбуковая башня", 100.5, 104.0)
    assert echo.is_own
    assert echo.similarity == 1.0
    assert echo.rest == ""


@pytest.mark.parametrize("echo", ["до храма пять километров", "до храма 5 км", "пять километров"])
def test_it_knows_itself_as_it_speaks_and_as_it_writes(echo: str) -> None:
    own = OwnSpeech()
    own.sounds("До храма пять километров.", 10.0, written="До храма 5 км.")
    own.sounds(None, 12.0)
    assert own.judge(echo, 10.0, 12.0).is_own
    assert not own.judge("сколько километров до храма осталось ехать", 10.0, 12.0).is_own


def test_in_silence_nothing_is_own() -> None:
    echo = OwnSpeech().judge("две собаки", 100.0, 101.0)
    assert (echo.similarity, echo.is_own, echo.rest) == (0.0, False, "две собаки")


def test_the_answer_to_a_long_echo_with_a_question_behind_it_is_not_lost() -> None:
    own = OwnSpeech()
    own.sounds("Слева две собаки.", 100.0)
    echo = own.judge("две собаки гид а почему они тут сидят целыми днями", 100.0, 104.0)
    assert not echo.is_own
    assert echo.rest.startswith("гид а почему")


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_texts_can_be_compared(transcript: str, spoken: str) -> None:
    similarity, _ = compare(transcript, spoken)
    assert 0.0 <= similarity <= 1.0
