"""What a question wants by its form (a price, a time, a number), and words that mean much the same. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

from edge.lexicon.words import words_of
from edge.messages import Language
from edge.package_tables import phrases, read_table

_DIGIT = re.compile(r"\d")
_TIME = re.compile(r"(?<!\d)(?:[01]?\d|2[0-4])[:.][0-5]\d(?!\d)|(?<!\d)(?:1\d|20)\d\d(?!\d)")
"""A time of a clock, or a year."""
_NAME = re.compile(r"(?<=[\w,] )[A-ZА-ЯЁ]\w+")
_SIGNS = {"any": _DIGIT, "time": _TIME, "name": _NAME}


class AnswerKind(NamedTuple):
    """What a question may want, and how a sentence that has it is known."""

    asked: frozenset[tuple[str, ...]]
    """Words of the question."""
    words: frozenset[str]
    beginnings: tuple[str, ...]
    """Beginnings of other words."""
    sign: re.Pattern[str] | None
    """Found in a sentence that has it, whatever its words."""
    is_needed: bool
    """A sentence without it is no answer."""

    def asked_by(self, words: Sequence[str]) -> frozenset[str]:
        """The words of the question that ask for it; empty: it is not asked for."""
        said = frozenset(words)
        found = [
            entry
            for entry in self.asked
            if all(form in said or "*" in form for form in entry)
            and any(
                len(words) >= at + len(entry) and all(map(_is, words[at : at + len(entry)], entry))
                for at in range(len(words))
            )
        ]
        return frozenset(word for entry in found for word in entry)

    def is_in(self, sentence: str) -> bool:
        if self.sign and self.sign.search(sentence):
            return True
        words = [part for word in words_of(sentence) for part in word.split("-")]
        return any(word in self.words or word.startswith(self.beginnings) for word in words)


class AskedFor(NamedTuple):
    """What a question wants."""

    kind: AnswerKind | None
    words: frozenset[str]
    """The words that tell so, and no topic."""


def _is(word: str, form: str) -> bool:
    """``form``: a word, with "*" only its beginning or its ending."""
    if form.endswith("*"):
        return word.startswith(form[:-1])
    return word.endswith(form[1:]) if form.startswith("*") else word == form


def asked(question: str, language: Language) -> AskedFor:
    """What the question wants; the first kind of the table that its words name."""
    words = words_of(question)
    for kind in _kinds(language):
        if by := kind.asked_by(words):
            return AskedFor(kind, by)
    return AskedFor(None, frozenset())


@cache
def same_words(language: Language) -> list[list[str]]:
    """Groups of words that mean much the same."""
    return [line.split() for line in _table()[language]["same"].strip().splitlines()]


@cache
def light_words(language: Language) -> list[str]:
    """Words that tell little of what is asked about."""
    words: str = _table()[language]["light"]
    return words.split()


@cache
def _kinds(language: Language) -> list[AnswerKind]:
    return [
        AnswerKind(
            asked=frozenset(phrases(kind["asked"])),
            words=frozenset(word for word in kind["has"].split() if not word.endswith("*")),
            beginnings=tuple(word[:-1] for word in kind["has"].split() if word.endswith("*")),
            sign=_SIGNS.get(kind["digits"]),
            is_needed=kind["digits"] != "name",
        )
        for kind in _table()[language]["kinds"]
    ]


@cache
def _table() -> dict[str, Any]:
    return read_table(__package__, "question_kinds.toml")
