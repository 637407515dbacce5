"""In which language something was said. Pure; by function words and script."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from edge.commentator.function_words import function_words
from edge.lexicon.words import words_of
from edge.messages import LANGUAGES, Language

CYRILLIC: frozenset[Language] = frozenset({"ru"})
"""The languages that are written in it; the others use Latin letters."""


def question_language(text: str, configured: Sequence[Language], default: Language) -> Language:
    """The language to answer in.

    Args:
        text: the transcript.
        configured: the languages that the guide speaks.
        default: where the text does not tell ("Sunset Bar?"): what the recognizer heard, or the shuttle's.
    """
    words = words_of(text)
    hits = {language: sum(word in function_words(language) for word in words) for language in configured}
    leaders = [language for language, count in hits.items() if count == max(hits.values())]
    if len(leaders) == 1 and hits[leaders[0]]:
        return leaders[0]
    cyrillic, latin = _letters(text)
    written = [language for language in configured if (language in CYRILLIC) == (cyrillic > latin)]
    return written[0] if cyrillic != latin and len(written) == 1 else default


def is_in(text: str, language: Language) -> bool:
    """Whether the text can be in this language: most of its letters are, and no more words of another one."""
    cyrillic, latin = _letters(text)
    own = cyrillic if language in CYRILLIC else latin
    if 2 * own <= sum(char.isalpha() for char in text):
        return False
    return question_language(text, LANGUAGES, language) == language


def _letters(text: str) -> tuple[int, int]:
    """How many are Cyrillic, and how many Latin."""
    names = [unicodedata.name(char, "") for char in text]
    return sum("CYRILLIC" in name for name in names), sum("LATIN" in name for name in names)
