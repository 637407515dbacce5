"""Clauses leave as soon as they are complete, and never too early."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.commentator.clauses import (
    ENDS_CLAUSE,
    LONGEST_CLAUSE_CHARS,
    MAX_BRACKET_CHARS,
    MAX_CHARS,
    ClauseCutter,
)


def cut(text: str, size: int = 1) -> list[str]:
    cutter = ClauseCutter()
    clauses = [c for i in range(0, len(text), size) for c in cutter.feed(text[i : i + size])]
    return [*clauses, *([rest] if (rest := cutter.rest()) else [])]


def test_a_clause_leaves_with_its_punctuation_mark_and_not_later() -> None:
    cutter = ClauseCutter()
    assert cutter.feed("Ой, смотрите: две соб") == ["Ой, смотрите:"]
    assert cutter.feed("аки!") == ["две собаки!"]


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("Смотрите, слева кошка. Она спит.", ["Смотрите, слева кошка.", "Она спит."]),
        ("Две собаки справа, обе важные!", ["Две собаки справа,", "обе важные!"]),
        ("До храма 3,5 километра, и т.д. и т.п.", ["До храма 3,5 километра,", "и т.д. и т.п."]),
        ("Wow! A dog…", ["Wow!", "A dog…"]),
        ("Это я. Тогда едем.", ["Это я.", "Тогда едем."]),
        ("Кошка (смеётся, машет) ушла.", ["Кошка (смеётся, машет) ушла."]),
        ("*laughs, loudly* Look!", ["*laughs, loudly* Look!"]),
        ("See https://a.b/c?d=1, it is. Good!", ["See https://a.b/c?d=1, it is.", "Good!"]),
        ("Write to x.y@a.b.com, please. Yes.", ["Write to x.y@a.b.com, please.", "Yes."]),
        ("one\ntwo", ["one", "two"]),
        ("", []),
        ("...", ["..."]),
    ],
)
def test_where_it_cuts(text: str, clauses: list[str]) -> None:
    assert cut(text) == clauses


def test_a_text_without_punctuation_is_cut_at_a_space() -> None:
    pieces = cut("слово " * 60)
    assert len(pieces) > 1
    assert all(len(piece) <= MAX_CHARS + 10 for piece in pieces)


def test_an_unclosed_bracket_holds_nothing_back_for_ever() -> None:
    pieces = cut("начало (и дальше " + "слово, " * 60)
    assert len(pieces[0]) <= MAX_BRACKET_CHARS + 20


@given(st.text(alphabet=" абвXY12.,!?…;:—()*«»\n-", max_size=300), st.integers(1, 9))
def test_no_letter_is_lost_doubled_or_moved_and_token_sizes_do_not_matter(text: str, size: int) -> None:
    assert "".join("".join(cut(text, size)).split()) == "".join(text.split())
    assert cut(text, size) == cut(text, 1)


def test_a_word_without_an_end_is_cut_all_the_same() -> None:
    pieces = cut("@" * (2 * LONGEST_CLAUSE_CHARS + 1), 7)
    assert [len(piece) for piece in pieces] == [LONGEST_CLAUSE_CHARS, LONGEST_CLAUSE_CHARS, 1]


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        # domain names and other words with full stops inside
        ("Сайт nuanu.com работает.", ["Сайт nuanu.com работает."]),
        ("Пишите на nuanu.id, там всё есть.", ["Пишите на nuanu.id,", "там всё есть."]),
        ("Node.js и v2.beta тут.", ["Node.js и v2.beta тут."]),
        ("See www.x.com. Next one.", ["See www.x.com.", "Next one."]),
        # abbreviations
        ("Следующая остановка: ул. Ленина, дом 5.", ["Следующая остановка:", "ул. Ленина,", "дом 5."]),
        ("Храм св. Николая слева.", ["Храм св. Николая слева."]),
        ("Около 30 тыс. рупий.", ["Около 30 тыс. рупий."]),
        ("Около 30 тыс. Дальше храм.", ["Около 30 тыс.", "Дальше храм."]),
        ("парк им. Пушкина", ["парк им. Пушкина"]),
        ("В г. Убуд дождь.", ["В г. Убуд дождь."]),
        ("В 2019 г. Тогда был дождь.", ["В 2019 г.", "Тогда был дождь."]),
        ("и т. д. Потом храм.", ["и т. д.", "Потом храм."]),
        ("St. Mary's church at 5 p.m. today.", ["St. Mary's church at 5 p.m. today."]),
        ("At 5 p.m. Then we go.", ["At 5 p.m.", "Then we go."]),
        ("Dr. Smith lives here. He sings.", ["Dr. Smith lives here.", "He sings."]),
        ("Jl. Raya Ubud, no. 5", ["Jl. Raya Ubud,", "no. 5"]),
        ("Oh no. Then we go.", ["Oh no.", "Then we go."]),
        ("Ada pantai, dll. Lalu pura.", ["Ada pantai,", "dll.", "Lalu pura."]),
        ("А. С. Пушкин был тут. Да.", ["А. С. Пушкин был тут.", "Да."]),
        ("А.С. Пушкин, U.S. Army", ["А.С. Пушкин,", "U.S. Army"]),
        # numbers
        ("2019. Тогда башню и открыли.", ["2019.", "Тогда башню и открыли."]),
        ("2019. «Тогда» и открыли.", ["2019.", "«Тогда» и открыли."]),
        ("12. декабря открытие.", ["12. декабря открытие."]),
        ("Мы едем. 3. Следующая остановка.", ["Мы едем.", "3.", "Следующая остановка."]),
        ("It is 3.5 km. Then left.", ["It is 3.5 km.", "Then left."]),
        # several marks, entities, tags
        ("Wow... look. Fine", ["Wow...", "look.", "Fine"]),
        ("Вход&nbsp;стоит&nbsp;дорого, да", ["Вход&nbsp;стоит&nbsp;дорого, да"]),
        ('Да <img alt="x. y, z"/> нет.', ['Да <img alt="x. y, z"/> нет.']),
    ],
)
def test_it_never_cuts_inside_a_word_a_number_or_a_name(text: str, clauses: list[str]) -> None:
    for size in (1, 2, 3, 7, 100):
        assert cut(text, size) == clauses, f"{size} characters a token"


@pytest.mark.parametrize("text", ["Слева кошка.", "Тут тепло!", "Где храм?", "Вот и храм,"])
def test_nobody_waits_behind_a_plain_word(text: str) -> None:
    mark = max(text.rfind(mark) for mark in ENDS_CLAUSE)
    assert ClauseCutter().feed(text[: mark + 1]) == [text[: mark + 1]]


def test_only_the_next_words_first_character_is_waited_for() -> None:
    cutter = ClauseCutter()
    assert cutter.feed("2019.") == []
    assert cutter.feed(" ") == []
    assert cutter.feed("Т") == ["2019."]
    cutter = ClauseCutter()
    assert cutter.feed("A dog.") == []
    assert cutter.feed(" ") == ["A dog."]


def test_a_long_text_is_not_cut_within_a_number() -> None:
    pieces = cut("слово " * 13 + "цена 50 000 рупий " + "слово " * 20)
    assert any("50 000 рупий" in piece for piece in pieces)


WORDS = st.sampled_from(
    [
        *(
            "nuanu.com",
            "3.5",
            "50 000",
            "ул. Ленина",
            "т.д.",
            "St. Mary",
            "U.S.",
            "2019.",
            "12.",
            "Wow...",
            "А. С.",
        ),
        *(
            "собака",
            "dog",
            "Тут",
            "Fine",
            ",",
            ".",
            "!",
            "?!",
            "…",
            "—",
            "(",
            ")",
            "«",
            "»",
            "*",
            "\n",
            "&amp;",
            "<b>",
        ),
        *("https://a.b/c.", "me@x.com", "тыс.", "5 p.m.", "<", ">", "слово " * 16),
    ]
)


@given(
    st.lists(WORDS, max_size=20).map(" ".join) | st.lists(WORDS, max_size=12).map("".join),
    st.lists(st.integers(1, 9), min_size=1, max_size=5),
)
def test_any_chunking_gives_the_same_clauses(text: str, sizes: list[int]) -> None:
    cutter, clauses, at, turn = ClauseCutter(), [], 0, 0
    while at < len(text):
        size = sizes[turn % len(sizes)]
        clauses += cutter.feed(text[at : at + size])
        at, turn = at + size, turn + 1
    assert [*clauses, *([rest] if (rest := cutter.rest()) else [])] == cut(text, max(len(text), 1))
    for word in ("nuanu.com", "3.5"):
        assert sum(clause.count(word) for clause in cut(text)) == text.count(word)
