"""Finds the guide's name in a transcript, also misheard or inflected. Pure.

How far a word may be from a name depends on the name's length: a short one is close to too many other words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from rapidfuzz.distance import OSA

from edge.lexicon.words import Word
from edge.messages import Language
from edge.package_tables import read_table

SHORT_NAME_CHARS = 3
"""Up to here only one letter may differ, and only if it sounds alike ("гит" for "гид", but not "вид")."""
LONG_NAME_CHARS = 8
"""From here on two letters may differ, below it one."""
FROM_BEGINNING = 3
"""Words that may stand before a name that begins an utterance ("so, tell me, guide, …")."""
FROM_END = 1
"""Words that may stand behind a name that ends one ("what is this, guide, please?")."""

_DECLINES_AFTER = "бвгджзклмнпрстфхцчшщ"
_CASE_ENDINGS = ("а", "у", "ом", "е", "ы", "и")
"""Endings of a Russian name that ends in one of these consonants. "Гид, а …" and "гид, у …" are heard so
where a sentence begins; elsewhere an inflected name is talked about ("спроси гида")."""
_SAME_LETTERS = re.compile(r"(\w)\1+")
_SOUND_ALIKE = (
    *({"д", "т"}, {"г", "к"}, {"б", "п"}, {"в", "ф"}, {"з", "с"}, {"ж", "ш"}),
    *({"и", "е"}, {"и", "ы"}, {"и", "э"}, {"е", "э"}, {"а", "о"}, {"а", "я"}, {"у", "ю"}),
    *({"d", "t"}, {"g", "k"}, {"b", "p"}, {"i", "e"}),
)


class Called(NamedTuple):
    """Where a name stands among the words: ``first`` … ``last``, both included."""

    first: int
    last: int
    is_place: bool = False
    """The name also names the place."""


class WakeNames:
    """Finds one of the guide's names in a transcript.

    Args:
        names: for each configured language; a language that is left out has those of ``call_words.toml``.
        languages: that the guide understands.
    """

    def __init__(
        self, languages: Sequence[Language], names: Mapping[Language, Sequence[str]] | None = None
    ) -> None:
        given = names or {}
        self._names = [
            tuple(name.casefold().replace("ё", "е").split())
            for language in languages
            for name in given.get(language, call_words(language)["names"])
        ]
        self.spelt = tuple(dict.fromkeys(" ".join(name) for name in self._names))
        """All of them, once each."""
        self._names.sort(key=len, reverse=True)  # "эй гид" before "гид"
        self._longest = max((2, *map(len, self._names)))  # a name of one word may be heard as two
        self._place_names = _all(languages, "place_names")
        self._ordinary = _all(languages, "ordinary")
        self._before_noun = _all(languages, "before_noun")
        self._after_noun = _all(languages, "after_noun")

    def find(self, words: Sequence[Word]) -> Called | None:
        """The first name that stands near the beginning or the end and is called, not talked about."""
        behind_beginning = min(FROM_BEGINNING + 1, len(words))
        near_end = max(behind_beginning, len(words) - FROM_END - self._longest)
        for first in (*range(behind_beginning), *range(near_end, len(words))):
            for name in self._names:
                if length := self._length_at(words, first, name):
                    is_place = " ".join(name) in self._place_names
                    called = Called(first, first + length - 1, is_place)
                    if self._is_near_an_edge(called, len(words)) and not self._is_talked_about(words, called):
                        return called
        return None

    def _length_at(self, words: Sequence[Word], first: int, name: tuple[str, ...]) -> int:
        """How many words the name takes here; 0: it is not here."""
        here = [word.text for word in words[first : first + len(name)]]
        if len(here) == len(name) and all(map(self._is, here, name)):
            return len(name)
        if here[0].replace("-", "") == "".join(name):
            return 1  # "эйгид", "эй-гид"
        if len(name) == 1 and words[first].after_pause and _is_inflected(here[0], name[0]):
            return 1
        split = [word.text for word in words[first : first + 2]]
        return 2 if len(name) == 1 and len(split) == 2 and "".join(split) == name[0] else 0  # "ну ану"

    def _is(self, heard: str, name: str) -> bool:
        if "-" in heard and "-" not in name:
            return all(self._is(part, name) for part in heard.split("-"))  # "гид-гид"
        heard = heard.removesuffix("'s")
        if heard == name:
            return True
        if heard in self._ordinary or _is_inflected(heard, name):
            return False
        if squeeze(heard) == squeeze(name):
            return True  # "гиид"
        if len(name) <= SHORT_NAME_CHARS:
            return _sounds_alike(heard, name)
        limit = 2 if len(name) >= LONG_NAME_CHARS else 1
        return OSA.distance(heard, name, score_cutoff=limit) <= limit

    def _is_talked_about(self, words: Sequence[Word], called: Called) -> bool:
        before = words[called.first - 1] if called.first else None
        if before and not words[called.first].after_pause and before.text in self._before_noun:
            return True
        after = words[called.last + 1] if called.last + 1 < len(words) else None
        return after is not None and not after.after_pause and after.text in self._after_noun

    @staticmethod
    def _is_near_an_edge(called: Called, count: int) -> bool:
        return called.first <= FROM_BEGINNING or called.last >= count - 1 - FROM_END


def _sounds_alike(heard: str, name: str) -> bool:
    """One letter is another one that sounds like it."""
    if len(heard) != len(name):
        return False
    different = [{a, b} for a, b in zip(heard, name, strict=True) if a != b]
    return len(different) == 1 and different[0] in _SOUND_ALIKE


def _is_inflected(heard: str, name: str) -> bool:
    return name[-1] in _DECLINES_AFTER and any(heard == name + ending for ending in _CASE_ENDINGS)


def squeeze(word: str) -> str:
    """A drawn-out word as a short one: "угууу" → "угу"."""
    return _SAME_LETTERS.sub(r"\1", word)


@cache
def call_words(language: Language) -> dict[str, Any]:
    """The table of a language in ``call_words.toml``, which explains it."""
    table = read_table(__package__, "call_words.toml")[language]
    return {key: value.split() if isinstance(value, str) else value for key, value in table.items()}


def _all(languages: Sequence[Language], key: str) -> frozenset[str]:
    return frozenset(word for language in languages for word in call_words(language)[key])
