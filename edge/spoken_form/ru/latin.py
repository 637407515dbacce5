"""Words in Latin letters in Russian ones: names of Bali by Indonesian spelling, others by English sounds."""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache

from edge.package_tables import read_table

LETTERS = {
    **{"a": "эй", "b": "би", "c": "си", "d": "ди", "e": "и", "f": "эф", "g": "джи", "h": "эйч", "i": "ай"},
    **{"j": "джей", "k": "кей", "l": "эл", "m": "эм", "n": "эн", "o": "оу", "p": "пи", "q": "кью", "r": "ар"},
    **{"s": "эс", "t": "ти", "u": "ю", "v": "ви", "w": "дабл ю", "x": "икс", "y": "уай", "z": "зет"},
}
"""What an English letter is called."""
_VOWELS = "aeiouy"
_INDONESIAN = (
    *(("ngg", "нгг"), ("ng", "нг"), ("ny", "нь"), ("sy", "ш"), ("kh", "х"), ("dh", "д"), ("dj", "дж")),
    *(
        ("tj", "ч"),
        ("oe", "у"),
        ("ya", "я"),
        ("yu", "ю"),
        ("ye", "е"),
        ("yo", "йо"),
        ("ai", "ай"),
        ("au", "ау"),
    ),
    *(
        ("a", "а"),
        ("b", "б"),
        ("c", "ч"),
        ("d", "д"),
        ("e", "е"),
        ("f", "ф"),
        ("g", "г"),
        ("h", "х"),
        ("i", "и"),
    ),
    *(
        ("j", "дж"),
        ("k", "к"),
        ("l", "л"),
        ("m", "м"),
        ("n", "н"),
        ("o", "о"),
        ("p", "п"),
        ("q", "к"),
        ("r", "р"),
    ),
    *(("s", "с"), ("t", "т"), ("u", "у"), ("v", "в"), ("w", "в"), ("x", "кс"), ("y", "й"), ("z", "з")),
)
_ENGLISH = (
    *(
        ("tion", "шн"),
        ("sion", "жн"),
        ("ough", "о"),
        ("augh", "о"),
        ("eigh", "эй"),
        ("tch", "ч"),
        ("sch", "ск"),
    ),
    *(("igh", "ай"), ("ture", "чер"), ("ck", "к"), ("ch", "ч"), ("sh", "ш"), ("th", "т"), ("ph", "ф")),
    *(
        ("wh", "у"),
        ("kn", "н"),
        ("wr", "р"),
        ("qu", "кв"),
        ("oo", "у"),
        ("ee", "и"),
        ("ea", "и"),
        ("ou", "ау"),
    ),
    *(
        ("ow", "оу"),
        ("ai", "эй"),
        ("ay", "эй"),
        ("oa", "оу"),
        ("oi", "ой"),
        ("oy", "ой"),
        ("ey", "и"),
        ("ie", "и"),
    ),
    *(
        ("ue", "ю"),
        ("ew", "ью"),
        ("aw", "о"),
        ("au", "о"),
        ("ce", "се"),
        ("ci", "си"),
        ("cy", "си"),
        ("ge", "дж"),
    ),
    *(("x", "кс"), ("w", "у"), ("j", "дж"), ("c", "к"), ("q", "к"), ("y", "и"), ("h", "х"), ("u", "а")),
)
_LOOKS_ENGLISH = (
    "ee",
    "oo",
    "ea",
    "sh",
    "th",
    "ck",
    "ch",
    "tion",
    "igh",
    "ph",
    "wh",
    "ow",
    "ew",
    "x",
    "ll",
    "ss",
    "tt",
)
_CYRILLIC_LIKE = str.maketrans("ABCEHKMOPTXaceopxyBkmt", "АВСЕНКМОРТХасеорхуВкмт")


@cache
def _words() -> dict[str, str]:
    return dict(read_table("edge.spoken_form", "latin_ru.toml")["words"])


@lru_cache(maxsize=4096)
def said(word: str) -> str:
    """A word in Latin letters, with its capital letter; single letters and acronyms are spelled."""
    lower = _plain(word.lower())
    if lower in _words():
        name = _words()[lower]
        return name[0].upper() + name[1:] if word[0].isupper() and not word.isupper() else name
    if len(word) == 1 or (word.isupper() and len(word) <= 5 and not is_readable(lower)):
        return spelled(lower)
    name = _by_sounds(lower)
    return name[0].upper() + name[1:] if word[0].isupper() and name else name


def spelled(word: str) -> str:
    """The names of its letters."""
    return " ".join(LETTERS.get(letter, letter) for letter in word.lower())


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
    table = (*_ENGLISH, *_INDONESIAN) if english else _INDONESIAN
    pieces: list[str] = []
    index = 0
    while index < len(word):
        written, sound = next(
            (pair for pair in table if word.startswith(pair[0], index)), (word[index], word[index])
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
