"""What no guide says aloud: code, encoded text, and words without an end. Pure; linear in the length."""

from __future__ import annotations

import re

from edge.lexicon.words import PLAIN_WORD

LONGEST_WORD = 40
"""Letters. The longest that a guide needs have some thirty."""
_BASE64 = re.compile(r"(?<![\w+/=.-])[A-Za-z0-9+/]{12,}={0,2}")
_NUMBERS = re.compile(
    r"\b(?:(?:0x)?[0-9a-f]{2}[ ,:]{1,2}){6}|\b(?:[01]{8}[ ,]{0,2}){2}|(?:\\x[0-9a-f]{2}|%[0-9a-f]{2}){4}"
)
_TURN = re.compile(r"[a-z](?=[A-Z])|[A-Z](?=[A-Z][a-z])|[A-Za-z](?=\d)|\d(?=[A-Za-z])")


def code_in(text: str) -> str | None:
    """What in the text is no speech; None: nothing."""
    if any(len(word) > LONGEST_WORD for word in PLAIN_WORD.findall(text)):
        return "it has a word without an end"
    if _NUMBERS.search(text.casefold()):
        return "it is encoded"
    encoded = sum(_is_encoded(token) for token in _BASE64.findall(text))
    return "it is encoded" if encoded else None


def _is_encoded(token: str) -> bool:
    """Capital and small letters in turn, as no word has them."""
    return token.endswith("=") or len(_TURN.findall(token)) >= max(3, len(token) // 6)
