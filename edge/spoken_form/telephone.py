"""Telephone numbers as they are written: groups of digits. Pure, for every language."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from edge.spoken_form.rules import Said
from edge.spoken_form.tokens import TokenKind, Tokens

LONGEST = 24
"""Tokens."""
_BETWEEN = " -()‑–\u00a0\u202f"
FEWEST_DIGITS = 7
MOST_DIGITS = 15


class Telephone(NamedTuple):
    """The groups of digits of a number, and the index behind it."""

    groups: list[str]
    international: bool
    end: int


def telephone_at(tokens: Tokens, index: int) -> Telephone | None:
    """A number that begins at ``index`` with "+", a parenthesis or a digit, and can be no quantity."""
    if tokens.is_word_or_number(index - 1) or tokens[index - 1].text in (
        "-",
        ".",
        ",",
        "/",
        "$",
        "€",
        "₽",
        "№",
    ):
        return None
    international = tokens[index].text == "+"
    place = index + 1 if international else index
    groups: list[str] = []
    marks: list[str] = []
    area = False
    """The first digits stand in parentheses, and others follow."""
    end = place
    while place < min(len(tokens), index + LONGEST):
        token = tokens[place]
        if token.kind is TokenKind.NUMBER:
            area = area or ("(" in marks and ")" in marks)
            groups.append(token.text)
            end = place + 1
        elif token.text and all(char in _BETWEEN for char in token.text) and len(token.text) == 1:
            marks.append(token.text)
            end = end + 1 if token.text == ")" and place == end else end
        else:
            break
        place += 1
    digits = sum(map(len, groups))
    if not FEWEST_DIGITS <= digits <= MOST_DIGITS or tokens[end].kind is TokenKind.WORD:
        return None
    if not (international or area or _looks_dialled(groups, marks)):
        return None
    return Telephone(groups, international, end)


def digit_by_digit(tokens: Tokens, index: int, digits: Callable[[str], str]) -> Said | None:
    """A telephone number with a pause between its groups, each of them by ``digits``."""
    found = telephone_at(tokens, index)
    if found is None:
        return None
    said = ", ".join(digits(group) for group in found.groups)
    return Said(found.end, f"plus {said}" if found.international else said)


def _looks_dialled(groups: list[str], marks: list[str]) -> bool:
    """Whether digits without "+" are a telephone number rather than a quantity, a date or a range."""
    if len(groups) == 1:
        return len(groups) == 1 and groups[0][0] == "0" and len(groups[0]) >= 9
    dashes = sum(mark in "-‑–" for mark in marks)
    if groups[0][0] == "0":
        return len(groups) >= 3 or (len(groups[0]) >= 3 and len(groups[1]) >= 5)
    if dashes == 1 and [len(group) for group in groups] == [3, 4]:
        return True
    if dashes >= 2 and len(groups) >= 3:
        # No date: "2024-12-24".
        return [len(group) for group in groups] not in ([4, 2, 2], [2, 2, 4], [1, 2, 4], [1, 1, 4], [2, 1, 4])
    return groups[0] in ("8", "1") and len(groups) >= 4 and digits_of(groups) == 11


def digits_of(groups: list[str]) -> int:
    return sum(map(len, groups))
