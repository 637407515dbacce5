"""What people type is read as label, count and side wherever it plainly says so, and stays text elsewhere."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.commentator.template import said_words
from edge.lexicon.free_text import parse
from edge.lexicon.labels import known_labels
from edge.lexicon.noun_phrase import noun_phrase
from edge.lexicon.vocabulary import SIDES, vocabulary
from edge.messages import Sighting


@pytest.mark.parametrize(
    ("text", "label", "count", "side"),
    [
        ("две собаки справа", "dog", 2, "right"),
        ("пять кошек слева", "cat", 5, "left"),
        ("много людей впереди", "person", "several", "ahead"),
        ("собаки", "dog", "several", None),
        ("3 собаки", "dog", 3, None),
        ("пять кошки", "cat", 5, None),
        ("двадцать одна собака справа", "dog", 21, "right"),
        ("двое детей сзади", "child", 2, "behind"),
        ("Смотри, ПЕС прямо по курсу!", "dog", 1, "ahead"),
        ("котёнок по левую руку", "cat", 1, "left"),
        ("несколько байков", "motorcycle", "several", None),
        ("стая птиц справа", "bird", "several", "right"),
        ("пара собак", "dog", 2, None),
        ("пара лыж", "skis", 1, None),
        ("пять пар ножниц", "scissors", 5, None),
        ("2-3 собаки", "dog", "several", None),
        ("больше двадцати собак", "dog", "several", None),
        ("знак «Стоп» впереди", "stop sign", 1, "ahead"),
        ("впереди пешеход", "person", 1, "ahead"),
        ("ребята", "child", "several", None),
        ("a cyclist ahead", "cyclist", 1, "ahead"),
        ("two dogs on the left", "dog", 2, "left"),
        ("a couple of dogs behind us", "dog", 2, "behind"),
        ("there's a hair dryer in front of us", "hair drier", 1, "ahead"),
        ("a flock of birds", "bird", "several", None),
        ("twenty-one cows to the right", "cow", 21, "right"),
        ("kids", "child", "several", None),
        ("Traffic_Light", "traffic light", 1, None),
        ("dua anjing di kiri", "dog", 2, "left"),
        ("seekor kucing di depan", "cat", 1, "ahead"),
        ("dua orang anak di sebelah kanan", "child", 2, "right"),
        ("banyak monyet", "monkey", "several", None),
        ("anjing-anjing di belakang kita", "dog", "several", "behind"),
        ("ada sepasang ski", "skis", 1, None),
    ],
)
def test_label_count_and_side_tell_it_all(text: str, label: str, count: int | str, side: str | None) -> None:
    assert parse(text) == Sighting(label=label, count=count, side=side)


@pytest.mark.parametrize(
    ("text", "label", "count", "side"),
    [
        ("женщина с коляской слева", "woman", 1, "left"),
        ("велосипедист обгоняет", "cyclist", 1, None),
        ("дети машут руками", "child", "several", None),
        ("закат над рисовым полем", "sunset", 1, None),
        ("две большие собаки", "dog", 2, None),
        ("на дороге собака", "dog", 1, None),
        ("у старого храма две коровы", "cow", 2, None),
        ("мужчина выгуливает собаку", "man", 1, None),
        ("собака без поводка", "dog", 1, None),
        ("собака слева и справа", "dog", 1, None),
        ("a man walking a dog", "man", 1, None),
        ("an orange cat", "cat", 1, None),
        ("near the old temple a cow", "cow", 1, None),
        ("five minutes ago a dog", "dog", 1, None),
        ("pengendara motor menyalip", "motorcyclist", 1, None),
    ],
)
def test_what_label_count_and_side_leave_untold_stays_as_text(
    text: str, label: str, count: int | str, side: str | None
) -> None:
    assert parse(text) == Sighting(label=label, count=count, side=side, text=text)


@pytest.mark.parametrize(
    "text",
    [
        "нет собак",
        "не собака",
        "no dogs",
        "there aren’t any dogs",
        "tidak ada anjing",
        "собака и кошка",
        "собака слева, кошка справа",
        "вижу собаку и кошку",
        "a dog and a cat",
        "sapi dan ayam",
        "kucing dan bus",
        "0 dogs",
        "1001 собака",
        "99999999999999999999 dogs",
        "привет",
        "слева",
        "рядом с машиной",
        "🐕",
        "",
    ],
)
def test_what_is_not_one_thing_stays_text(text: str) -> None:
    assert parse(text) == Sighting(text=text)


def test_only_the_asked_languages_are_understood() -> None:
    assert parse("two dogs", ["ru"]) == Sighting(text="two dogs")
    assert parse("two dogs", ["ru", "en"]).label == "dog"


@pytest.mark.parametrize("language", ["ru", "en", "id"])
@pytest.mark.parametrize("side", [*SIDES, None])
def test_what_the_guide_says_it_also_understands(language: str, side: str | None) -> None:
    said = said_words(language)
    for label in known_labels():
        for count in (1, 2, 3, 4, 5, 11, 19, 20, 21, 32, 100, "several"):
            phrase = noun_phrase(language, label, count)
            sentence = f"{phrase} {said[side]}" if side else phrase
            assert parse(sentence, [language]) == Sighting(label=label, count=count, side=side), sentence
            assert parse(sentence).label == label, sentence


_words = st.sampled_from(
    sorted({" ".join(words) for language in ("ru", "en", "id") for words in vocabulary(language).meanings})
)
_phrases = st.lists(st.one_of(_words, st.text(max_size=8), st.integers().map(str)), max_size=12).map(" ".join)


@given(st.one_of(st.text(max_size=500), _phrases))
def test_no_text_makes_it_fail(text: str) -> None:
    sighting = parse(text)
    assert sighting.label in (None, *known_labels())
    assert sighting.text in (None, text)
    assert sighting.label or sighting.text == text
    if text.isprintable() and 0 < len(text) <= 500:
        assert msgspec.convert(msgspec.to_builtins(sighting), Sighting) == sighting
