"""What a written remark says about number and side, and whether its pattern has that. Pure.

It is strict: "right" in "all right" counts as a side. A good text that is refused costs some tokens; a
remark that says "on the left" of what is on the right costs the passengers' trust.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple, cast, get_args

from edge.commentator.pool.patterns import NUMBER_OF_CLASS
from edge.lexicon.vocabulary import (
    Marker,
    Meaning,
    Noun,
    Number,
    Vocabulary,
    WordSequence,
    tokenize,
    vocabulary,
)
from edge.messages import Language, Pattern, Side
from edge.package_tables import read_table

_ARTICLES: dict[Language, frozenset[str]] = {
    "ru": frozenset(),
    "en": frozenset({"a", "an"}),
    "id": frozenset(),
}
"""Words that count nothing: "two dogs and a plan"."""
_TWO_ALPHABETS = re.compile("[a-z][а-яё]|[а-яё][a-z]")
_NUMBER_WORDS = {"one": 1, "two": 2, "three": 3, "four": 4}


class Claims(NamedTuple):
    """What a text says."""

    numbers: frozenset[int]
    several: bool
    """The text says that there are many, or some."""
    sides: frozenset[Side]
    singular: bool
    """The text names the thing in the singular."""
    oblique: bool
    """The text has a form that is singular, and stands behind a numeral as well ("вижу два *слона*")."""
    plural: bool


def contradiction(text: str, pattern: Pattern, language: Language) -> str | None:
    """Why the text may not be said of everything that fits the pattern; None: it may."""
    if _TWO_ALPHABETS.search(text.lower()):
        return "a word of it mixes two alphabets"  # "слевa" would be read as no side
    said = read_claims(text, pattern.label, language)
    if wrong := said.sides - {pattern.side}:
        return f"it names a side ({', '.join(sorted(wrong))})"
    if wrong_numbers := said.numbers - {NUMBER_OF_CLASS.get(pattern.count)}:
        return f"it names a number ({', '.join(map(str, sorted(wrong_numbers)))})"
    if said.several:
        return "it says that there are many"
    if pattern.count == "one" and said.plural and not said.singular:
        return "it speaks of more than one"
    bare = said.oblique and not said.plural and not said.numbers
    if pattern.count != "one" and (said.singular or bare):
        return "it speaks of one"
    return None


def read_claims(text: str, label: str, language: Language) -> Claims:
    """Every number, side and form of the label's noun that the text has."""
    words = _vocabulary(language)
    numbers: set[int] = set()
    sides: set[Side] = set()
    several = singular = oblique = plural = False
    after_article = False
    for token, meaning in _meanings(tokenize(text), words):
        match meaning:
            case Number(value) if token not in _ARTICLES[language]:
                numbers.add(value)
            case Marker.PAIR if label not in words.pairs:
                numbers.add(2)
            case Marker.PAIR:
                singular |= not numbers  # "a pair of scissors", but not "two pairs of scissors"
            case Marker.SEVERAL:
                several = True
            case "left" | "right" | "ahead" | "behind":
                sides.add(meaning)
            case Noun(named, is_several, is_subject) if named == label:
                # Without an article a form that is both ("sheep", "anjing") tells nothing.
                singular |= (is_several is False and is_subject is not False) or after_article
                oblique |= is_several is False and is_subject is False
                plural |= is_several is True
        singular |= token in _pronouns(language, "he")
        plural |= token in _pronouns(language, "they")
        after_article = token in _ARTICLES[language]
    return Claims(frozenset(numbers), several, frozenset(sides), singular, oblique, plural)


def _meanings(tokens: WordSequence, words: Vocabulary) -> Iterator[tuple[str, Meaning | None]]:
    """Each phrase's first word, and what the phrase means; None for an unknown word."""
    position = 0
    while position < len(tokens):
        meaning, length = words.look_up(tokens, position)
        yield tokens[position], meaning
        position += max(1, length)


@cache
def _vocabulary(language: Language) -> Vocabulary:
    """The lexicon's words and the further ones of claims.toml."""
    known = vocabulary(language)
    meanings = dict(known.meanings)
    longest = dict(known.longest)
    for phrase, meaning in _further_words(language):
        words = tokenize(phrase)
        meanings[words] = meaning
        longest[words[0]] = max(len(words), longest.get(words[0], 0))
    return Vocabulary(
        meanings=meanings,
        counters=known.counters,
        longest=longest,
        pairs=known.pairs,
        noun_modifies_next_noun=known.noun_modifies_next_noun,
    )


@cache
def _pronouns(language: Language, which: str) -> frozenset[str]:
    return frozenset(_table(language)[which])


def _further_words(language: Language) -> Iterator[tuple[str, Meaning]]:
    table = _table(language)
    for name, value in _NUMBER_WORDS.items():
        for phrase in table[name]:
            yield phrase, Number(value)
    for phrase in table["several"]:
        yield phrase, Marker.SEVERAL
    for side in get_args(Side):
        for phrase in table[side]:
            yield phrase, side


def _table(language: Language) -> dict[str, list[str]]:
    return cast(
        dict[str, list[str]],
        read_table(__package__, "claims.toml")[language],
    )
