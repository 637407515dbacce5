"""What a full stop means: a sentence's end, a part of an abbreviation or a name, or not known yet. Pure."""

from __future__ import annotations

from enum import Enum, auto
from functools import cache
from typing import NamedTuple

from edge.messages import LANGUAGES
from edge.package_tables import read_table

BEFORE_NAMES = ("title", "noun_before", "adjective_before", "before")
"""Tables of abbreviations behind which a name or a number follows."""
ALSO_WORDS = frozenset({"no.", "rute.", "misal.", "hal.", "fig.", "min.", "ex."})
"""Some of them that are words, too: "Oh no. Then …"."""
OPENING_MARKS = "(«\"'„“[{*"


class Stop(Enum):
    """What a full stop behind a word is."""

    END = auto()
    """The sentence's end: a plain word stands before it."""
    NO_END = auto()
    """An initial, or an abbreviation that belongs to what follows."""
    UNLESS_WORD_GOES_ON = auto()
    """An end where the next character is not of the same word: "Node.js", "nuanu.com", "…"."""
    IF_CAPITAL_FOLLOWS = auto()
    """An end where the next word begins with a capital letter: "2019.", "тыс."."""


class _Known(NamedTuple):
    before_names: frozenset[str]
    others: frozenset[str]


def stop_behind(word: str, word_before: str) -> Stop:
    """What the full stop at the end of ``word`` means.

    Args:
        word: all since the last space, in any case of letters.
        word_before: the one in front of it, empty where there is none.
    """
    word = word.lstrip(OPENING_MARKS)
    if word == ".":
        return Stop.NO_END  # it ends no word
    if word.isupper() and word.count(".") > 1 and len(word) == 2 * word.count("."):
        return Stop.NO_END  # "А.С. Пушкин", "U.S. Army"
    is_small, word = word.islower(), word.casefold()
    known, is_counted = _abbreviations(), word_before[-1:].isdecimal()
    last_part = word[:-1].rpartition(".")[2]
    if f"{word_before.casefold()} {word}" in known.others:
        return Stop.IF_CAPITAL_FOLLOWS
    if len(word) == 2 and word[0].isalpha():
        is_word = is_counted or (
            is_small and word not in known.before_names | known.others
        )  # "Это я. Тогда …"
        return Stop.IF_CAPITAL_FOLLOWS if is_word else Stop.NO_END
    if word in ALSO_WORDS:
        return Stop.IF_CAPITAL_FOLLOWS
    if word in known.before_names:
        return Stop.IF_CAPITAL_FOLLOWS if is_counted else Stop.NO_END
    if word in known.others or last_part[-1:].isdecimal():
        return Stop.IF_CAPITAL_FOLLOWS
    if not last_part:
        return Stop.UNLESS_WORD_GOES_ON  # the second mark of several, or nothing before it
    if len(last_part) == 1:
        return Stop.IF_CAPITAL_FOLLOWS  # "в т.ч." and the like, which no table has
    if last_part[-1].isascii():
        return Stop.UNLESS_WORD_GOES_ON
    return Stop.END


def is_joined_to_next(word: str) -> bool:
    """Whether a text shall not be cut behind this word: a number, or what stands before a name."""
    word = word.casefold().lstrip(OPENING_MARKS)
    return word[-1:].isdecimal() or word in ("№", "#", "$", "rp") or word in _abbreviations().before_names


@cache
def _abbreviations() -> _Known:
    """All languages' abbreviations, with their full stops."""
    before_names: set[str] = set()
    others: set[str] = set()
    for language in LANGUAGES:
        for name, table in read_table("edge.spoken_form", f"abbreviations_{language}.toml").items():
            words = {word for word in table if word.endswith(".")}
            if name in BEFORE_NAMES:
                before_names |= words
            else:
                others |= words
    return _Known(frozenset(before_names), frozenset(others))
