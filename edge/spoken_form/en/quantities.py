"""English quantities: numbers with a unit, ranges, money, ordinals and fractions."""

from __future__ import annotations

from edge.spoken_form.en import numerals
from edge.spoken_form.en.fractions import FRACTIONS, is_part
from edge.spoken_form.en.tables import ORDINAL_ENDINGS, listed
from edge.spoken_form.en.units import currency_at, unit_at
from edge.spoken_form.en.years import is_year, year
from edge.spoken_form.numbers import WrittenNumber, number_at, second_number
from edge.spoken_form.rules import Said, closed
from edge.spoken_form.signs import is_of_number, subtracts
from edge.spoken_form.tokens import DASHES, TokenKind, Tokens


def read_number(tokens: Tokens, index: int) -> WrittenNumber | None:
    return number_at(tokens, index, groups=",", decimals=".")


def quantity(tokens: Tokens, index: int) -> Said | None:
    """What a number says, with a range's other end and the abbreviation of a unit behind it."""
    first = read_number(tokens, index)
    if first is None:
        return None
    if second := second_number(tokens, first.end, read_number):
        if (
            is_year(first)
            and len(second.whole) == 2
            and second.value > first.value % 100
            and not second.fraction
        ):
            return Said(second.end, f"{numerals.year(first.value)} to {second.in_words(numerals)}")
        if is_year(second) and is_year(first) and first.value < second.value:
            return Said(second.end, f"{numerals.year(first.value)} to {numerals.year(second.value)}")
        return _with_unit(
            tokens, second, f"{first.in_words(numerals)} to {second.in_words(numerals)}", many=True
        )
    if said := year(tokens, index, first):
        return said
    if said := _with_fraction(tokens, first):
        return said
    many = first.value != 1 or bool(first.fraction)
    return _with_unit(tokens, first, first.in_words(numerals), many=many, start=index)


def _with_unit(tokens: Tokens, number: WrittenNumber, said: str, *, many: bool, start: int = -1) -> Said:
    end = number.end
    if (
        tokens[end].kind is TokenKind.WORD
        and tokens[end].text in ("k", "K")
        and not tokens.is_word_or_number(end + 1)
    ):
        if tokens[end].text == "K" and not currency_at(tokens, tokens.behind_space(end + 1)):
            return Said(end, said)
        return _with_unit(tokens, WrittenNumber("2", "", end + 1), f"{said} thousand", many=True)
    if tokens[end].text == "M" and tokens[tokens.behind_space(end + 1)].text.islower():
        return Said(end + 1, f"{said} million")
    joined = tokens[end].text in ("-", "‑")
    if found := unit_at(tokens, end + 1 if joined else tokens.behind_space(end)):
        end, unit = found
        attributed = tokens[tokens.behind_space(end)].text in listed("attributed")
        one = (
            joined
            or attributed
            or not many
            or describes(tokens, start, end)
            or (unit.one == "star" and _before_noun(tokens, end))
        )
        return closed(tokens, end, f"{said} {unit.one if one else unit.many}")
    scale = tokens[tokens.behind_space(end)].text
    if scale in ("million", "billion", "trillion", "thousand", "hundred", "mln", "bn"):
        place = tokens.behind_space(end) + 1
        word = {"mln": "million", "bn": "billion"}.get(scale, scale)
        if money := currency_at(tokens, tokens.behind_space(place)):
            return Said(money[0], f"{said} {word} {money[1].many}")
        if found_unit := unit_at(tokens, tokens.behind_space(place)):
            return closed(tokens, found_unit[0], f"{said} {word} {found_unit[1].many}")
        return Said(place, f"{said} {word}")
    if money := currency_at(tokens, tokens.behind_space(end)):
        said = said if not number.fraction or number.fraction != "00" else numerals.cardinal(number.value)
        return Said(money[0], f"{said} {money[1].many if many else money[1].one}")
    return Said(end, said)


def _with_fraction(tokens: Tokens, number: WrittenNumber) -> Said | None:
    """ "1½", "3 ½", "2 1/4"."""
    place = tokens.behind_space(number.end)
    said = FRACTIONS.get(tokens[place].text)
    end = place + 1
    if said is None and tokens[place].kind is TokenKind.NUMBER and tokens[place + 1].text == "/":
        above, below = tokens[place].text, tokens[place + 2].text
        if place == number.end or not is_part(above, below):
            return None
        said = numerals.fraction(int(above), int(below))
        said, end = said.replace("one half", "a half").replace("one quarter", "a quarter"), place + 3
    if said is None or number.fraction:
        return None
    counted = WrittenNumber("2", "", end)
    return _with_unit(tokens, counted, f"{number.in_words(numerals)} and {said}", many=True)


