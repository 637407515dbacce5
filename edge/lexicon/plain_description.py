"""Whether a text from outside is a plain description of a thing: only then may it be quoted.

A sign by the road, a line on a T-shirt or a detector gone wrong can make a camera say anything. So nothing is
looked for that must not be said: a text is taken only where each of its words is one that things are
described with (described_*.toml: no orders, no alarm, nothing of the shuttle's own) and the words make noun
phrases, such as "закат над рисовым полем" or "a woman carrying a basket". In doubt it is none. Pure.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from typing import Literal, NamedTuple, get_args

from edge.lexicon.vocabulary import Marker, Number, vocabulary
from edge.messages import LANGUAGES, Language
from edge.package_tables import read_table

LONGEST = 80
"""Characters."""
MAX_WORDS = 14
MAX_COUNT = 99
"""A larger number counts nothing that one sees at a glance, and may be one to call."""
MAX_NOUNS_IN_A_ROW = 3

_CYRILLIC_WORDS = re.compile(
    r"(?:[а-яёА-ЯЁ][а-яё]*|[0-9]{1,2})(?:(?: |, |-)(?:[а-яёА-ЯЁ][а-яё]*|[0-9]{1,2}))*\.?\Z"
)
_LATIN_WORDS = re.compile(r"(?:[a-zA-Z][a-z]*|[0-9]{1,2})(?:(?: |, |-)(?:[a-zA-Z][a-z]*|[0-9]{1,2}))*\.?\Z")
"""Words, numbers and commas: nothing that is shouted, and no character of another kind."""
_WORD_OR_COMMA = re.compile(r"[^\W_]+|,")
_JOINERS: dict[Language, frozenset[str]] = {
    "ru": frozenset({"и"}),
    "en": frozenset({"and"}),
    "id": frozenset({"dan", "serta"}),
}
_RELATIVE = frozenset({"yang", "sedang"})
"""Indonesian, between a noun and what is told of it."""
_SAID_TWICE = re.compile(r"\b([a-z]+)-\1\b")
"""Indonesian plurals: "anjing-anjing"."""
_SUBJECT = frozenset({"nom"})
_OBJECT = frozenset({"acc"})
_POSSESSOR = frozenset({"gen"})

Who = Literal["people", "trades", "things"]
Of = Literal["all", "people", "things"]


class _Noun(NamedTuple):
    who: Who
    case: str
    """``any`` where the language has none."""


class _Adjective(NamedTuple):
    of: Of
    participle: bool
    """The word may stand behind its noun, too."""
    has_object: bool


class _Preposition(NamedTuple):
    case: str
    of_people: bool
    """The word may follow where somebody was named: nobody is "under a bus"."""


class _Mark(Enum):
    """A word or words of another kind."""

    COUNT = auto()
    """A number, "some", or an article."""
    PLACE = auto()
    """Where it is, in words without a noun."""
    JOINER = auto()
    COMMA = auto()
    """The word lists things; beside somebody it says what he is called ("a father, a goat")."""
    RELATIVE = auto()


_Role = _Noun | _Adjective | _Preposition | _Mark


class _Here(NamedTuple):
    """How far one reading of the words has come."""

    at: Literal["start", "opened", "adjectives", "noun", "possessor", "joined", "told", "place"]
    """Behind: nothing of the phrase yet; an article or a number; its adjectives; its noun; adjectives of a
    noun that belongs to it; "and" or "that is", where more is told of it; a participle that does; its
    place."""
    cases: frozenset[str] = _SUBJECT
    who: Who | None = None
    """What the phrase's noun is."""
    of: Of = "all"
    """Whom the phrase's adjectives can describe."""
    nouns: int = 0
    has_object: bool = False
    somebody: bool = False
    """People were named, in this phrase or before."""
    listed: bool = False
    """Behind a comma, where nobody may be named."""


