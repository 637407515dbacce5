"""The guide counts correctly, in every language."""

from __future__ import annotations

import itertools

import pytest

from edge.lexicon import russian
from edge.lexicon.labels import canonical, known_labels, parent_of
from edge.lexicon.noun_phrase import noun_phrase
from edge.lexicon.russian import CASES
from edge.package_tables import read_table

COUNTS = [*range(1, 131), 200, 1000, "several"]


@pytest.mark.parametrize(
    ("label", "count", "expected"),
    [
        ("cat", 1, "кошка"),
        ("dog", 2, "две собаки"),
        ("dog", 5, "пять собак"),
        ("dog", 11, "одиннадцать собак"),
        ("dog", 21, "двадцать одна собака"),
        ("dog", 112, "больше ста собак"),
        ("person", 2, "два человека"),
        ("person", 5, "пять человек"),
        ("person", "several", "много людей"),
        ("child", 2, "двое детей"),
        ("child", 5, "пять детей"),
        ("child", 22, "двадцать два ребёнка"),
        ("apple", 21, "двадцать одно яблоко"),
        ("bicycle", 2, "два велосипеда"),
        ("fire hydrant", 2, "два пожарных гидранта"),
        ("toothbrush", 2, "две зубные щётки"),
        ("stop sign", 5, "пять знаков «Стоп»"),
        ("surfboard", 3, "три доски для сёрфинга"),
        ("skis", 1, "лыжи"),
        ("skis", 2, "двое лыж"),
        ("skis", 5, "пять пар лыж"),
        ("scissors", 21, "двадцать одна пара ножниц"),
        ("broccoli", 3, "три брокколи"),
        ("potted plant", 5, "пять цветов в горшках"),
    ],
)
def test_russian_numerals_govern_their_noun(label: str, count: int, expected: str) -> None:
    assert noun_phrase("ru", label, count) == expected


@pytest.mark.parametrize(
    ("label", "count", "case", "expected"),
    [
        ("dog", 2, "gen", "двух собак"),
        ("dog", 5, "ins", "пятью собаками"),
        ("dog", "several", "dat", "многим собакам"),
        ("dog", 21, "acc", "двадцать одну собаку"),
        ("cyclist", 21, "acc", "двадцать одного велосипедиста"),
        ("child", 2, "ins", "двоими детьми"),
        ("skis", 3, "dat", "трём лыжам"),
        ("person", 150, "ins", "больше чем ста людьми"),
    ],
)
def test_russian_declines_the_numeral_with_its_noun(label: str, count: int, case: str, expected: str) -> None:
    assert russian.noun_phrase(label, count, case) == expected


def test_russian_accusative_tells_the_living_from_things() -> None:
    assert russian.noun_phrase("dog", 2, "acc") == "двух собак"
    assert russian.noun_phrase("person", 3, "acc") == "трёх человек"
    assert russian.noun_phrase("bicycle", 2, "acc") == "два велосипеда"
    assert russian.noun_phrase("dog", 22, "acc") == "двадцать две собаки", "compounds keep the nominative"


@pytest.mark.parametrize(
    ("language", "label", "count", "expected"),
    [
        ("en", "dog", 1, "a dog"),
        ("en", "umbrella", 1, "an umbrella"),
        ("en", "person", 2, "two people"),
        ("en", "sheep", 21, "twenty-one sheep"),
        ("en", "scissors", 1, "a pair of scissors"),
        ("en", "scissors", 2, "two pairs of scissors"),
        ("en", "tv", 2, "two TVs"),
        ("en", "child", "several", "several children"),
        ("en", "bus", 101, "more than a hundred buses"),
        ("id", "dog", 1, "seekor anjing"),
        ("id", "dog", 2, "dua ekor anjing"),
        ("id", "car", 12, "dua belas mobil"),
        ("id", "person", 1, "seseorang"),
        ("id", "child", 21, "dua puluh satu anak"),
        ("id", "dog", "several", "banyak anjing"),
    ],
)
def test_the_other_languages_count_too(language: str, label: str, count: int, expected: str) -> None:
    assert noun_phrase(language, label, count) == expected


def test_every_label_can_be_named_in_any_number() -> None:
    for label, count in itertools.product(known_labels(), COUNTS):
        phrases = [russian.noun_phrase(label, count, case) for case in CASES]
        phrases += [noun_phrase("en", label, count), noun_phrase("id", label, count)]
        assert all(phrase == " ".join(phrase.split()) != "" for phrase in phrases), (label, count)
        assert not any(character.isdigit() for phrase in phrases for character in phrase), (label, count)


def test_the_labels_are_cocos_eighty_and_ours() -> None:
    cocos = read_table("edge.lexicon", "labels.toml")["coco"]
    assert len(set(cocos)) == 80
    assert set(cocos) < set(known_labels())
    for label in known_labels():
        assert parent_of(label) is None or parent_of(label) in known_labels()


def test_a_detectors_spelling_of_a_label_is_understood() -> None:
    assert canonical("Traffic_Light") == "traffic light"
    assert canonical(" dog ") == "dog"
    assert canonical("class 7") is None
