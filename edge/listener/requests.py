"""What passengers ask of the guide itself: to speak louder, to repeat, to say who it is. By rule. Pure.

An utterance asks for one of these where a head of it ("громче", "what did you say") is there and all other
words only go with that: "почему здесь так громко" asks for nothing of the kind. Two at once are left to a
model.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, Literal, NamedTuple, get_args

from edge.foreign_numbers import whole_number
from edge.lexicon.words import words_of
from edge.messages import LANGUAGES, Language
from edge.package_tables import phrases, read_table

RequestKind = Literal["louder", "quieter", "repeat", "introduction", "language"]
SIMPLE: tuple[RequestKind, ...] = ("louder", "quieter", "repeat", "introduction")
MAX_WORDS = 14
"""A longer utterance says something else, too."""
HOUR_MIN = 60
FEWEST_MINUTES = 10
"""Behind "an hour" a number from here on counts minutes."""
LONGEST_MIN = 120.0
"""Passengers do not stay for longer."""


class GuideRequest(NamedTuple):
    """A request, and the language to answer it in."""

    request: RequestKind
    language: Language


class Requests:
    """Finds what is asked of the guide itself.

    Args:
        languages: that the guide understands and speaks.
    """

    def __init__(self, languages: Sequence[Language]) -> None:
        self._languages = tuple(languages)

    def find(self, text: str) -> GuideRequest | None:
        """What a passenger asks of the guide itself; None: nothing.

        Args:
            text: the utterance without the guide's name.
        """
        return self.find_among(words_of(text))

    def find_among(self, words: Sequence[str]) -> GuideRequest | None:
        """What ``find`` finds, of the words of an utterance."""
        if not words or len(words) > MAX_WORDS:
            return None
        found = {asked for language in self._languages for asked in _found(words, language, self._languages)}
        return found.pop() if len(found) == 1 else None


def _found(words: Sequence[str], language: Language, spoken: Sequence[Language]) -> Iterable[GuideRequest]:
    table = _table(language)
    for request in SIMPLE:
        if _is_only(words, table.heads[request], table.others[request]):
            yield GuideRequest(request, language)
    for wanted in spoken:
        if _is_only(words, table.languages[wanted], table.others["language"]):
            yield GuideRequest("language", wanted)


class Duration(NamedTuple):
    """A length of time, and the words that say it."""

    minutes: float
    words: frozenset[str]


def duration_in(words: Sequence[str], languages: Sequence[Language]) -> Duration | None:
    """How many minutes the words name; None: they name none."""
    for language in languages:
        table = _table(language)
        units = [place for place, word in enumerate(words) if word in table.units]
        if not units:
            continue
        minutes, begin = 0.0, 0
        for place in units:
            unit = table.units[words[place]]
            count = _count(words[begin:place], table)
            minutes += (count or 1) * unit
            begin = place + 1
        minutes += _behind(_count(words[begin:], table), count, unit)
        said = {
            word for word in words if word in table.units or word in table.joins or _is_number(word, table)
        }
        return Duration(min(minutes, LONGEST_MIN), frozenset(said))
    return None


def _count(words: Sequence[str], table: _Table) -> float:
    """The number that words say, 0 where they say none."""
    count = 0.0
    for word in words:
        if word in table.times_ten:
            count *= 10
        else:
            count += table.numbers.get(word) or whole_number(word) or 0
    return count


def _behind(number: float, count: float, unit: float) -> float:
    """Minutes that a number behind its unit adds: "an hour and a half", "минут десять", "час двадцать"."""
    if number < 1 or (unit == HOUR_MIN and number >= FEWEST_MINUTES):
        return number * unit if number < 1 else number
    return 0.0 if count else (number - 1) * unit


def _is_number(word: str, table: _Table) -> bool:
    return word in table.numbers or word in table.times_ten or whole_number(word) is not None


_Entry = tuple[str, ...]


class _Forms(NamedTuple):
    """Words, and what other words begin with."""

    words: frozenset[str]
    beginnings: tuple[str, ...]

    def have(self, word: str) -> bool:
        return word in self.words or word.startswith(self.beginnings)


class _Heads(NamedTuple):
    """What a request is made of."""

    entries: tuple[_Entry, ...]
    alone: _Forms
    """The entries of one word."""


class _Table(NamedTuple):
    heads: dict[str, _Heads]
    others: dict[str, _Forms]
    languages: dict[Language, _Heads]
    numbers: dict[str, float]
    times_ten: frozenset[str]
    joins: frozenset[str]
    units: dict[str, float]


def _is_only(words: Sequence[str], heads: _Heads, others: _Forms) -> bool:
    """Whether one of the heads is there, and each other word may stand with it."""
    return any(
        all(any(_is(word, form) for word in words) for form in head)
        and all(
            others.have(word) or heads.alone.have(word) or any(_is(word, form) for form in head)
            for word in words
        )
        for head in heads.entries
    )


def _is(word: str, form: str) -> bool:
    return word.startswith(form[:-1]) if form.endswith("*") else word == form


@cache
def _table(language: Language) -> _Table:
    source: dict[str, Any] = read_table(__package__, "requests.toml")[language]
    polite = source["polite"].split()
    return _Table(
        heads={request: _heads(phrases(source[request]["heads"])) for request in SIMPLE},
        others={
            request: _forms([*polite, *source[request]["others"].split()])
            for request in get_args(RequestKind)
        },
        languages={wanted: _heads(phrases(source["language"][wanted])) for wanted in LANGUAGES},
        numbers=_number_words(language) | _numbers(source["numbers"]),
        times_ten=frozenset(source.get("times_ten", "").split()),
        joins=frozenset(source["joins"].split()),
        units=_numbers(source["units"]),
    )


def _heads(entries: tuple[_Entry, ...]) -> _Heads:
    return _Heads(entries, _forms(head[0] for head in entries if len(head) == 1))


def _forms(listed: Iterable[str]) -> _Forms:
    """The words of a table; ``*`` behind one stands for any ending."""
    forms = frozenset(listed)
    return _Forms(
        frozenset(form for form in forms if not form.endswith("*")),
        tuple(sorted(form[:-1] for form in forms if form.endswith("*"))),
    )


def _number_words(language: Language) -> dict[str, float]:
    """Numbers that are one word; of others each word has its number, and they are added."""
    from num2words import num2words

    spoken = {number: str(num2words(number, lang=language)) for number in range(1, round(LONGEST_MIN) + 1)}
    return {word: number for number, word in spoken.items() if " " not in word}


def _numbers(listed: dict[str, str]) -> dict[str, float]:
    return {word: float(number) for number, words in listed.items() for word in words.split()}
