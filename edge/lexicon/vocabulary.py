"""The words that free text may be made of: nouns, numbers, sides, and what holds them together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from typing import Any, NamedTuple

from edge.lexicon import russian
from edge.lexicon.normal_form import normal_form
from edge.messages import Language, Side
from edge.package_tables import read_table

SIDES: tuple[Side, ...] = ("left", "right", "ahead", "behind")

_TOKEN = re.compile(
    r"""
    \d+(?:[.,:]\d+)+                # "3.5", "15:30": no count of anything
    | [^\W_]+(?:'[^\W_]+)*           # a word or a number
    | [,;.!?&+/\n]                  # what sets one thing apart from the next
    """,
    re.VERBOSE,
)


class Noun(NamedTuple):
    """A word that names a label."""

    label: str
    several: bool | None
    """Whether its form is a plural; None: its form does not tell."""
    subject: bool | None
    """Whether its form may be the subject of a sentence; None: the language has no cases."""


class Number(NamedTuple):
    """A numeral, or "a" and its like."""

    value: int


class Marker(Enum):
    """What a word that is neither noun, number nor side does."""

    SEVERAL = auto()
    APPROXIMATELY = auto()
    PAIR = auto()
    PREPOSITION = auto()
    JOINER = auto()
    PAUSE = auto()
    NEGATION = auto()
    FILLER = auto()


Meaning = Noun | Number | Side | Marker
WordSequence = tuple[str, ...]

_LONGEST_NUMBER = 4
"""Digits; what has more of them counts nothing that a camera sees."""
_TOO_MANY = 10**_LONGEST_NUMBER


@dataclass(frozen=True)
class Vocabulary:
    """One language's words."""

    meanings: dict[WordSequence, Meaning]
    counters: frozenset[str]
    """Single words that stand between a number and its noun ("dua *ekor* anjing")."""
    longest: dict[str, int]
    """First word → words in the longest phrase that begins with it."""
    pairs: frozenset[str]
    """Labels of which two make one ("a pair of scissors")."""
    noun_modifies_next_noun: bool

    def look_up(self, words: WordSequence, start: int) -> tuple[Meaning | None, int]:
        """The meaning of the longest phrase at ``start``, and its length; an unknown word is (None, 1)."""
        if start >= len(words):
            return None, 0
        word = words[start]
        if word.isdecimal():
            return Number(int(word) if len(word) <= _LONGEST_NUMBER else _TOO_MANY), 1
        if not word[0].isalnum():
            return Marker.PAUSE, 1
        for length in range(self.longest.get(word, 0), 0, -1):
            meaning = self.meanings.get(words[start : start + length])
            if meaning is not None:
                return meaning, length
        return None, 1


def tokenize(text: str) -> WordSequence:
    """Lower-case words, numbers and separating signs; everything else is space."""
    plain = normal_form("NFKC", text).lower().replace("ё", "е").replace("’", "'")
    return tuple(_TOKEN.findall(plain))


@cache
def vocabulary(language: Language) -> Vocabulary:
    """The words of ``language``, read on the first call."""
    heard = read_table(__package__, f"words_{language}.toml")["heard"]
    nouns = read_table(__package__, f"heard_{language}.toml")
    meanings: dict[WordSequence, Meaning] = {}
    for phrase, meaning in (*_function_words(language, heard), *_nouns(nouns["nouns"])):
        meanings.setdefault(tokenize(phrase), meaning)
    longest: dict[str, int] = {}
    for words in meanings:
        longest[words[0]] = max(len(words), longest.get(words[0], 0))
    return Vocabulary(
        meanings=meanings,
        counters=frozenset(heard["counter"]),
        longest=longest,
        pairs=frozenset(nouns["pairs"]),
        noun_modifies_next_noun=heard["noun_modifies_next_noun"],
    )


def _function_words(language: Language, heard: dict[str, Any]) -> Iterator[tuple[str, Meaning]]:
    for side in SIDES:
        for phrase in heard[side]:
            yield phrase, side
    for marker in Marker:
        for phrase in heard.get(marker.name.lower(), ()):
            yield phrase, marker
    for value, phrases in heard["numbers"].items():
        for phrase in phrases:
            yield phrase, Number(int(value))
    if language == "ru":
        for number, phrase in russian.numeral_spellings():
            yield phrase, Number(number)
    else:
        for value, phrase in read_table(__package__, f"forms_{language}.toml")["numerals"].items():
            yield phrase, Number(int(value))


def _nouns(labels: dict[str, dict[str, list[str]]]) -> Iterator[tuple[str, Noun]]:
    has_cases = any("one_oblique" in forms for forms in labels.values())
    for label, forms in labels.items():
        for role, phrases in forms.items():
            number, _, oblique = role.partition("_")
            several = {"either": None, "one": False, "several": True}[number]
            for phrase in phrases:
                yield phrase, Noun(label, several, not oblique if has_cases else None)
