"""Each name calls wherever it stands, cabin talk calls nobody, and without a name there is a reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.config import hearing
from edge.lexicon.words import words_of
from edge.listener.addressee import Addressee
from edge.listener.wake_names import call_words
from edge.messages import Language

LANGUAGES: tuple[Language, ...] = ("ru", "en", "id")
QUESTIONS: dict[Language, tuple[str, ...]] = {
    "ru": (
        "что это за храм?", "сколько нам ещё ехать?", "расскажи про эту собаку",
        "а где здесь можно поесть?", "почему мы остановились?", "когда закат?",
        "это вулкан или просто гора?", "как по-балийски спасибо?",
    ),
    "en": (
        "what is that temple?", "how far is it to the beach?", "tell me about that dog",
        "where can we eat here?", "why did we stop?", "when is the sunset?",
        "does that volcano still smoke?", "who built all this?",
    ),
    "id": (
        "apa nama pura itu?", "berapa lama lagi kita sampai?", "ceritakan tentang anjing tadi",
        "di mana kita bisa makan?", "kenapa kita berhenti?", "jam berapa matahari terbenam?",
        "siapa yang membangunnya?",
    ),
}  # fmt: skip
CHATTER: dict[Language, tuple[str, ...]] = {
    "ru": (
        "Мам, смотри, какая собака!", "Я же говорил, надо было взять воду", "А ты видел её лицо?",
        "Давай сюда", "Сколько стоит билет, не знаешь?", "Где мой телефон?", "Это что, опять пробка?",
        "Вон там, слева!", "Позвони ему вечером", "Мы вчера были на пляже", "Какой вид, с ума сойти",
        "Ты не забыла паспорт?", "Он сказал, что придёт в семь", "Подвинься, пожалуйста", "Идите вы все",
        "Видите гору?", "Вот гад!", "Гидов тут полно", "Все гиды врут", "С гидом было бы лучше",
        "Наш гид заболел", "Гид по Бали куплен",
    ),
    "en": (
        "Mum, look at that dog!", "I told you to bring some water", "Did you see her face?",
        "Give it to me", "How much is the ticket, do you know?", "Where is my phone?", "Call him tonight",
        "Over there, on the left", "We were at the beach yesterday", "What a view",
        "He said he would come at seven", "That was a good ride", "You look tired", "The tide is high",
        "It is a wide road", "Our guide is ill", "Every guide says that", "Let me guide you through it",
        "Guided tours are expensive", "Read the guide book",
    ),
    "id": (
        "Bu, lihat anjing itu!", "Sudah kubilang bawa air", "Kamu lihat mukanya?",
        "Berapa harga tiketnya, tahu?", "Di mana ponselku?", "Nanti malam telepon dia",
        "Di sana, di sebelah kiri", "Kemarin kami ke pantai", "Pemandangannya bagus sekali",
        "Dia bilang datang jam tujuh", "Permandian itu jauh", "Dia memandu kami",
        "Pemandu wisata itu mahal", "Kata pemandu besok hujan", "Para pemandu sudah pulang",
    ),
}  # fmt: skip
SAID_TO_ALL = [text for texts in CHATTER.values() for text in texts]
CALLS = [(language, name) for language in LANGUAGES for name in call_words(language)["names"]]


@pytest.mark.parametrize(("language", "name"), CALLS)
def test_a_name_calls_in_front_and_behind_with_and_without_marks(
    language: Language, name: str, subtests: pytest.Subtests
) -> None:
    addressee = Addressee(hearing.AddresseeSettings(), LANGUAGES)
    for question in QUESTIONS[language]:
        bare = question.rstrip("?")
        with subtests.test(question):
            for said in (
                f"{name.capitalize()}, {question}",
                f"{name} {bare}",
                f"{name.upper()}! {question.capitalize()}",
                f"{bare}, {name}?",
                f"{bare.capitalize()}, {name}.",
            ):
                verdict = addressee.judge(said, 100.0, 102.0)
                assert verdict.addressed, said
                left = [word for word in words_of(verdict.text) if word not in words_of(name)]
                assert words_of(bare) == left, said


@pytest.mark.parametrize("said", SAID_TO_ALL)
def test_passengers_who_talk_to_each_other_get_no_answer(said: str) -> None:
    assert not Addressee(hearing.AddresseeSettings(), LANGUAGES).judge(said, 100.0, 102.0).addressed
    assert (
        not Addressee(hearing.AddresseeSettings(mode="push_to_talk"), LANGUAGES)
        .judge(said, 100.0, 102.0)
        .addressed
    )
    assert Addressee(hearing.AddresseeSettings(mode="always"), LANGUAGES).judge(said, 100.0, 102.0).addressed


@pytest.mark.parametrize(
    ("languages", "said"),
    [(("ru",), "Pemandu, apa itu?"), (("ru",), "Guide, what is that?"), (("en", "id"), "Гид, что это?")],
)
def test_a_name_of_a_language_that_is_not_spoken_calls_nobody(
    languages: tuple[Language, ...], said: str
) -> None:
    assert not Addressee(hearing.AddresseeSettings(), languages).judge(said, 100.0, 102.0).addressed


Happening = tuple[str, float]
happenings = st.lists(
    st.tuples(
        st.sampled_from(["chatter", "question", "answered", "forgotten", "pressed", "released"]),
        st.floats(0.1, 6.0),
    ),
    max_size=25,
)


@given(st.sampled_from(["wake", "always", "push_to_talk"]), happenings)
def test_whatever_happens_an_utterance_without_a_name_needs_a_reason(
    mode: hearing.AddresseeMode, story: list[Happening]
) -> None:
    follow_up_s, pressed_s = 8.0, 5.0
    addressee = Addressee(
        hearing.AddresseeSettings(mode=mode, follow_up_s=follow_up_s), LANGUAGES, pressed_s=pressed_s
    )
    now, follow_until, pressed_until, held = 100.0, 0.0, 0.0, False
    for what, passed_s in story:
        now += passed_s
        match what:
            case "answered":
                addressee.answered(now)
                follow_until = now + follow_up_s
            case "forgotten":
                addressee.forget()
                follow_until = 0.0
            case "pressed":
                addressee.button(True, now)
                held = True
            case "released":
                addressee.button(False, now)
                pressed_until = now + pressed_s if held else pressed_until
                held = False
            case _:
                text = "Где здесь пляж?" if what == "chatter" else "Гид, где здесь пляж?"
                by_button = held or now <= pressed_until
                by_time = mode == "always" or (mode == "wake" and now <= follow_until)
                by_name = mode == "wake" and what == "question"
                verdict = addressee.judge(text, now, now + 0.05)
                assert verdict.addressed == (by_button or by_time or by_name)
                now += 0.05
