"""English titles, saints and streets, initials, and Roman numerals behind names."""

from __future__ import annotations

from edge.spoken_form.en import numerals
from edge.spoken_form.en.tables import ORDINAL_ENDINGS, listed, table
from edge.spoken_form.initials import initials_at
from edge.spoken_form.numbers import roman
from edge.spoken_form.rules import Said
from edge.spoken_form.tokens import TokenKind, Tokens


def roman_numeral(tokens: Tokens, index: int) -> Said | None:
    """ "World War II", "King Charles I", "the XIX century"."""
    text = tokens[index].text
    number = roman(text)
    if number is None or tokens[index - 1].text in ("'", "’", "-"):
        return None
    behind = tokens[tokens.behind_space(index + 1)]
    if (
        behind.text.lower() in ("century", "centuries", "millennium")
        and tokens[index + 1].kind is TokenKind.SPACE
    ):
        return Said(index + 1, numerals.ordinal(number))
    if (
        not set(text) <= set("IVX")
        or tokens[index - 1].kind is not TokenKind.SPACE
        or (tokens[index + 1].text in ("'", "’", "-") and tokens[index + 2].text != "s")
    ):
        return None
    place = tokens.before_space(index)
    before = tokens[place].text
    if before.lower() in listed("numbered") and (text != "I" or before[0].isupper()):
        return Said(
            index + 1,
            numerals.cardinal(number).capitalize() if before[0].isupper() else numerals.cardinal(number),
        )
    titled = tokens[tokens.before_space(place)].text in listed("titles")
    if before in listed("regnal") or (titled and before[:1].isupper()):
        if text == "I" and behind.kind is TokenKind.WORD and behind.text.lower() in listed("verbs_of_i"):
            return None
        return Said(index + 1, f"the {numerals.ordinal(number).capitalize()}")
    if len(text) > 1 and text != "IV" and before[:1].isupper() and tokens[place].kind is TokenKind.WORD:
        return Said(index + 1, numerals.cardinal(number).capitalize())
    return None


def saint_or_street(tokens: Tokens, index: int) -> Said | None:
    text = tokens[index].text
    if text not in ("St", "Dr"):
        return None
    dotted = tokens[index + 1].text == "."
    end = index + 2 if dotted else index + 1
    behind = tokens[tokens.behind_space(end)]
    before = tokens[tokens.before_space(index)]
    named = before.kind is TokenKind.WORD and (before.text[0].isupper() or before.text in ORDINAL_ENDINGS)
    named = named and before.text not in listed("no_names") and tokens.before_space(index) >= 0
    saint = (
        behind.kind is TokenKind.WORD and behind.text[0].isupper() and behind.text not in table("directions")
    )
    if named and not (saint and not _ends_street(tokens, index)):
        if not dotted and behind.kind is TokenKind.WORD and behind.text[0].isupper():
            return None
        said = "Street" if text == "St" else "Drive"
        return Said(
            end,
            f"{said}."
            if dotted and tokens.ends_sentence(end) and behind.text not in table("directions")
            else said,
        )
    if saint:
        return Said(end, "Saint" if text == "St" else "Doctor")
    return None


def _ends_street(tokens: Tokens, index: int) -> bool:
    """Whether a number or an ordinal stands before the name, as in an address."""
    place = tokens.before_space(tokens.before_space(index))
    return (
        tokens[place].kind is TokenKind.NUMBER or tokens[tokens.before_space(index)].text in ORDINAL_ENDINGS
    )


def title(tokens: Tokens, index: int) -> Said | None:
    found = tokens.whole_of(index, table("title"))
    if found is None or not tokens[index].text[0].isupper():
        return None
    end, said = found
    behind = tokens[tokens.behind_space(end)]
    if behind.kind is not TokenKind.WORD or not (behind.text[0].isupper() or behind.text == "and"):
        return None
    return Said(end, said)


def initials(tokens: Tokens, index: int) -> Said | None:
    """ "James E. Girard", "J. K. Rowling", "U.S.": letters without their full stops."""
    letters, end = initials_at(tokens, index, 5)
    if not letters or tokens.is_word_or_number(index - 1):
        return None
    name = tokens[tokens.behind_space(end)]
    named = name.kind is TokenKind.WORD and name.text[0].isupper() and tokens[end].kind is TokenKind.SPACE
    if len(letters) == 1 and (not named or letters[0] == "I"):
        return None
    said = " ".join(letters)
    closing = tokens.ends_sentence(end) and not named
    return Said(end, f"{said}." if closing else said)
