"""Clauses leave as soon as they are complete, and never too early."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.commentator.clauses import (
    ENDS_CLAUSE,
    ENDS_SENTENCE,
    LONGEST_CLAUSE_CHARS,
    MAX_BRACKET_CHARS,
    MAX_CHARS,
    MIN_WORDS,
    OPENING,
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


# --- the same rules, said simply: the whole clause is looked at again for each character ---


def cut_simply(text: str) -> list[str]:
    clauses, clause = [], ""
    for character in text:
        clause += character
        if _is_complete(clause):
            clauses.append(clause.strip())
            clause = ""
    return [each for each in [*clauses, clause.strip()] if each]


def _is_complete(clause: str) -> bool:
    last = clause[-1]
    if last == "\n":
        return bool(clause.strip())
    word = clause.rpartition(" ")[2].casefold()
    if any(mark in word for mark in ("@", "http:", "https:", "www.")):
        return False
    if len(clause) <= MAX_BRACKET_CHARS and (
        clause.count("*") % 2 or any(clause.count(a) > clause.count(b) for a, b in OPENING.items())
    ):
        return False
    if last in ENDS_SENTENCE:
        part = clause[:-1].split(" ")[-1].split(".")[-1].strip("(«\"'")
        return last != "." or not (len(part) <= 1 or part[-1].isdigit())
    if last in ENDS_CLAUSE:
        return len(clause.split()) >= MIN_WORDS and not clause[-2:-1].isdigit()
    return len(clause) > MAX_CHARS and last == " "


@given(
    st.lists(
        st.sampled_from(
            [
                *(
                    "собака ",
                    "a",
                    "dog, ",
                    "т.д.",
                    "3,5",
                    " ",
                    "\n",
                    "\t",
                    "…",
                    "!",
                    ". ",
                    "—",
                    ": ",
                    "x.",
                    '"',
                ),
                *(
                    "(",
                    ")",
                    "[",
                    "]",
                    "«",
                    "»",
                    "“",
                    "”",
                    "*",
                    "http://",
                    "HTTPS:",
                    "www.",
                    "@",
                    "httpſ:",
                    "e\u0301",
                ),
                *("слово " * 16, "(слово " * 9, "1.", "'s", "\u2028", "ß"),
            ]
        ),
        max_size=40,
    ).map("".join),
    st.integers(1, 9),
)
def test_it_cuts_where_the_rules_say(text: str, size: int) -> None:
    assert cut(text, size) == cut_simply(text)
