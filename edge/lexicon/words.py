"""A text as words: how they are compared, where they stand and where the sentence pauses. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

from edge.lexicon.normal_form import normal_form

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
PLAIN_WORD = re.compile(r"[^\W_]+")
"""Letters and digits alone: "Ubud's" is two."""
_PAUSE = re.compile(r"[.,;:!?…—–]|\s-\s")


class Word(NamedTuple):
    """A word of a text and its place there."""

    text: str
    """In small letters, "ё" as "е", one kind of apostrophe."""
    start: int
    """Where it stands in the text, in characters; ``end`` is behind it."""
    end: int
    after_pause: bool
    """A punctuation mark, or nothing, stands before it."""


def composed(text: str) -> str:
    """The text with "й" and the like as one character each, and without spaces around."""
    return normal_form("NFC", text).strip()


def placed_words(text: str) -> list[Word]:
    """The words of a text that is ``composed``, and their places in it."""
    found: list[Word] = []
    end = 0
    for match in _WORD.finditer(text):
        after_pause = not found or bool(_PAUSE.search(text[end : match.start()]))
        word = match[0].casefold().replace("ё", "е").replace("’", "'")
        found.append(Word(word, match.start(), match.end(), after_pause))
        end = match.end()
    return found


def words_of(text: str) -> list[str]:
    """The words of any text, as they are compared."""
    return [word.text for word in placed_words(composed(text))]
