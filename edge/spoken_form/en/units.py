"""English units and currencies as they stand behind and before numbers."""

from __future__ import annotations

from edge.spoken_form.en.tables import Currency, UnitNames, currencies, units
from edge.spoken_form.tokens import TokenKind, Tokens


def unit_at(tokens: Tokens, index: int) -> tuple[int, UnitNames] | None:
    """The unit whose abbreviation stands at ``index``, and the index behind it."""
    found = tokens.longest_of(index, units())
    if found is None:
        return None
    end, unit = found
    text = tokens.text(index, end)
    if tokens.is_word_or_number(end) and tokens[end - 1].kind is not TokenKind.SIGN:
        return None
    # "5G", "4K", "3D" are no grams.
    if len(text) == 1 and text in "GMHSTC":
        return None
    if text == "in." and tokens.ends_sentence(end) and tokens[end].kind is not TokenKind.END:
        return None
    if tokens[end].text in ("'", "’") and text.lower() in ("s", "t", "m"):
        return None
    return end, unit


def currency_at(tokens: Tokens, index: int) -> tuple[int, Currency] | None:
    """The currency that stands at ``index``, and the index behind it."""
    found = tokens.longest_of(index, currencies())
    if found is None or (
        tokens[found[0] - 1].kind is TokenKind.WORD and tokens[found[0]].kind is TokenKind.WORD
    ):
        return None
    return found
