"""Numbers as they are written in digits: grouped, with a fraction. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from edge.spoken_form.tokens import TokenKind, Tokens

GROUP_SPACES = "   \u202f ' ’"
"""Between groups of three digits in every language."""
FEWEST_OF_CODE = 8
"""A quantity of so many digits is written in groups, or is round."""
MOST_DIGITS = 15
"""Longer ones are no quantities; they are said digit by digit."""


class Numerals(Protocol):
    """A language's numerals, as its module of that name has them."""

    def cardinal(self, number: int, /) -> str: ...

    def decimal(self, whole: int, fraction: str, /) -> str: ...

    def digits(self, text: str, /) -> str:
        """Each digit by itself."""
        ...


@dataclass(frozen=True)
class WrittenNumber:
    """A number that stands in a text from one token to before ``end``."""

    whole: str
    """Digits before the fraction, without what separates groups."""
    fraction: str
    """Digits behind the decimal mark; empty: there are none."""
    end: int
    grouped: bool = False

    @property
    def value(self) -> int:
        """The whole part; of more digits than a quantity has, the last: they decide on agreement."""
        return int(self.whole[-MOST_DIGITS:])

    @property
    def is_code(self) -> bool:
        """Whether its digits are said one by one: "007", or more than a quantity has."""
        if len(self.whole) > MOST_DIGITS or (len(self.whole) > 1 and self.whole[0] == "0"):
            return True
        return len(self.whole) >= FEWEST_OF_CODE and not self.grouped and self.whole[-3:] != "000"

    def in_words(self, numerals: Numerals) -> str:
        """How it is said in a language whose numerals have no cases."""
        if self.is_code:
            return numerals.digits(self.whole)
        if self.fraction:
            return numerals.decimal(self.value, self.fraction)
        return numerals.cardinal(self.value)


def short_number(digits: str, numerals: Numerals, *, most: int) -> str:
    """A number of at most so many digits; a longer one, or one with a leading zero, digit by digit."""
    return (
        numerals.digits(digits) if digits[0] == "0" or len(digits) > most else numerals.cardinal(int(digits))
    )


def is_fraction_at(tokens: Tokens, index: int) -> bool:
    """Whether the digits at ``index`` begin "1/2", and stand behind no stroke themselves."""
    behind = tokens[index + 1].text == "/" and tokens[index + 2].kind is TokenKind.NUMBER
    return behind and tokens[index - 1].text != "/"


def number_at(tokens: Tokens, index: int, *, groups: str, decimals: str) -> WrittenNumber | None:
    """The number that begins with the digits at ``index``.

    Args:
        groups: what stands between groups of three digits beside spaces.
        decimals: what stands before a fraction, where it does not stand between groups.
    """
    if tokens[index].kind is not TokenKind.NUMBER:
        return None
    whole, end = tokens[index].text, index + 1
    grouped = False
    if len(whole) <= 3 and whole[0] != "0":
        mark = tokens[end].text
        if mark and (mark in groups or (len(mark) == 1 and mark in GROUP_SPACES)):
            while tokens[end].text == mark and _is_group(tokens, end + 1):
                whole += tokens[end + 1].text
                end += 2
                grouped = True
    fraction = ""
    mark = tokens[end].text
    if (
        mark
        and mark in decimals
        and tokens[end + 1].kind is TokenKind.NUMBER
        and not _goes_on(tokens, end + 2)
    ):
        fraction, end = tokens[end + 1].text, end + 2
    return WrittenNumber(whole, fraction, end, grouped)


def _is_group(tokens: Tokens, index: int) -> bool:
    return tokens[index].kind is TokenKind.NUMBER and len(tokens[index].text) == 3


def _goes_on(tokens: Tokens, index: int) -> bool:
    """Whether another mark and digits follow, as in an address or a date: no decimal number has two."""
    return (
        tokens[index].text in (".", ",")
        and tokens[index + 1].kind is TokenKind.NUMBER
        and tokens[index].text == "."
    )


def second_number(
    tokens: Tokens, index: int, read: Callable[[Tokens, int], WrittenNumber | None]
) -> WrittenNumber | None:
    """The number behind a dash at ``index``; both sides of the dash have a space or neither."""
    place = tokens.behind_space(index)
    if not tokens.is_dash(place):
        return None
    behind = tokens.behind_space(place + 1)
    if (place > index) != (behind > place + 1):
        return None
    number = read(tokens, behind)
    # Another dash behind it, as in "8-800-…" and "5-7-й": no range.
    if number is None or tokens.is_dash(number.end):
        return None
    # "5 - 3 = 2".
    return None if tokens[tokens.behind_space(number.end)].text == "=" else number


def roman(text: str) -> int | None:
    """The value of a Roman numeral in capitals, written as it is written today ("XIX", no "XVIIII")."""
    if not text or len(text) > 12 or any(char not in _ROMAN for char in text):
        return None
    values = [_ROMAN[char] for char in text]
    total = sum(
        -value if index + 1 < len(values) and value < values[index + 1] else value
        for index, value in enumerate(values)
    )
    return total if _to_roman(total) == text else None


_ROMAN = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
_STEPS = (
    *((1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL")),
    *((10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")),
)


def _to_roman(number: int) -> str:
    text = ""
    for value, letters in _STEPS:
        while number >= value:
            text += letters
            number -= value
    return text
