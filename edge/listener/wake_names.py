"""Finds the guide's name in a transcript, also misheard or inflected. Pure.

How far a word may be from a name depends on the name's length: a short one is close to too many other words.
What only sounds like one of the guide's own names ("гиб", "агид", "guy'd") counts where a call stands and
hardly anything else would: set apart from what is asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from typing import Any, NamedTuple

from rapidfuzz.distance import OSA

from edge.lexicon.words import Word, placed_words
from edge.listener.asking import SUBJECTS, QuestionForms
from edge.listener.requests import Requests
from edge.listener.sounding import sound_of
from edge.messages import LANGUAGES, Language
from edge.package_tables import read_table

SHORT_NAME_CHARS = 3
"""Up to here only one letter may differ, and only if it sounds alike ("гит" for "гид", but not "вид")."""
LONG_NAME_CHARS = 8
"""From here on two letters may differ, below it one."""
FROM_BEGINNING = 3
"""Words that may stand before a name in front of a question ("and this here guide what is it")."""
MAX_NAMES = 8
"""Names that are looked at. Who says it more often than that calls nobody."""

_DECLINES_AFTER = "бвгджзклмнпрстфхцчшщ"
_CASE_ENDINGS = ("а", "у", "ом", "е", "ы", "и", "ов", "ам", "ами", "ах")
"""Endings of a Russian name that ends in one of these consonants. With one it is talked about
("спроси гида")."""
_RUN_TOGETHER = ("а", "у")
"""Where a sentence begins "гид, а …" and "гид, у …" are heard so: then a question follows."""
_RU_ATTRIBUTES = ("ый", "ий", "ой", "-то")
"""Endings of adjectives and pronouns that may stand before a name."""
_IS_RUSSIAN = re.compile("[а-я]")
_SAME_LETTERS = re.compile(r"(\w)\1+")
_LAUGHTER = re.compile(r"[aа]?(?:[hх][aeioаеио]){2,}[hх]?|[aа](?:[hх][aа]){1,}[hх]|(?:wk){2,}w?")
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
        called = {one: given.get(one, call_words(one)["names"]) for one in languages}
        self._names = [_parts(name) for spelt in called.values() for name in spelt]
        own = {_parts(name) for language in languages for name in call_words(language)["names"]}
        single = [name[0] for name in own.intersection(self._names) if len(name) == 1]
        run_together = [f"а{name}" for name in single if _IS_RUSSIAN.match(name)]
        self._sounds = {*map(sound_of, single), *map(sound_of, run_together)}
        self._names.sort(key=len, reverse=True)  # "эй гид" before "гид"
        self._place_names = words_among(languages, "place_names")
        self._ordinary = words_among(languages, "ordinary")
        self._sounding = self._ordinary | words_among(languages, "sounding") | _names_of_all()
        """Something else that sounds like a name: also one of a language that the guide does not know."""
        self._before_noun = words_among(languages, "before_noun")
        self._after_noun = words_among(languages, "after_noun")
        self._greetings = words_among(languages, "greetings")
        self._thanks = words_among(languages, "thanks")
        self._before_call = (
            self._greetings | words_among(languages, "openers") | words_among(languages, "back_channels")
        )
        self._behind_call = self._before_call - self._after_noun
        self._asking = QuestionForms(languages)
        self._requests = Requests(languages)

    def find(self, text: str) -> Called | None:
        """The first name that is called, not talked about, in a ``composed`` text."""
        words = placed_words(text)
        named = (one for one in islice(self._named(words), MAX_NAMES) if self._is_called(text, words, one))
        return next(named, None) or self._called_by_sound(text, words)

    def first(self, text: str) -> Called | None:
        """The first name, also one that is talked about or misheard, in a ``composed`` text."""
        words = placed_words(text)
        return next(self._named(words), None) or next(self._sounding_like_a_name(words), None)

    def _named(self, words: Sequence[Word]) -> Iterator[Called]:
        """Each place where a name stands; the longer name first."""
        for first in range(len(words)):
            for name in self._names:
                if length := self._length_at(words, first, name):
                    yield Called(first, first + length - 1, " ".join(name) in self._place_names)

    def _length_at(self, words: Sequence[Word], first: int, name: tuple[str, ...]) -> int:
        """How many words the name takes here; 0: it is not here."""
        here = [word.text for word in words[first : first + len(name)]]
        if len(here) == len(name) and all(map(self._is, here, name)):
            return len(name)
        if here[0].replace("-", "") == "".join(name):
            return 1  # "эйгид", "эй-гид"
        if len(name) == 1 and words[first].after_pause and _is_inflected(here[0], name[0], _RUN_TOGETHER):
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

    def _sounding_like_a_name(self, words: Sequence[Word]) -> Iterator[Called]:
        for at, word in enumerate(words):
            heard = word.text.removesuffix("'s")
            if heard not in self._sounding and sound_of(heard) in self._sounds:
                yield Called(at, at)

    def _called_by_sound(self, text: str, words: Sequence[Word]) -> Called | None:
        """A misheard name that begins or ends, set apart, what is asked of nobody else."""
        for called in islice(self._sounding_like_a_name(words), MAX_NAMES):
            at = called.first
            before = [word.text for word in words[:at]]
            is_last = at + 1 == len(words)
            if not (is_last or words[at + 1].after_pause):
                continue
            if before and before[-1] in self._greetings and self._only_begins(before):
                return called
            if self._only_begins(before):
                rest = text[words[at].end :]
            elif is_last and words[at].after_pause:
                rest = text[: words[at].start]
            else:
                continue
            asks = self._asking.asks(rest) and not self._asking.is_to_others(rest)
            if asks or self._requests.find(rest):
                return called
        return None

    def _is_called(self, text: str, words: Sequence[Word], called: Called) -> bool:
        """Whether it stands apart, or begins or ends what is asked or said to somebody."""
        first, last = called.first, called.last
        before = [word.text for word in words[:first]]
        behind = text[words[last].end :]
        is_last = all(word.text in self._behind_call for word in words[last + 1 :])
        is_apart_before = words[first].after_pause
        if not is_apart_before and before[-1] in self._greetings:
            return True
        if not is_apart_before and before[-1] in self._before_noun:
            # "Where are we guide" has its subject in front of the name, "they guide us" too.
            asks = is_last and before[-1] in SUBJECTS and self._asking.asks(text[: words[first].start])
            if not asks:
                return False
        if any(_is_inflected(words[first].text, name[0]) for name in self._names if len(name) == 1):
            return self._only_begins(before) and self._asking.asks(behind, behind_name=True)
        if is_apart_before and (is_last or words[last + 1].after_pause):
            return True
        if is_last and before:
            return self._ends_a_call(text[: words[first].start], before, called)
        if before and self._asking.is_request_for(before):
            return words[last + 1].text not in self._after_noun
        if self._only_begins(before):
            return self._begins_a_call(behind, words[last + 1 :])
        return len(before) <= FROM_BEGINNING and self._asking.opens_asking(behind)

    def _only_begins(self, words: Sequence[str]) -> bool:
        """Whether nothing has been said yet with these words."""
        return all(word in self._before_call or self._asking.is_light(word) for word in words)

    def _begins_a_call(self, behind: str, after: Sequence[Word]) -> bool:
        """Whether what follows a name without a pause asks, thanks, or is said to somebody."""
        if self._asking.opens_asking(behind) or any(word.text in self._thanks for word in after[:2]):
            return True
        is_subject = not after[0].after_pause
        if is_subject and after[0].text in self._after_noun:
            return False
        return (
            self._asking.asks(behind, behind_name=is_subject)
            or self._asking.is_said_to_somebody(behind)
            or self._requests.find(behind) is not None
        )

    def _ends_a_call(self, text: str, before: Sequence[str], called: Called) -> bool:
        """Whether a name that ends a text without a pause before it is called."""
        if before[-1].endswith(_RU_ATTRIBUTES):
            return False
        if self._asking.asks(text) or any(word in self._thanks for word in before):
            return True
        return not called.is_place and (
            all(word in self._before_call for word in before)
            or self._asking.is_said_to_somebody(text)
            or self._requests.find(text) is not None
        )


def _parts(name: str) -> tuple[str, ...]:
    return tuple(name.casefold().replace("ё", "е").split())


def _names_of_all() -> frozenset[str]:
    return frozenset(name.casefold() for name in words_among(LANGUAGES, "names"))


def _sounds_alike(heard: str, name: str) -> bool:
    """One letter is another one that sounds like it."""
    if len(heard) != len(name):
        return False
    different = [{a, b} for a, b in zip(heard, name, strict=True) if a != b]
    return len(different) == 1 and different[0] in _SOUND_ALIKE


def _is_inflected(heard: str, name: str, endings: Sequence[str] = _CASE_ENDINGS) -> bool:
    return name[-1] in _DECLINES_AFTER and any(heard == name + ending for ending in endings)


def squeeze(word: str) -> str:
    """A drawn-out word as a short one: "угууу" → "угу"."""
    return _SAME_LETTERS.sub(r"\1", word)


def is_laughter(word: str) -> bool:
    """Whether a word is how recognizers write laughter, however long ("hahaha", "ахахах", "wkwkwk")."""
    return _LAUGHTER.fullmatch(squeeze(word)) is not None


@cache
def call_words(language: Language) -> dict[str, Any]:
    """The table of a language in ``call_words.toml``, which explains it."""
    table = read_table(__package__, "call_words.toml")[language]
    return {key: value.split() if isinstance(value, str) else value for key, value in table.items()}


def words_among(languages: Sequence[Language], key: str) -> frozenset[str]:
    """The words under ``key`` in the tables of the languages."""
    return frozenset(word for language in languages for word in call_words(language)[key])
