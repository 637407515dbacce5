"""English fractions: "3/4 mile", "½ cup"."""

from __future__ import annotations

from edge.spoken_form.en import numerals
from edge.spoken_form.en.tables import listed
from edge.spoken_form.en.units import unit_at
from edge.spoken_form.numbers import is_fraction_at
from edge.spoken_form.rules import Said, closed
from edge.spoken_form.tokens import TokenKind, Tokens

_SAYINGS = {("24", "7"): "twenty-four seven", ("50", "50"): "fifty fifty", ("9", "11"): "nine eleven"}
FRACTIONS = {"½": "a half", "¼": "a quarter", "¾": "three quarters", "⅓": "a third", "⅔": "two thirds"}


def vulgar_fraction(tokens: Tokens, index: int) -> Said | None:
    """ "½ cup" → "half a cup"."""
    said = FRACTIONS.get(tokens[index].text)
    if said is None:
        return None
    if found := unit_at(tokens, tokens.behind_space(index + 1)):
        of_it = "half a" if said == "a half" else f"{said} of a"
        return closed(tokens, found[0], f"{of_it} {found[1].one}")
    behind = tokens[tokens.behind_space(index + 1)]
    return Said(
        index + 1,
        "half a"
        if said == "a half"
        and behind.kind is TokenKind.WORD
        and behind.text.islower()
        and behind.text not in ("of", "a", "an", "the")
        else said,
    )


def simple_fraction(tokens: Tokens, index: int) -> Said | None:
    """ "1/2", "3/4"; "24/7"."""
    if not is_fraction_at(tokens, index):
        return None
    above, below = tokens[index].text, tokens[index + 2].text
    if len(above) == 4 and len(below) == 2 and above[0] in "12":
        return Said(index + 3, f"{numerals.year(int(above))} {numerals.cardinal(int(below))}")
    if len(above) > 2 or len(below) > 3 or tokens[index + 3].text == "/" or above[0] == "0":
        return None
    if said := _SAYINGS.get((above, below)):
        return Said(index + 3, said)
    if int(above) < int(below):
        said = numerals.fraction(int(above), int(below))
        return _part_of_unit(tokens, index + 3, said) or Said(index + 3, said)
    return Said(index + 3, f"{numerals.cardinal(int(above))} slash {numerals.cardinal(int(below))}")


def _part_of_unit(tokens: Tokens, end: int, said: str) -> Said | None:
    """ "3/4 mile" → "three quarters of a mile"; behind a whole number the unit is many ("2 1/4 miles")."""
    place = tokens.behind_space(end)
    found = unit_at(tokens, place)
    word = tokens[place].text
    if place == end or not (found or word in listed("parted")):
        return None
    behind, one = (found[0], found[1].one) if found else (place + 1, word)
    article = "an" if one[0] in "aeio" or one == "hour" else "a"
    said = f"half {article}" if said == "one half" else f"{said} of {article}"
    return closed(tokens, behind, f"{said} {one}")


def is_part(above: str, below: str) -> bool:
    """Whether the fraction that follows a whole number is less than one."""
    return below.isdecimal() and len(above) <= 2 and len(below) <= 3 and 0 < int(above) < int(below)
