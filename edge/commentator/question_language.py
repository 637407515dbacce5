"""In which of the configured languages a question was asked. Pure; by script and function words."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from edge.commentator.function_words import function_words
from edge.lexicon.words import words_of
from edge.messages import Language

CYRILLIC: frozenset[Language] = frozenset({"ru"})
"""The languages that are written in it; the others use Latin letters."""


def question_language(text: str, configured: Sequence[Language], default: Language) -> Language:
    """The language to answer in.

    Args:
        text: the transcript.
        configured: the languages that the guide speaks.
        default: where the text does not tell ("Sunset Bar?"): what the recognizer heard, or the shuttle's.
    """
    cyrillic = sum("CYRILLIC" in unicodedata.name(c, "") for c in text if c.isalpha())
    latin = sum("LATIN" in unicodedata.name(c, "") for c in text if c.isalpha())
    if cyrillic == latin:
        return default
    candidates = [language for language in configured if (language in CYRILLIC) == (cyrillic > latin)]
    if len(candidates) == 1:
        return candidates[0]
    words = words_of(text)
    hits = {language: sum(w in function_words(language) for w in words) for language in candidates}
    best = max(hits.values(), default=0)
    leaders = [language for language, count in hits.items() if count == best]
    return leaders[0] if best and len(leaders) == 1 else default
