"""Who talks about a guide calls nobody, and a remark to a neighbour asks nothing of the guide."""

from __future__ import annotations

import pytest

from edge.config import hearing
from edge.listener.addressee import Addressee
from edge.messages import Language
from tests.support.who_was_meant import LANGUAGES, Part, judged, score


@pytest.mark.parametrize("part", ["seen", "held_out"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_table_is_judged_right(language: Language, part: Part) -> None:
    one = score(language, part)
    assert one.answered_though_not_meant <= 0.02 * one.not_meant
    assert one.missed_though_meant <= 0.04 * one.meant


@pytest.mark.parametrize(
    "said",
    [
        # inflected
        "Гидом у нас была Маша.", "Гиду надо дать чаевые.", "Гиды тут хорошие.", "Гида нам не дали.",
        "А знаешь, гидом работает моя сестра.", "Гидом быть непросто.", "Гиду нашему девяносто лет.",
        "Гидов на вокзале полно.",
        # with an adjective, in apposition, or only similar
        "Прошлый гид знал больше.", "Вчерашний гид показывал нам храм.",
        "Экскурсовод и гид показали нам город.", "Мой друг гид, он из Москвы.", "Она сказала, гид заболел.",
        "Я посмотрел гайд на ютубе.", "Гид Мишлен дал им звезду.", "Молодой гид стеснялся.",
        "Наш сосед гид, между прочим.", "Оказалось, гид не пришёл.",
        "Our old guide spoke Russian.", "Her new guide lives here.", "A field guide to birds.",
        "Nanu and me went to the beach.", "We love Nuanu.", "he will guide us there",
        "The young guide was shy.", "My uncle is a guide, by the way.", "Nuanu was empty in spring.",
        "Pemandu di Ubud ramah sekali.", "besok ke Nuanu lagi", "Pemandu yang muda itu pemalu.",
        "Pamanku pemandu di Jawa.", "Kata orang pemandu itu sakit.",
        # controls
        "Наш гид…", "He is my guide.", "Спроси у гида.",
        "Хочешь, гида спросим?",
        "Хочешь, гиду позвоним?",
        "дай мне гид по бали",
        "правда гид смешной был",
        "show me guide books about bali",
        "cool guide though wasn't he",
        "great guide where did they find him",
        "pemandu kalian orangnya gimana",
    ],
)  # fmt: skip
def test_who_is_talked_about_is_not_called_with_or_without_marks(said: str) -> None:
    assert judged(said, "none") == "nothing"
    assert judged(said.rstrip(".…").replace(",", "").lower(), "none") == "nothing"


@pytest.mark.parametrize(
    "said",
    [
        "Гид, что это за храм?", "Эй, гид, далеко ещё?", "Подскажите, гид, где выход?", "Где выход, гид?",
        "Привет, гид!", "Гид, я замёрз.", "Гида, сколько времени?",
        "What is this, guide, please?", "Что это, гид, скажи?", "Apa ini, pemandu, ya?",
        "Guide, what is this temple?", "Hello, guide!", "Could you tell me, guide, where we are?",
        "Where are we, guide?", "Guide, I'm cold.", "Guide, does it rain here?", "Guide, any toilets here?",
        "Pemandu, pura apa ini?", "Halo, pemandu!", "Di mana kita, pemandu?", "Pemandu, saya kedinginan.",
        "интересно гид а кто это всё убирает",
        "расскажи нам гид про местную еду",
        "tell us guide about the local food",
        "interesting guide and who cleans all this",
        "we were wondering guide is that a palm or a fern",
        "ceritakan dong pemandu soal makanan di sini",
        "menarik pemandu lalu siapa yang membersihkan",
    ],
)  # fmt: skip
def test_who_is_called_is_called_with_and_without_marks(said: str) -> None:
    assert judged(said, "none") == "answer"
    assert judged(said.rstrip("?!.").replace(",", "").lower(), "none") == "answer"


@pytest.mark.parametrize(
    "said",
    [
        "глянь, какой огромный краб", "алло, плохо слышно, перезвони", "какие тут волны высокие!",
        "Алло? Ты меня слышишь?", "Мам, а мы скоро приедем?", "Ты зонт взял?", "Где мои тапки?",
        "give me my hat, please", "What a huge crab!", "how beautiful", "Mum, are we there yet?",
        "Can you hear me?", "Did you lock the door?", "Where are my sandals?",
        "Wah, kepitingnya besar sekali!", "Kamu bawa payung?", "Bu, masih jauh nggak?", "Sandalku di mana?",
        "Спасибо.", "Thank you.", "Terima kasih.",
        "Во сколько у нас ужин?",
        "What time is our dinner?",
        "Jam berapa kita makan malam?",
        "and then she left him",
        "I'm tired, tell dad to stop.",
        "kalau aku sih malas",
    ],
)  # fmt: skip
def test_behind_an_answer_a_remark_to_a_neighbour_is_left_alone(said: str) -> None:
    assert judged(said, "follow_up") == "nothing"
    assert judged(said, "none") == "nothing"


@pytest.mark.parametrize(
    "said",
    [
        "а почему", "почему он такой высокий", "расскажи ещё", "Можно поподробнее?", "А как туда попасть?",
        "как это построили", "как его зовут", "как можно туда попасть", "а там есть кафе",
        "What is it made of?", "and who lives there", "tell me more", "go on", "Is it real?",
        "Siapa yang tinggal di sana?", "apa artinya", "kapan dibangun", "lanjutkan ceritanya",
        "I didn't get that, repeat please.",
        "Я не расслышала, повтори ещё раз.",
        "and swimming",
        "kalau berenang",
    ],
)  # fmt: skip
def test_behind_an_answer_a_question_needs_no_name(said: str) -> None:
    assert judged(said, "follow_up") == "answer"
    assert judged(said, "none") == "nothing"


@pytest.mark.parametrize("said", ["Мне холодно.", "I am cold.", "Saya kedinginan.", "про обезьян"])
def test_behind_a_call_by_the_name_alone_whatever_is_said_is_meant_once(said: str) -> None:
    addressee = Addressee(hearing.AddresseeSettings(), LANGUAGES)
    addressee.called(100.0)
    assert addressee.judge(said, 102.0, 103.0).reason == "called"
    addressee.asked()
    assert not addressee.judge(said, 104.0, 105.0).addressed


@pytest.mark.parametrize(
    "said",
    ["Спасибо, гид!", "гид большое спасибо", "Thanks, guide.", "guide thank you so much",
        "Terima kasih, pemandu!", "makasih ya pemandu"],
)  # fmt: skip
def test_thanks_with_the_name_are_taken_as_thanks(said: str) -> None:
    verdict = Addressee(hearing.AddresseeSettings(), LANGUAGES).judge(said, 100.0, 101.0)
    assert verdict.addressed
    assert verdict.reason == "thanks"


@pytest.mark.parametrize("said", ["Спасибо, гид, а где выход?", "Thanks, guide, and where is the exit?"])
def test_thanks_with_a_question_are_a_question(said: str) -> None:
    verdict = Addressee(hearing.AddresseeSettings(), LANGUAGES).judge(said, 100.0, 101.0)
    assert verdict.reason == "wake_name"