def ordinal(tokens: Tokens, index: int) -> Said | None:
    """ "21st", "19th-century", "1,000th"."""
    number = read_number(tokens, index)
    if number is None or number.fraction or tokens[number.end].text.lower() not in ORDINAL_ENDINGS:
        return None
    return None if number.is_code else Said(number.end + 1, numerals.ordinal(number.value))


def ordinals(tokens: Tokens, index: int) -> Said | None:
    """An ordinal, or two of them: "1st–3rd"."""
    first = ordinal(tokens, index)
    if first is None or not tokens.is_dash(first.end):
        return first
    last = ordinal(tokens, first.end + 1)
    return Said(last.end, f"{first.text} to {last.text}") if last else first


def decimal_alone(tokens: Tokens, index: int) -> Said | None:
    """ ".25": without its zero."""
    if tokens[index].text != "." or tokens[index + 1].kind is not TokenKind.NUMBER:
        return None
    if tokens[index - 1].kind not in (TokenKind.SPACE, TokenKind.END):
        return None
    return Said(index + 2, f"point {numerals.digits(tokens[index + 1].text)}")


def feet_and_inches(tokens: Tokens, index: int) -> Said | None:
    """5'10": somebody's height."""
    inches = tokens.behind_space(index + 2)
    if tokens[index + 1].text not in ("'", "′", "’") or tokens[inches].kind is not TokenKind.NUMBER:
        return None
    if tokens[inches + 1].text not in ('"', "″", "”") or len(tokens[inches].text) > 2:
        return None
    feet = numerals.cardinal(int(tokens[index].text[:4]))
    return Said(inches + 2, f"{feet} foot {numerals.cardinal(int(tokens[inches].text))}")


def signed(tokens: Tokens, index: int) -> Said | None:
    """ "−5", "+5 °C", "±2": a sign that belongs to the number behind it."""
    said = quantity(tokens, index + 1) if is_of_number(tokens, index) else None
    word = {"+": "plus", "±": "plus or minus"}.get(tokens[index].text, "minus")
    return said and Said(said.end, f"{word} {said.text}")


def per(tokens: Tokens, index: int) -> Said | None:
    """ "/person" behind a price or unit."""
    before = tokens[index - 1]
    if tokens[index].text != "/" or tokens[index + 1].kind is not TokenKind.WORD:
        return None
    if not any(tokens[place].kind is TokenKind.NUMBER for place in range(index - 4, index)):
        return None
    priced = (
        before.kind is TokenKind.NUMBER
        or before.text in "€$%"
        or currency_at(tokens, index - 1)
        or unit_at(tokens, index - 1)
    )
    if not priced:
        return None
    if found := unit_at(tokens, index + 1):
        return closed(tokens, found[0], f" per {found[1].one}")
    return Said(index + 2, f" per {tokens[index + 1].text}")


def to_range(tokens: Tokens, index: int) -> Said | None:
    """A dash between two quantities that are no plain numbers: "69%–93%", "5 km – 7 km", "8 am–5 pm"."""
    if tokens[index].text not in DASHES or subtracts(tokens, index):
        return None
    place, behind = tokens.before_space(index), tokens.behind_space(index + 1)
    if (place < index - 1) != (behind > index + 1):
        return None
    before = tokens[place].text
    # "C-3PO" is no range: a number stands before the unit.
    measured = before.lower() in ("am", "pm", "m", "km", "kg", "c", "f") and any(
        tokens[place - back].kind is TokenKind.NUMBER or tokens[place - back].text == "°" for back in (1, 2)
    )
    measured = measured or (before == "." and tokens[place - 1].text.lower() == "m")
    if not before or not (measured or tokens[place].kind is TokenKind.NUMBER or before in "%°€"):
        return None
    if tokens[behind].kind is TokenKind.NUMBER or currency_at(tokens, behind):
        return Said(index + 1, " to ")
    return None


def describes(tokens: Tokens, index: int, end: int) -> bool:
    """Whether the sum describes what follows: "a $20 ticket"."""
    before = tokens[tokens.before_space(index)]
    return before.text.lower() in listed("articles") and _before_noun(tokens, end)


def _before_noun(tokens: Tokens, end: int) -> bool:
    behind = tokens[tokens.behind_space(end)]
    return behind.kind is TokenKind.WORD and behind.text not in listed("not_described")
