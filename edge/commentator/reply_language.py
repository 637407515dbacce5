"""Whether a live reply is in the language that was asked for, and in letters that its voice reads. Pure.

In doubt a reply is spoken: names, titles and greetings of another language are no other language.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from edge.commentator.function_words import foreign_function_words, function_words
from edge.commentator.question_language import CYRILLIC
from edge.lexicon.words import words_of
from edge.messages import LANGUAGES, Language

FEWEST_WORDS = 3
"""Fewer may be a name, or a word that somebody asked for."""
FEWEST_FOREIGN_LETTERS = 3
"""Fewer may be a sign: "π", "µ"."""
_CYRILLIC_LETTER = re.compile("[а-я]")
_LATIN_LETTER = re.compile("[a-z]")
_PHONETIC = ("\u0250", "\u02af")
"""The first and the last of Unicode's letters of the International Phonetic Alphabet."""


def foreign_letters(text: str) -> str | None:
    """What is against the text's letters: a script that no voice of ours reads; None: nothing."""
    foreign = phonetic = 0
    for char in text:
        if char.isascii() or not char.isalpha():
            phonetic += char in "ˈˌː"
            continue
        if _PHONETIC[0] <= char <= _PHONETIC[1] or char in "ʰʷʲˈˌːθðŋæ":
            phonetic += 1
        elif not _name_of(char).startswith(("LATIN", "CYRILLIC")):
            foreign += 1
    if phonetic >= 2:
        return "it is in phonetic letters"
    return "it is in a script that nobody asked for" if foreign >= FEWEST_FOREIGN_LETTERS else None


@lru_cache(maxsize=1024)  # more than our languages have letters
def _name_of(char: str) -> str:
    return unicodedata.name(unicodedata.normalize("NFKC", char)[0], "")


def is_other_language(text: str, language: Language) -> bool:
    """Whether the text is surely in another language than this one: by its script, then by function words."""
    words = [word for word in words_of(text) if any(map(str.isalpha, word))]
    if len(words) < FEWEST_WORDS:
        return False
    cyrillic = sum(_CYRILLIC_LETTER.search(word) is not None for word in words)
    latin = sum(_LATIN_LETTER.search(word) is not None for word in words)
    if language in CYRILLIC:
        if 2 * latin <= len(words) or cyrillic > 1:
            return False
        # "Sunset Beach Club Bali" may be a name; what has small words, or small letters alone, is none.
        return any(_hits(words, other) for other in LANGUAGES if other not in CYRILLIC) or (
            cyrillic == 0 and sum(word[0].islower() for word in text.split()) >= FEWEST_WORDS
        )
    if 2 * cyrillic > len(words):
        return True
    own = _hits(words, language)
    others = max(_hits(words, other) for other in LANGUAGES if other != language)
    foreign = sum(word in foreign_function_words() for word in words)
    in_small = sum(word[0].islower() for word in text.split())
    # "Villa de la Playa" may be a name.
    return (own == 0 and others >= 2) or (foreign >= 2 and foreign > 2 * own and in_small >= FEWEST_WORDS)


def _hits(words: list[str], language: Language) -> int:
    return sum(word in function_words(language) for word in words)