@dataclass(frozen=True)
class _Grammar:
    language: Language
    roles: dict[tuple[str, ...], frozenset[_Role]]
    """Phrase → what it may be."""
    longest: int
    orders: frozenset[str]

    def is_description(self, words: tuple[str, ...]) -> bool:
        readings = {(0, _Here("start"))}
        while readings:
            ahead = set()
            for position, here in readings:
                if position == len(words):
                    if here.at in ("noun", "told", "place") and here.who:
                        return True
                    continue
                for length in range(1, self.longest + 1):
                    phrase = words[position : position + length]
                    for role in self._roles(phrase) if len(phrase) == length else ():
                        if not (phrase[0] in self.orders and here.at == "start" and here.cases == _SUBJECT):
                            ahead |= {(position + length, there) for there in self._step(here, role)}
            readings = ahead
        return False

    def _roles(self, phrase: tuple[str, ...]) -> frozenset[_Role]:
        if len(phrase) == 1 and phrase[0].isdecimal():
            return frozenset({_Mark.COUNT}) if 1 <= int(phrase[0]) <= MAX_COUNT else frozenset()
        return self.roles.get(phrase, frozenset())

    def _step(self, here: _Here, role: _Role) -> Iterator[_Here]:
        """Where one may be behind a word of this role."""
        if here.at in ("start", "opened", "adjectives"):
            yield from self._up_to_the_noun(here, role)
        elif here.at == "told" and here.has_object:
            yield from self._up_to_the_noun(_Here("start", _OBJECT, somebody=here.somebody), role)
        if here.at in ("noun", "possessor", "joined"):
            yield from self._behind_the_noun(here, role)
        if here.at in ("noun", "told", "place") and here.who:
            match role:
                case _Preposition() if role.of_people or not here.somebody:
                    yield _Here("start", frozenset({role.case}), somebody=here.somebody)
                case _Mark.JOINER:
                    yield _Here("start", somebody=here.somebody)
                    yield _Here("start", here.cases, somebody=here.somebody)  # "с барабанами и флагами"
                    yield here._replace(at="joined")
                case _Mark.COMMA:
                    if not here.somebody:
                        yield _Here("start", listed=True)
                        yield _Here("start", here.cases, listed=True)
                    yield here._replace(at="joined")
                case _Mark.PLACE:
                    yield here._replace(at="place")
                case _:
                    pass

    def _up_to_the_noun(self, here: _Here, role: _Role) -> Iterator[_Here]:
        match role:
            case _Mark.COUNT if here.at == "start":
                # "пять собак"
                cases = here.cases | _POSSESSOR if here.cases == _SUBJECT else here.cases
                yield here._replace(at="opened", cases=cases)
            case _Adjective() if self.language != "id" and (here.of in ("all", role.of) or role.of == "all"):
                yield here._replace(at="adjectives", of=role.of if here.of == "all" else here.of)
            case _Mark.JOINER | _Mark.COMMA if here.at == "adjectives":
                yield here
            case _Mark.PLACE if here.at == "start" and here.cases == _SUBJECT:
                yield here
            case _Noun() if here.listed and _is_people(role):
                pass
            case _Noun() if _fits(role, here.cases) and _describes(here.of, role.who):
                yield here._replace(
                    at="noun", who=role.who, nouns=1, somebody=here.somebody or _is_people(role)
                )
            case _:
                pass

    def _behind_the_noun(self, here: _Here, role: _Role) -> Iterator[_Here]:
        """What is told of the noun before, or compounded with it: with people nothing is ("pig people")."""
        who = here.who or "things"
        match role:
            case _Adjective(participle=True) if here.at != "possessor" and _describes(role.of, who):
                yield here._replace(at="told", has_object=role.has_object)
            case _Mark.RELATIVE if here.at in ("noun", "joined"):
                yield here._replace(at="joined")
            case _Adjective() if self.language == "id" and _describes(role.of, who):
                yield here._replace(at="noun")
            case _Adjective() if self.language == "ru" and here.at != "joined" and who != "people":
                yield here._replace(at="possessor", of=role.of)
            case _Noun() if here.at != "joined" and here.nouns < MAX_NOUNS_IN_A_ROW and who != "people":
                yield from self._compound(here, role, who)
            case _:
                pass

    def _compound(self, here: _Here, role: _Noun, who: Who) -> Iterator[_Here]:
        there = here._replace(at="noun", nouns=here.nouns + 1, somebody=here.somebody or _is_people(role))
        match self.language:
            case "ru" if role.case == "gen" and (here.at == "noun" or _describes(here.of, role.who)):
                yield there._replace(who=role.who, of="all")  # "стая белых птиц"
            case "en" if who == "things" and role.who != "people" and _describes(here.of, role.who):
                yield there._replace(who=role.who)  # "coconut vendor"
            case "id" if role.who == "things":
                yield there  # "penjual kelapa"
            case _:
                pass


