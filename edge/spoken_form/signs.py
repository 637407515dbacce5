"""Where a sign belongs to a number, or stands between what it joins. Pure, for every language."""

from __future__ import annotations

from collections.abc import Collection

from edge.spoken_form.tokens import DASHES, TokenKind, Tokens

MINUS = "−-–—"


def is_of_number(tokens: Tokens, index: int) -> bool:
    """Whether the sign at ``index`` belongs to the number behind it: "−5", "+5 °C", "±2"; not "3–5"."""
    sign = tokens[index].text
    if sign not in "+±" + MINUS or tokens.is_word_or_number(index - 1):
        return False
    before = tokens[tokens.before_space(index)].kind
    subtracted = before is TokenKind.NUMBER or (sign in "–—" and before is TokenKind.WORD)
    return not (sign in MINUS and subtracted)


def subtracts(tokens: Tokens, index: int) -> bool:
    """Whether the dash at ``index`` is a minus: "5 - 3 = 2"."""
    if tokens[index].text not in DASHES or tokens[tokens.before_space(index)].kind is not TokenKind.NUMBER:
        return False
    behind = tokens.behind_space(index + 1)
    return tokens[behind].kind is TokenKind.NUMBER and tokens[tokens.behind_space(behind + 1)].text == "="


def compares(tokens: Tokens, index: int, amounts: Collection[str]) -> bool:
    """Whether "<" or ">" at ``index`` stands before a number, what is in ``amounts``, or a space."""
    behind = tokens[tokens.behind_space(index + 1)]
    spaced = tokens[index + 1].kind is TokenKind.SPACE
    return behind.kind is TokenKind.NUMBER or behind.text in amounts or spaced


def adds(tokens: Tokens, index: int) -> bool:
    """Whether a word or a number stands before the sign at ``index``, or behind it."""
    behind = tokens.behind_space(index + 1)
    return tokens.is_word_or_number(index - 1) or tokens.is_word_or_number(behind)


def joins(tokens: Tokens, index: int) -> bool:
    """Whether words or numbers stand on both sides of the sign at ``index``, without a space."""
    return tokens.is_word_or_number(index - 1) and tokens.is_word_or_number(index + 1)


def joins_numbers(tokens: Tokens, index: int) -> bool:
    """Whether numbers do: "3:2"."""
    return tokens[index - 1].kind is TokenKind.NUMBER and tokens[index + 1].kind is TokenKind.NUMBER
