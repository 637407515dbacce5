"""Where a Russian unit's abbreviation stands, and where its letter is none ("автобус 15А")."""

from __future__ import annotations

from edge.spoken_form.ru.morphology import forms
from edge.spoken_form.ru.tables import CountedUnit, listed, units
from edge.spoken_form.tokens import DASHES, TokenKind, Tokens


def unit_at(tokens: Tokens, index: int) -> tuple[int, CountedUnit] | None:
    """The unit whose abbreviation stands at ``index``, and the index behind it."""
    found = tokens.longest_of(index, units())
    if found is None:
        return None
    end, unit = found
    text = tokens.text(index, end)
    if tokens[end].kind in (TokenKind.WORD, TokenKind.NUMBER) and tokens[end - 1].kind is not TokenKind.SIGN:
        return None
    # "50k" are thousands, "50 к" are not.
    if text in ("k", "K", "к", "К") and tokens[index - 1].kind is TokenKind.SPACE:
        return None
    if text == "с" and not (tokens[end].kind is TokenKind.END or tokens[end].text in ".,;:!?)/" + DASHES):
        return None
    if text in ("А", "В") and tokens[index - 1].kind is TokenKind.NUMBER and _is_numbered(tokens, index - 1):
        return None
    # "К 5 А мы пойдём": the next sentence, no amperes.
    if text in ("А", "Н") and tokens[end].kind is TokenKind.SPACE and tokens[end + 1].kind is TokenKind.WORD:
        return None
    if text[-1] in DASHES or (tokens[end].text == "-" and tokens[end + 1].kind is TokenKind.WORD):
        return None
    if (
        tokens[end].text in DASHES
        and tokens[end + 1].kind is TokenKind.WORD
        and tokens[end - 1].kind is TokenKind.WORD
    ):
        return None
    return end, unit


def _is_numbered(tokens: Tokens, index: int) -> bool:
    """Whether the number at ``index`` is a house's, a bus's or the like: "автобус 15А", "№ 7В"."""
    place = tokens.before_space(index)
    if tokens[place].text == ".":
        place -= 1
    word = tokens[place].text.lower()
    return word in ("№", "#", "д", "корп", "стр", "кв", "каб") or forms(word)[0].lemma in listed(
        "with_letter"
    )