def is_plain_description(text: str) -> bool:
    """Whether ``text`` is nothing but a description, in one of the guide's languages."""
    if len(text) > LONGEST or unicodedata.normalize("NFKC", text) != text:
        return False
    return any(
        (words := _words(text, language)) and _grammar(language).is_description(words)
        for language in LANGUAGES
    )


def warm_up() -> None:
    """Read the words of every language now; no turn shall wait for it."""
    for language in LANGUAGES:
        _grammar(language)


def _words(text: str, language: Language) -> tuple[str, ...]:
    """Words, numbers and commas; nothing where a character is of another kind, or a word is shouted."""
    shape = _CYRILLIC_WORDS if language == "ru" else _LATIN_WORDS
    if not shape.match(text):
        return ()
    plain = text.lower().replace("ё", "е")
    if language == "id":
        plain = _SAID_TWICE.sub(r"\1", plain)
    words = tuple(_WORD_OR_COMMA.findall(plain))
    return words if len(words) <= MAX_WORDS else ()


def _is_people(noun: _Noun) -> bool:
    return noun.who != "things"


def _fits(noun: _Noun, cases: frozenset[str]) -> bool:
    return noun.case == "any" or noun.case in cases


def _describes(of: Of, who: Who) -> bool:
    return of == "all" or (of == "things") == (who == "things")


@cache
def _grammar(language: Language) -> _Grammar:
    source = read_table(__package__, f"described_{language}.toml")
    roles: dict[tuple[str, ...], set[_Role]] = {}

    def add(phrase: str, role: _Role) -> None:
        roles.setdefault(tuple(phrase.replace("ё", "е").replace("-", " ").split()), set()).add(role)

    for of in get_args(Of):
        for word in source[f"of_{of}"].split():
            add(word, _Adjective(of, participle=False, has_object=False))
    for word in source["done"].split():
        add(word, _Adjective("things", participle=True, has_object=False))
    for word in source["doing"].split():
        add(word, _Adjective("all", participle=True, has_object=True))
    for who in get_args(Who):
        for case, forms in source[who].items():
            noun = _Noun(who, case)
            for form in forms.split():
                roles.setdefault(tuple(form.split("-")), set()).add(noun)
    for case, phrases in source["prepositions"].items():
        for phrase in phrases:
            add(phrase, _Preposition(case, of_people=phrase not in source["not_of_people"]))
    for phrase in source["places"]:
        add(phrase, _Mark.PLACE)
    for word in source["articles"].split():
        add(word, _Mark.COUNT)
    for word in _JOINERS[language]:
        add(word, _Mark.JOINER)
    add(",", _Mark.COMMA)
    if language == "id":
        for word in _RELATIVE:
            add(word, _Mark.RELATIVE)
    for words, meaning in vocabulary(language).meanings.items():
        counts = isinstance(meaning, Number) and 1 <= meaning.value <= MAX_COUNT
        if counts or meaning in (Marker.SEVERAL, Marker.PAIR):
            add(" ".join(words), _Mark.COUNT)
    return _Grammar(
        language,
        {phrase: frozenset(found) for phrase, found in roles.items()},
        max(map(len, roles)),
        frozenset(source["also_verbs"].split()),
    )
