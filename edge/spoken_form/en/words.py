"""English abbreviations, initials, Roman numerals, signs, addresses."""

from __future__ import annotations

from edge.spoken_form import telephone
from edge.spoken_form.en import names, numerals
from edge.spoken_form.en.quantities import read_number
from edge.spoken_form.en.tables import listed, sayings, table
from edge.spoken_form.numbers import short_number
from edge.spoken_form.rules import Said
from edge.spoken_form.signs import adds, compares, joins, joins_numbers, subtracts
from edge.spoken_form.tokens import TokenKind, Tokens
from edge.spoken_form.web import WebWords

WEB = WebWords(
    {
        ".": "dot",
        "@": "at",
        "/": "slash",
        "-": "dash",
        "_": "underscore",
        "&": "and",
        "=": "equals",
        "?": "question mark",
    },
    lambda word: word,
    lambda digits: short_number(digits, numerals, most=4),
)


def phone(tokens: Tokens, index: int) -> Said | None:
    return telephone.digit_by_digit(tokens, index, numerals.digits)


def numbered(tokens: Tokens, index: int) -> Said | None:
    """ "#1", "№ 5", "No. 21"."""
    text = tokens[index].text
    if text in "#№":
        end = tokens.behind_space(index + 1)
        if text == "#" and tokens[index + 1].kind is TokenKind.WORD:
            return Said(index + 1, "hashtag ")
    elif text in ("No", "no", "NO", "Nos", "nos") and tokens[index + 1].text == ".":
        end = tokens.behind_space(index + 2)
    else:
        return None
    if tokens[end].kind is not TokenKind.NUMBER:
        return None
    number = read_number(tokens, end)
    assert number is not None
    if number.fraction or number.is_code:
        return Said(end, "number ")
    return Said(number.end, f"number {numerals.cardinal(number.value)}")


def house_number(tokens: Tokens, index: int) -> Said | None:
    """ "1666 K Street": four digits in pairs before a street's name."""
    if len(tokens[index].text) != 4 or tokens[index].text[0] == "0":
        return None
    place = index + 1
    for _ in range(3):
        if tokens[place].kind is not TokenKind.SPACE:
            return None
        word = tokens[place + 1]
        if word.text in listed("streets") and place > index + 1:
            return Said(index + 1, numerals.pairs(int(tokens[index].text)))
        if word.kind is not TokenKind.WORD or not word.text[0].isupper():
            return None
        place += 2
    return None


def formula(tokens: Tokens, index: int) -> Said | None:
    found = tokens.whole_of(index, sayings("formulas"))
    return Said(*found) if found and not tokens.is_word_or_number(index - 1) else None


def abbreviation(tokens: Tokens, index: int) -> Said | None:
    """What the table of abbreviations says at this word, where its neighbours allow it."""
    if tokens.is_word_or_number(index - 1) or tokens[index - 1].text in ("'", "’"):
        return None
    return (
        names.saint_or_street(tokens, index)
        or names.title(tokens, index)
        or _fixed(tokens, index)
        or _direction(tokens, index)
    )


def _fixed(tokens: Tokens, index: int) -> Said | None:
    for name in ("before", "behind"):
        found = tokens.longest_of(index, table(name))
        if found is None or (
            tokens.is_word_or_number(found[0]) and tokens[found[0] - 1].kind is TokenKind.WORD
        ):
            continue
        end, said = found
        text = tokens.text(index, end)
        if text.lower() in ("no.", "nos."):
            continue
        numbered_only = text.lower() in ("vol.", "ch.", "p.", "pp.", "fig.", "apt.", "rm.", "ste.")
        if numbered_only and tokens[tokens.behind_space(end)].kind is not TokenKind.NUMBER:
            continue
        if (
            name == "behind"
            and text[0].islower()
            and said[0].isupper()
            and len(text) <= 4
            and text[-1] != "."
        ):
            continue
        if (
            "." not in text
            and text.lower() in ("ave", "rd", "blvd", "hwy")
            and not tokens[index].text[0].isupper()
        ):
            continue
        closing = name == "behind" and tokens[end - 1].text == "." and tokens.ends_sentence(end)
        if said[0].islower() and text[0].isupper() and len(text) > 3:
            said = said[0].upper() + said[1:]
        return Said(end, f"{said}." if closing else said)
    return None


def _direction(tokens: Tokens, index: int) -> Said | None:
    said = table("directions").get(tokens[index].text)
    return Said(index + 1, said) if said and not tokens.is_word_or_number(index + 1) else None


def times(tokens: Tokens, index: int) -> Said | None:
    """ "3x4 m": "by" between two numbers, and "3x faster"."""
    if tokens[index].text not in ("x", "X", "×"):
        return None
    before, behind = tokens[tokens.before_space(index)], tokens[tokens.behind_space(index + 1)]
    if before.kind is not TokenKind.NUMBER:
        return None
    if behind.kind is TokenKind.NUMBER:
        product = tokens[tokens.behind_space(tokens.behind_space(index + 1) + 1)].text == "="
        return Said(index + 1, "times" if product else "by")
    return Said(index + 1, "times") if tokens[index - 1].kind is TokenKind.NUMBER else None


def sign(tokens: Tokens, index: int) -> Said | None:
    """A sign that is a word."""
    text = tokens[index].text
    if subtracts(tokens, index):
        return Said(index + 1, " minus ")
    if text == ":" and joins_numbers(tokens, index):
        return Said(index + 1, "to")
    if text == "/":
        return Said(index + 1, " ") if joins(tokens, index) else None
    if text in "<>" and not compares(tokens, index, ("$", "€", "£", "-", "−")):
        return None
    if text == "+" and not adds(tokens, index) and tokens[tokens.behind_space(index + 1)].text != "$":
        return None
    said = sayings("signs").get(text)
    return None if said is None else Said(index + 1, said)
