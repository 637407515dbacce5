"""English years: which numbers are years, by the words around them."""

from __future__ import annotations

from edge.spoken_form.en import numerals
from edge.spoken_form.en.tables import listed
from edge.spoken_form.en.units import currency_at, unit_at
from edge.spoken_form.numbers import WrittenNumber
from edge.spoken_form.rules import Said
from edge.spoken_form.tokens import TokenKind, Tokens


def is_year(number: WrittenNumber) -> bool:
    return (
        len(number.whole) == 4 and not number.grouped and not number.fraction and 1100 <= number.value < 2100
    )


def year(tokens: Tokens, index: int, number: WrittenNumber) -> Said | None:
    """A year by the word before it, or behind another one ("from 1999 to 2004")."""
    if _is_decade(tokens, number):
        return Said(number.end + 1, numerals.decade(number.value))
    if not number.fraction and tokens[tokens.behind_space(number.end)].text in ("AD", "BC", "CE", "BCE"):
        return Said(number.end, numerals.year(number.value))
    if len(number.whole) != 4 or number.grouped or number.fraction or not 1000 < number.value < 2100:
        return None
    place = tokens.before_space(index)
    before = tokens[place].text
    if before == "." and tokens[place - 1].text.lower() in ("est", "c", "ca"):
        before = "circa"
    if before == "©":
        before = "circa"
    behind = tokens[tokens.behind_space(number.end)]
    if number.value >= 1500 and (behind.kind is TokenKind.END or behind.text in ".,;:!?)"):
        before = "circa"
    if before.lower() in listed("numbered_things"):
        return Said(number.end, numerals.pairs(number.value))
    if before.lower() not in listed("before_years") and not (
        before in ("to", "and") and _has_year(tokens, index)
    ):
        return None
    if behind.kind is TokenKind.WORD and (
        behind.text.lower() in listed("no_year_before") or _is_plural(behind.text)
    ):
        return None
    if unit_at(tokens, tokens.behind_space(number.end)) or tokens[number.end].text in ("-", "%", "°"):
        return None
    if currency_at(tokens, tokens.behind_space(number.end)):
        return None
    return Said(number.end, numerals.year(number.value))


def _is_decade(tokens: Tokens, number: WrittenNumber) -> bool:
    """ "1950s", "90s"."""
    if number.fraction or tokens[number.end].text != "s" or tokens.is_word_or_number(number.end + 1):
        return False
    return len(number.whole) in (2, 4) and number.value % 10 == 0 and number.value > 0


def _has_year(tokens: Tokens, index: int) -> bool:
    return any(
        len(tokens[place].text) == 4 and tokens[place].kind is TokenKind.NUMBER
        for place in range(index - 5, index)
    )


def _is_plural(word: str) -> bool:
    return (
        word.islower()
        and word.endswith("s")
        and not word.endswith("ss")
        and word not in ("is", "was", "has", "as", "this")
    )
