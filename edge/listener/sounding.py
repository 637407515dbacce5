"""How a word sounds, so coarsely that one which a recognizer misheard sounds the same. Pure.

Cyrillic and Latin letters have one notation, since a Russian call may be written by a recognizer that took
it for English: "гид", "гит", "гиб" and "geed" are all ``KIQ``, "guide", "guy'd" and "гайд" ``KYQ``.
"""

from __future__ import annotations

import re
from functools import lru_cache

_CONSONANTS = (
    *(("пб", "P"), ("тд", "T"), ("кг", "K"), ("фв", "F"), ("сзц", "S"), ("шщжч", "C"), ("х", "H")),
    *(("pb", "P"), ("td", "T"), ("kgcq", "K"), ("fvw", "F"), ("sz", "S"), ("j", "C"), ("h", "")),
    *(("мm", "M"), ("нn", "N"), ("лl", "L"), ("рr", "R"), ("йьъ'’-", "")),
)
"""Voiced and unvoiced are one: at a word's end Russian does not tell them apart, and noise not anywhere."""
_VOWELS = (("иеэыie", "I"), ("аояёao", "A"), ("уюu", "U"))
_LETTERS = str.maketrans({letter: code for letters, code in _CONSONANTS + _VOWELS for letter in letters})
_SPELLINGS = (
    (re.compile(r"['’-]"), ""),
    (re.compile(r"[аоэ]й"), "Y"),
    (re.compile(r"sh|ch|tch"), "C"),
    (re.compile(r"th|c(?=[eiy])"), "S"),
    (re.compile(r"ph"), "F"),
    (re.compile(r"x"), "KS"),
    (re.compile(r"gh(?=[td]|$)"), ""),
    (re.compile(r"(?<=g)u(?=[aeiy])"), ""),
    (re.compile(r"ee|ea"), "I"),
    (re.compile(r"oo"), "U"),
    (re.compile(r"ai|ay|ei|ey|ie(?=[^\W\d_])|ye|y"), "Y"),
    (re.compile(r"i(?=[^\Waeiouy\d_]e$)"), "Y"),
    (re.compile(r"(?<=[^\Waeiouy\d_])e$"), ""),
)
"""Letters of one sound, in this order. "Y" is the vowel of "guide"."""
_SAME = re.compile(r"(.)\1+")
_LAST_STOP = re.compile(r"[PTK]$")
"""Which one it is was heard least of all: "гид", "гиб", "гик"."""


@lru_cache(4096)
def sound_of(word: str) -> str:
    """The sound of a word in small letters; one capital a sound, empty where there are no letters."""
    for spelling, code in _SPELLINGS:
        word = spelling.sub(code, word)
    return _LAST_STOP.sub("Q", _SAME.sub(r"\1", word.translate(_LETTERS)))
