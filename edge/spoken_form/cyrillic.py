"""Cyrillic words in Latin letters, for voices that read only those. Pure."""

from __future__ import annotations

from edge.spoken_form.rules import Said
from edge.spoken_form.tokens import Tokens

_LETTERS = {
    **{"а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ё": "yo", "ж": "zh", "з": "z", "и": "i"},
    **{"й": "y", "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t"},
    **{"у": "u", "ф": "f", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ы": "y"},
    **{"ь": "", "э": "e", "ю": "yu", "я": "ya"},
}
_LATIN_LIKE = str.maketrans("АВСЕНКМОРТХасеорху", "ABCEHKMOPTXaceopxy")


def in_latin(word: str) -> str:
    """ "Невский" → "Nevsky", near enough to be said."""
    said = "".join(_LETTERS.get(char, char) for char in word.lower())
    said = said[:-2] + "y" if said.endswith("iy") or said.endswith("yy") else said
    return said[:1].upper() + said[1:] if word[:1].isupper() else said


def mended(word: str) -> str | None:
    """A Latin word in which Cyrillic letters stand that look the same; None: it is no such word."""
    latin = word.translate(_LATIN_LIKE)
    return latin if latin != word and latin.isascii() and any(char.isascii() for char in word) else None


def foreign(tokens: Tokens, index: int) -> Said | None:
    """A word in Cyrillic letters."""
    text = tokens[index].text
    if not any("Ѐ" <= char <= "ӿ" for char in text):
        return None
    return Said(index + 1, mended(text) or in_latin(text))
