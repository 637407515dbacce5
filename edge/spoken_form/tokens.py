"""A written text as tokens: numbers, words, white space and signs. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple, TypeVar

Value = TypeVar("Value")
_TOKEN = re.compile(r"[0-9]+|[^\W\d_¹²³⁰⁴-⁹₀-₉¼-¾⅐-⅞]+|\s+|.", re.DOTALL)
DASHES = "-–—−‐‑‒"
"""What stands between the ends of a range."""
LONGEST_ABBREVIATION = 8
"""Tokens of the longest key of a table of abbreviations."""


class TokenKind(Enum):
    """What a token consists of."""

    NUMBER = "ASCII digits"
    WORD = "letters"
    SPACE = "white space"
    SIGN = "one other character"
    END = "nothing: behind the last token, or before the first"


class Token(NamedTuple):
    """A piece of the written text and its place there."""

    kind: TokenKind
    text: str
    start: int
    end: int


_NOTHING = Token(TokenKind.END, "", 0, 0)


class Tokens:
    """The tokens of one text; outside its bounds there are tokens of the kind ``END``."""

    def __init__(self, text: str) -> None:
        self._tokens = [
            Token(_kind(match.group()), match.group(), match.start(), match.end())
            for match in _TOKEN.finditer(_with_plain_digits(text))
        ]

    def __len__(self) -> int:
        return len(self._tokens)

    def __getitem__(self, index: int) -> Token:
        return self._tokens[index] if 0 <= index < len(self._tokens) else _NOTHING

    def text(self, start: int, end: int) -> str:
        return "".join(token.text for token in self._tokens[start:end])

    def behind_space(self, index: int) -> int:
        """``index``, or the one behind it where white space stands there."""
        return index + 1 if self[index].kind is TokenKind.SPACE else index

    def before_space(self, index: int) -> int:
        """The last index before ``index`` that is no white space; -1: there is none."""
        index -= 1
        return index - 1 if self[index].kind is TokenKind.SPACE else index

    def is_word_or_number(self, index: int) -> bool:
        return self[index].kind in (TokenKind.WORD, TokenKind.NUMBER)

    def is_dash(self, index: int) -> bool:
        return self[index].kind is TokenKind.SIGN and self[index].text in DASHES

    def ends_sentence(self, index: int) -> bool:
        """Whether a sentence that has come to ``index`` cannot go on there."""
        if self[index].kind is TokenKind.END:
            return True
        behind = self[self.behind_space(index)]
        return self[index].kind is TokenKind.SPACE and (
            behind.kind is TokenKind.END or behind.text[0].isupper() or behind.text in DASHES + "«“("
        )

    def longest_of(self, index: int, table: Mapping[str, Value]) -> tuple[int, Value] | None:
        """The longest key of ``table`` that stands at ``index``: the index behind it, and its value.

        White space is compared as one space; keys with capital letters only as they are written.
        """
        if self[index].kind in (TokenKind.SPACE, TokenKind.END):
            return None
        pieces: list[str] = []
        found = None
        for end in range(index + 1, index + 1 + LONGEST_ABBREVIATION):
            token = self[end - 1]
            if token.kind is TokenKind.END:
                break
            pieces.append(" " if token.kind is TokenKind.SPACE else token.text)
            text = "".join(pieces)
            key = text if text in table else text.lower()
            if key in table and not (token.kind is TokenKind.WORD and self[end].kind is TokenKind.WORD):
                found = end, table[key]
        return found

    def whole_of(self, index: int, table: Mapping[str, Value]) -> tuple[int, Value] | None:
        """What ``longest_of`` finds, where no word or number goes on behind it."""
        found = self.longest_of(index, table)
        return None if found is None or self.is_word_or_number(found[0]) else found


def _with_plain_digits(text: str) -> str:
    """The digits of other scripts as ASCII ones; every character keeps its place."""
    if text.isascii():
        return text
    return "".join(
        str(unicodedata.decimal(char)) if char.isdecimal() and not char.isascii() else char for char in text
    )


def _kind(text: str) -> TokenKind:
    if text[0].isspace():
        return TokenKind.SPACE
    if text[0].isascii() and text[0].isdigit():
        return TokenKind.NUMBER
    return TokenKind.WORD if text[0].isalpha() else TokenKind.SIGN
