"""Words in Latin letters in Russian ones: names of Bali by Indonesian spelling, others by English sounds."""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache

from edge.package_tables import read_table

_VOWELS = "aeiouy"
_LOOKS_ENGLISH = frozenset(
    ["ee", "oo", "ea", "sh", "th", "ck", "ch", "tion", "igh", "ph", "wh", "ow", "ew", "x", "ll", "ss", "tt"]
)
_CYRILLIC_LIKE = str.maketrans("ABCEHKMOPTXaceopxyBkmt", "АВСЕНКМОРТХасеорхуВкмт")


@cache
def _table(name: str) -> dict[str, str]:
    return dict(read_table("edge.spoken_form", "latin_ru.toml")[name])


@lru_cache(maxsize=4096)
def said(word: str) -> str:
    """A word in Latin letters, with its capital letter; single letters and acronyms are spelled."""
    lower = _plain(word.lower())
    if name := _table("words").get(lower):
        return name[0].upper() + name[1:] if word[0].isupper() and not word.isupper() else name
    if len(word) == 1 or (word.isupper() and len(word) <= 5 and not is_readable(lower)):
        return spelled(lower)
    name = _by_sounds(lower)
    return name[0].upper() + name[1:] if word[0].isupper() and name else name


def spelled(word: str) -> str:
    """The names of its letters."""
    return " ".join(_table("letters").get(letter, letter) for letter in word.lower())


def is_readable(word: str) -> bool:
    """Whether an acronym can be read as a word: a vowel inside, and no three consonants side by side."""
    return (
        len(word) >= 4
        and any(char in _VOWELS for char in word[1:-1])
        and not any(
            all(char not in _VOWELS for char in word[index : index + 3]) for index in range(len(word) - 2)
        )
    )


def _by_sounds(word: str) -> str:
    english = any(piece in word for piece in _LOOKS_ENGLISH) or (len(word) > 3 and word.endswith("e"))
    if english and len(word) > 3 and word.endswith("e") and word[-2] not in _VOWELS:
        word = word[:-1]
    sounds = [*(_table("english").items() if english else ()), *_table("indonesian").items()]
    pieces: list[str] = []
    index = 0
    while index < len(word):
        written, sound = next(
            (pair for pair in sounds if word.startswith(pair[0], index)), (word[index], word[index])
        )
        if written == "y" and index == len(word) - 1 and index and word[index - 1] not in _VOWELS:
            sound = "и"
        if sound == "е" and (index == 0 or word[index - 1] in "aiou"):
            sound = "э"
        pieces.append(sound)
        index += len(written)
    return "".join(pieces)


def _plain(word: str) -> str:
    """The word without accents."""
    return "".join(char for char in unicodedata.normalize("NFKD", word) if not unicodedata.combining(char))


def in_russian_letters(word: str) -> str | None:
    """A Russian word in which Latin letters stand that look the same; None: it is no such word."""
    mended = word.translate(_CYRILLIC_LIKE)
    return mended if mended != word and not any(char.isascii() for char in mended) else None
