"""An utterance is answered when it was meant for the guide, and passengers' own talk is left alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.config import hearing
from edge.listener.addressee import Addressee, Verdict
from edge.messages import Language

LANGUAGES: tuple[Language, ...] = ("ru", "en", "id")
SOME_WORDS = (
    "гид",
    "guide,",
    "pemandu",
    "а",
    "что",
    "is",
    "you",
    "nggak",
    "?",
    "или",
    "mau",
    "не",
    "спасибо",
    "как",
)


def heard(transcript: str, mode: hearing.AddresseeMode = "wake") -> Verdict:
    return Addressee(hearing.AddresseeSettings(mode=mode), LANGUAGES).judge(transcript, 100.0, 102.0)


@pytest.mark.parametrize(
    ("said", "question"),
    [
        ("Гид, что это за собака?", "что это за собака?"),
        ("гид что это за собака", "что это за собака"),
        ("Эй, гид, где пляж?", "где пляж?"),
        ("эйгид сколько времени", "сколько времени"),
        ("А что это за дом, гид?", "А что это за дом?"),
        ("Слушай, гид, а что слева?", "Слушай, а что слева?"),
        ("Нуану, где мы?", "где мы?"),
        ("Хей гайд, где туалет?", "Хей гайд, где туалет?"),
        ("Гайд, где туалет?", "где туалет?"),
        ("Hey guide, what is that?", "what is that?"),
        ("what is that guide", "what is that"),
        ("Hai pemandu, apa itu?", "apa itu?"),
        ("Ada apa di kanan, pemandu?", "Ada apa di kanan?"),
    ],
)
def test_whoever_is_called_by_name_answers_what_was_asked_beside_it(said: str, question: str) -> None:
    assert heard(said) == Verdict(True, "wake_name", question)


@pytest.mark.parametrize(
    "said",
    [
        "гит, что там", "гыд, что там", "гидд что там",  # one letter, which sounds alike
        "Гиииид, что это?", "Гид-гид, что это?", "Эй-гид, что это",
        "гида что это", "гиду: что это", "Эй, гида что это",  # inflected, or run together with the next word
        "нуано, где обед", "нюану, где обед", "Ну ану, где обед?",
        "gyide what is that", "gide, what is that?", "guide's what is that",
        "pemanda, apa itu?", "pemandhu, apa itu",
    ],
)  # fmt: skip
def test_a_misheard_name_is_still_the_name(said: str) -> None:
    assert heard(said).reason == "wake_name"


@pytest.mark.parametrize(
    "said",
    [
        "Гидра живёт в воде", "у меня есть гитара", "Какой красивый вид", "Вид отсюда отличный", "год назад",
        "гад ползучий", "кит большой", "эгида закона", "Нужно идти", "научу тебя", "Стол у окна",
        "нюанс есть", "вид", "год", "хит", "эгида", "луну видно", "нужно",
        "guided tours are fine", "the egide is old", "a guild of artists", "it is quite wide",
        "glide over it", "nuance matters", "guy", "hide", "ride with us", "hey guys",
        "Dia memandu kami", "pemanas air rusak", "pembantu rumah", "ruang tamu", "tuan rumah",
    ],
)  # fmt: skip
def test_ordinary_words_are_no_name(said: str) -> None:
    assert heard(said).reason == "not_addressed"


@pytest.mark.parametrize(
    "said",
    [
        "наш гид вчера опоздал", "гид по Бали мне понравился", "я спросила у гида", "гид сказал, что рано",
        "мы едем в Нуану", "расскажи мне про Нуану",
        "the guide was late", "they guide us", "I have a guide book", "welcome to Nuanu",
        "Нам дали гида", "Спроси гида", "Спасибо гиду", "Надо было взять гида", "У нас был гид",
        "Хороший был гид", "Мне не нужен гид", "А тут есть гид?", "Смотри, гид идёт",
        "We had a great guide", "Kita butuh pemandu",
        "pemandu wisata itu lucu", "kata pemandu kita terlambat", "kami tinggal di Nuanu",
    ],
)  # fmt: skip
def test_who_is_talked_about_is_not_called(said: str) -> None:
    assert not heard(said).addressed


def test_a_name_in_the_middle_of_a_long_utterance_is_no_call() -> None:
    assert not heard("вчера вечером мы гуляли и один гид показал всем дорогу к морю").addressed


@pytest.mark.parametrize("said", ["Где Нуану?", "Что такое Нуану", "Where is Nuanu?"])
def test_a_place_that_is_asked_about_stays_in_the_question(said: str) -> None:
    assert heard(said) == Verdict(True, "wake_name", said)


@pytest.mark.parametrize(
    "said",
    [
        "Стоп", "стоп, стоп, стоп!", "Гид, стоп!", "хватит, пожалуйста", "Ну всё, хватит", "тихо", "помолчи",
        "Помолчите уже", "Гид, остановись", "Заткнись!",
        "stop", "Enough!", "be quiet please", "that's enough", "stop talking, guide", "shut up",
        "berhenti", "diam dong", "cukup ya",
    ],
)  # fmt: skip
@pytest.mark.parametrize("mode", ["wake", "always", "push_to_talk"])
def test_stop_words_stop_in_every_mode_and_need_no_name(said: str, mode: hearing.AddresseeMode) -> None:
    assert heard(said, mode) == Verdict(False, "stop_word", "", is_stop=True)


@pytest.mark.parametrize(
    "said", ["Гид, где остановка?", "Гид, когда хватит солнца?", "guide, does the bus stop at the beach?"]
)
def test_a_question_with_a_stop_word_in_it_is_a_question(said: str) -> None:
    verdict = heard(said)
    assert verdict.addressed
    assert not verdict.is_stop


@pytest.mark.parametrize(
    "said",
    [
        *("угу", "Угу-угу", "ммм", "Ого!", "ничего себе", "mm", "Oh!", "uh-huh", "Угу, гид", "wah", "…", ""),
        *("hahaha.", "Ha-ha-ha!", "Hahahahahaha!", "Ахахах", "хахаха", "хе-хе-хе", "hihihi", "Wkwkwk"),
    ],
)
@pytest.mark.parametrize("mode", ["wake", "always", "push_to_talk"])
def test_back_channels_are_nobodys_question(said: str, mode: hearing.AddresseeMode) -> None:
    addressee = Addressee(hearing.AddresseeSettings(mode=mode), LANGUAGES)
    addressee.answered(99.0)
    addressee.button(True, 99.0)
    assert not addressee.judge(said, 100.0, 101.0).addressed


def test_after_an_answer_the_next_question_needs_no_name_for_a_while() -> None:
    addressee = Addressee(hearing.AddresseeSettings(follow_up_s=8.0), LANGUAGES)
    assert not addressee.judge("а почему", 100.0, 101.0).addressed
    addressee.answered(105.0)
    assert addressee.judge("а почему", 113.0, 120.0) == Verdict(True, "follow_up", "а почему")
    assert not addressee.judge("а почему", 113.1, 114.0).addressed


def test_a_closed_window_stays_closed_until_the_next_answer() -> None:
    addressee = Addressee(hearing.AddresseeSettings(), LANGUAGES)
    addressee.answered(100.0)
    addressee.forget()
    assert not addressee.judge("а почему", 101.0, 102.0).addressed


def test_a_call_by_name_alone_is_heard_and_the_question_may_follow() -> None:
    addressee = Addressee(hearing.AddresseeSettings(), LANGUAGES)
    assert addressee.judge("Гид!", 100.0, 100.5) == Verdict(True, "wake_name", "")
    addressee.answered(100.5)
    assert addressee.judge("Где тут кафе?", 102.0, 103.0).reason == "follow_up"


@pytest.mark.parametrize("said", ["Гид, а скажи…", "Слушай, гид", "Hey guide, tell me", "Pemandu, tolong"])
def test_who_only_begins_to_ask_has_called_and_not_asked(said: str) -> None:
    assert heard(said) == Verdict(True, "wake_name", "")


def test_always_means_every_utterance() -> None:
    assert heard("какая красота вокруг", "always") == Verdict(True, "always", "какая красота вокруг")
    addressee = Addressee(hearing.AddresseeSettings(mode="always"), LANGUAGES)
    addressee.answered(100.0)
    for said in ("Какая красота вокруг!", "Где Петя?", "А почему?"):
        assert addressee.judge(said, 102.0, 103.0) == Verdict(True, "always", said), "behind an answer, too"


def test_push_to_talk_hears_nothing_but_what_the_button_covers() -> None:
    addressee = Addressee(hearing.AddresseeSettings(mode="push_to_talk"), LANGUAGES, pressed_s=5.0)
    assert not addressee.judge("Гид, где пляж?", 100.0, 101.0).addressed
    addressee.button(True, 110.0)
    assert addressee.judge("где пляж", 111.0, 112.0).reason == "button"
    addressee.button(False, 113.0)
    assert addressee.judge("а далеко", 117.9, 119.0).reason == "button"
    assert not addressee.judge("а далеко", 118.1, 119.0).addressed


def test_a_button_that_is_never_let_go_does_not_count_for_ever() -> None:
    addressee = Addressee(hearing.AddresseeSettings(), LANGUAGES)
    addressee.button(True, 100.0)
    assert addressee.judge("где пляж", 155.0, 156.0).reason == "button"
    assert addressee.judge("мы едем на пляж", 161.0, 162.0).reason == "not_addressed"
    addressee.button(True, 200.0)
    assert addressee.judge("мы едем на пляж", 190.0, 192.0).reason == "not_addressed"
    assert addressee.judge("где пляж", 201.0, 202.0).reason == "button"


def test_a_button_pressed_after_the_speech_does_not_reach_back() -> None:
    addressee = Addressee(hearing.AddresseeSettings(mode="push_to_talk"), LANGUAGES)
    addressee.button(True, 105.0)
    assert not addressee.judge("где пляж", 100.0, 102.0).addressed


def test_the_button_also_works_where_names_do() -> None:
    addressee = Addressee(hearing.AddresseeSettings(), LANGUAGES)
    addressee.button(True, 99.0)
    assert addressee.judge("где пляж", 100.0, 101.0).reason == "button"


def test_names_are_the_operators_choice() -> None:
    addressee = Addressee(hearing.AddresseeSettings(names={"ru": ("Настя",)}), ("ru",))
    assert addressee.judge("Настя, где мы?", 0.0, 1.0) == Verdict(True, "wake_name", "где мы?")
    assert addressee.judge("настя где мы", 0.0, 1.0).addressed
    assert not addressee.judge("Гид, где мы?", 0.0, 1.0).addressed


@given(st.text(max_size=80) | st.lists(st.sampled_from(SOME_WORDS), max_size=8).map(" ".join))
def test_any_transcript_behind_an_answer_gets_a_verdict(transcript: str) -> None:
    addressee = Addressee(hearing.AddresseeSettings(), LANGUAGES)
    addressee.answered(99.0)
    verdict = addressee.judge(transcript, 100.0, 102.0)
    assert verdict.addressed == (verdict.reason in ("wake_name", "thanks", "follow_up"))


@given(st.text(max_size=80), st.sampled_from(["wake", "always", "push_to_talk"]))
def test_any_transcript_gets_a_verdict(transcript: str, mode: hearing.AddresseeMode) -> None:
    verdict = heard(transcript, mode)
    assert not (verdict.addressed and verdict.is_stop)
    assert len(verdict.text) <= len(transcript) * 3  # composing may take more characters, never more words
