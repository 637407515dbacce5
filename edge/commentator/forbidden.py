"""What a model may not say, by classes that the operator may switch off; and the operator's own words.

The phrases of all languages count in each reply (blocklists/*.toml), in whatever disguise (disguises.py).
"""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import get_args

from edge.commentator.contacts import contacts_in, names_known_number
from edge.commentator.disguises import ReadWord, reading_of, readings, spelled, with_spelled_words
from edge.commentator.function_words import function_words
from edge.commentator.word_patterns import WordPatterns
from edge.config import ConfigError, GateClass
from edge.messages import LANGUAGES, Language
from edge.package_tables import read_table
from edge.text_file import read_text

LARGEST_BLOCKLIST_BYTES = 1024 * 1024
REMEMBERED_WORDS = 8
"""What was said before, as far as it can belong to a phrase."""
LONGEST_LINK = 60
MOST_LETTERS_BEFORE = 20
"""Single letters that may stand before a word in letters: "э, с у к а"."""
LONGEST_HALF = 4
"""Letters of a part, where a word is said in parts."""

_GROUP = re.compile(r"\{(\w{1,20})\}")
"""Any word of a group that stands in the table's ``words``."""

REASONS: dict[str, str] = {
    "insults": "it insults",
    "threats": "it threatens",
    "sexual": "it is sexual",
    "personal_data": "it tells personal data",
    "alarms": "it reads like a safety announcement",
    "orders": "it gives passengers an order or a link",
    "calls": "it asks to be called",
    "prompt": "it speaks of its instructions",
    "blocked": "it has a blocked word",
}
"""Class → what the journal and the turn's news say. ``prompt`` and ``blocked`` cannot be switched off."""
SAID_IN_PARTS = ("insults", "sexual", "blocked")
"""Classes whose words are looked for in parts and in runs of letters, too."""


class Forbidden:
    """What may not be said.

    Args:
        off: classes that count for nothing.
        words: the operator's, each blocked whole.
    """

    def __init__(self, off: Iterable[GateClass] = (), words: Iterable[str] = ()) -> None:
        self.off = frozenset(off)
        self._found = _phrases(
            "phrases",
            tuple(sorted({*self.off, *(("calls",) if "orders" in self.off else ())})),
        )
        self._harmless = _phrases("harmless", ())
        self._words = WordPatterns()
        for word in words:
            self._words.add("blocked", word)

    @property
    def classes(self) -> tuple[GateClass, ...]:
        """The classes that are in force."""
        return tuple(name for name in get_args(GateClass) if name not in self.off)

    def reason(self, text: str, said_before: str = "", facts: str = "") -> str | None:
        """Why the text may not be said; None: nothing is against it.

        Args:
            said_before: a phrase may have begun there.
            facts: telephone numbers and addresses that stand there may be said.
        """
        for name, kind in contacts_in(text, facts, said_before[-LONGEST_LINK:]):
            if name not in self.off:
                return f"{REASONS[name]}: {kind}"
        before = readings(said_before[-200:])[-REMEMBERED_WORDS:]
        words = [*before, *readings(text)]
        allowed = "calls" if names_known_number(text, facts) else ""
        found = self._class_of(words, len(before), allowed)
        if found is None and (own := with_spelled_words(words[len(before) :])) is not None:
            found = self._class_of([*before, *own], len(before), allowed)
        return REASONS[found] if found else None

    def is_free(self, text: str) -> bool:
        """Whether nothing is against saying it."""
        return self.reason(text) is None

    def _class_of(self, words: list[ReadWord], clause_from: int, allowed: str) -> str | None:
        if next(self._words.find(words, clause_from), None):
            return "blocked"
        if hits := list(self._found.find(words, clause_from)):
            harmless = [(hit.start, hit.end) for hit in self._harmless.find(words, clause_from)]
            for hit in hits:
                if hit.name != allowed and not any(
                    start < hit.end and hit.start < end for start, end in harmless
                ):
                    return hit.name
        own = words[clause_from:]
        parts = [run[at:] for run in spelled(own) for at in range(min(len(run) - 2, MOST_LETTERS_BEFORE))]
        return next(
            (name for part in [*parts, *_joined(own)] if (name := self._class_of_part(part))),
            None,
        )

    def _class_of_part(self, written: str) -> str | None:
        """The class of letters that were said one by one, or of a word in two parts."""
        word = [reading_of(written)]
        hits = [*self._found.find(word), *self._words.find(word)]
        return next((hit.name for hit in hits if hit.name in SAID_IN_PARTS), None)


@cache
def load_blocklists(folder: str | None = None, off: tuple[GateClass, ...] = ()) -> Forbidden:
    """What is never said: our phrases, and the words of the operator's ``<language>.txt``.

    Raises:
        ConfigError: the operator's folder is not there, or a file in it cannot be read.
    """
    if folder and not Path(folder).is_dir():
        raise ConfigError(f"config: commentator.blocklist_dir = {folder!r}: expected a folder that exists")
    return Forbidden(
        off,
        (word for language in LANGUAGES for word in _own_words(language, folder)),
    )


def _own_words(language: Language, folder: str | None) -> list[str]:
    if not folder or not os.path.lexists(extra := Path(folder) / f"{language}.txt"):
        return []
    try:
        text = read_text(extra, LARGEST_BLOCKLIST_BYTES)
    except OSError as error:
        told = f"{extra} cannot be read: {error.strerror}"
        raise ConfigError(f"config: commentator.blocklist_dir: {told}") from error
    lines = (line.split("#")[0] for line in text.splitlines())
    return [word.written for line in lines for word in readings(line)]


@cache
def _phrases(which: str, off: tuple[str, ...]) -> WordPatterns:
    """All languages' phrases of this kind, without the classes that are off."""
    patterns = WordPatterns()
    for language in LANGUAGES:
        table = read_table("edge.commentator", f"blocklists/{language}.toml")
        prefixes = table.pop("prefixes").replace("-", " ").split()
        groups = table.pop("words")
        for name, kinds in table.items():
            for line in kinds.get(which, "").splitlines():
                if line.strip() and name not in off:
                    patterns.add(name, _with_groups(line, groups), prefixes)
    return patterns


def _with_groups(line: str, groups: dict[str, str]) -> str:
    return _GROUP.sub(lambda group: groups[group[1]], line)


def _joined(words: list[ReadWord]) -> Iterable[str]:
    """Neighbours that may be two parts of one word: both short, and none a usual word or a number."""
    for one, other in itertools.pairwise(words):
        parts = (one.written, other.written)
        if all(map(_may_be_half, parts)):
            yield "".join(parts)


def _may_be_half(part: str) -> bool:
    return 2 <= len(part) <= LONGEST_HALF and not part.isdecimal() and part not in _common_words()


@cache
def _common_words() -> frozenset[str]:
    return frozenset().union(*(function_words(language) for language in LANGUAGES))
