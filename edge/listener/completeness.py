"""Is what was understood so far a whole sentence? So long is its end waited for. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, Literal

from edge.lexicon.words import composed, placed_words
from edge.listener.wake_names import WakeNames, call_words
from edge.messages import LANGUAGES, Language
from edge.package_tables import read_table

Ending = Literal["unfinished", "complete", "unknown"]

GOES_ON = (",", ":", ";", "-", "–", "—", "…", "...")
"""An utterance that a recognizer ends with one of these goes on."""
CLOSES = ("?", "!")
"""A full stop is no such sign: recognizers write one behind everything."""
AROUND = " \u00a0\u202f»«”“\"’')]"
"""What may stand behind the mark that ends a sentence ("« Où est la navette ? »")."""
SENTENCE_WORDS = 3
"""Fewer may be a beginning, whatever stands behind them ("Гид?", "А что?")."""


class Completeness:
    """Says how long the end of an utterance is waited for, by its last words.

    Args:
        languages: that may be spoken; of what is said to the recognizer server, more than the guide's.
        names: the guide's.
    """

    def __init__(self, languages: Sequence[Language], names: WakeNames) -> None:
        self._languages = tuple(languages)
        self._names = names
        called_in = [one for one in languages if one in LANGUAGES]
        self._openers = frozenset(word for one in called_in for word in call_words(one)["openers"])

    def judge(self, transcript: str, language: Language | None) -> Ending:
        """Tell by its last words how an utterance ends.

        Args:
            transcript: of an utterance to its last word so far.
            language: as the recognizer heard it; None, or one of no use: each of ours is asked.
        """
        text = composed(transcript)
        words = placed_words(text)
        if not words:
            return "unknown"
        languages = (language,) if language in self._languages else self._languages
        called = self._names.find(text)
        others = [
            word.text
            for at, word in enumerate(words)
            if called is None or not called.first <= at <= called.last
        ]
        if called and all(word in self._openers for word in others):
            return "unfinished"
        last, marked = words[-1].text, text.rstrip(AROUND)
        asks = marked.endswith(CLOSES)
        if marked.endswith(GOES_ON) or _is_one_of("never_last", last, languages):
            return "unfinished"
        if not asks and _is_one_of("rarely_last", last, languages):
            return "unfinished"
        return "complete" if asks and len(words) >= SENTENCE_WORDS else "unknown"


def _is_one_of(kind: str, word: str, languages: Sequence[Language | None]) -> bool:
    return any(word in _table()[language][kind] for language in languages if language)


@cache
def _table() -> dict[Language, dict[str, frozenset[str]]]:
    tables: dict[Any, dict[str, str]] = read_table(__package__, "completeness.toml")
    return {
        language: {kind: frozenset(words.split()) for kind, words in table.items()}
        for language, table in tables.items()
    }
