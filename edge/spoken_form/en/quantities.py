"""English quantities: numbers with a unit, ranges, money, ordinals and fractions."""

from __future__ import annotations

from edge.spoken_form.en import numerals
from edge.spoken_form.en.tables import Currency, Unit, currencies, table, units
from edge.spoken_form.numbers import WrittenNumber, number_at, second_number
from edge.spoken_form.rules import Said
from edge.spoken_form.tokens import DASHES, Kind, Tokens

_MINUS = "−-–—"
_ORDINAL_ENDINGS = {"st", "nd", "rd", "th"}
_FRACTIONS = {"½": "a half", "¼": "a quarter", "¾": "three quarters", "⅓": "a third", "⅔": "two thirds"}
_BEFORE_YEARS = frozenset(
    (
        *(
            "in",
            "since",
            "until",
            "till",
            "from",
            "by",
            "through",
            "during",
            "circa",
            "before",
            "after",
            "year",
        ),
        *(
            "early",
            "late",
            "mid",
            "between",
            "spring",
            "summer",
            "autumn",
            "winter",
            "around",
            "c",
            "of",
            "copyright",
        ),
    )
)
_NO_YEAR_BEFORE = frozenset(("people", "men", "women", "children", "percent", "rupiah", "hours", "visitors"))
_ARTICLES = frozenset(("a", "an", "this", "that", "our", "your", "my", "each", "every", "another"))
_NOT_DESCRIBED = frozenset(
    (
        "per",
        "for",
        "and",
        "or",
        "to",
        "each",
        "a",
        "an",
        "is",
        "was",
        "on",
        "in",
        "at",
        "of",
        "as",
        "the",
        "more",
    )
)


def read_number(tokens: Tokens, index: int) -> WrittenNumber | None:
    return number_at(tokens, index, groups=",", decimals=".")


def quantity(tokens: Tokens, index: int) -> Said | None:
    """What a number says, with a range's other end and the abbreviation of a unit behind it."""
    first = read_number(tokens, index)
    if first is None:
        return None
    if second := second_number(tokens, first.end, read_number):
        if _is_year(second) and _is_year(first) and first.value < second.value:
            return Said(second.end, f"{numerals.year(first.value)} to {numerals.year(second.value)}")
        return _with_unit(tokens, second, f"{number_words(first)} to {number_words(second)}", many=True)
    if said := _year(tokens, index, first):
        return said
    if said := _with_fraction(tokens, first):
        return said
    return _with_unit(tokens, first, number_words(first), many=first.value != 1 or bool(first.fraction))


def number_words(number: WrittenNumber) -> str:
    if number.is_code:
        return numerals.digits(number.whole)
    if number.fraction:
        return numerals.decimal(number.value, number.fraction)
    return numerals.cardinal(number.value)


def _with_unit(tokens: Tokens, number: WrittenNumber, said: str, *, many: bool) -> Said:
    end = number.end
    if (
        tokens[end].kind is Kind.WORD
        and tokens[end].text in ("k", "K")
        and not tokens.is_word_or_number(end + 1)
    ):
        return _with_unit(tokens, WrittenNumber("2", "", end + 1), f"{said} thousand", many=True)
    joined = tokens[end].text in ("-", "‑")
    if found := unit_at(tokens, end + 1 if joined else tokens.behind_space(end), joined=joined):
        end, unit = found
        return closed(tokens, end, f"{said} {unit.one if joined or not many else unit.many}")
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


def unit_at(tokens: Tokens, index: int, *, joined: bool = False) -> tuple[int, Unit] | None:
    """The unit whose abbreviation stands at ``index``, and the index behind it."""
    found = tokens.longest_of(index, units())
    if found is None:
        return None
    end, unit = found
    text = tokens.text(index, end)
    if tokens.is_word_or_number(end) and tokens[end - 1].kind is not Kind.SIGN:
        return None
    if text in ("a", "A") and tokens[end].kind is Kind.SPACE:
        return None
    if text == "in." and tokens.ends_sentence(end) and tokens[end].kind is not Kind.END:
        return None
    if tokens[end].text in ("'", "’") and text.lower() in ("s", "t", "m"):
        return None
    return end, unit


def currency_at(tokens: Tokens, index: int) -> tuple[int, Currency] | None:
    """The currency that stands at ``index``, and the index behind it."""
    found = tokens.longest_of(index, currencies())
    if found is None or (tokens[found[0] - 1].kind is Kind.WORD and tokens[found[0]].kind is Kind.WORD):
        return None
    return found


def closed(tokens: Tokens, end: int, said: str) -> Said:
    """``said``, with the full stop of its abbreviation where that also ends the sentence."""
    return Said(end, f"{said}." if tokens[end - 1].text == "." and tokens.ends_sentence(end) else said)


def _is_year(number: WrittenNumber) -> bool:
    return (
        len(number.whole) == 4 and not number.grouped and not number.fraction and 1100 <= number.value < 2100
    )


def _year(tokens: Tokens, index: int, number: WrittenNumber) -> Said | None:
    """A year by the word before it, or behind another one ("from 1999 to 2004")."""
    if _is_decade(tokens, number):
        return Said(number.end + 1, numerals.decade(number.value))
    if not number.fraction and tokens[tokens.behind_space(number.end)].text in ("AD", "BC", "CE", "BCE"):
        return Said(number.end, numerals.year(number.value))
    if len(number.whole) != 4 or number.grouped or number.fraction or not 1000 < number.value < 2100:
        return None
    before = tokens[tokens.before_space(index)].text
    behind = tokens[tokens.behind_space(number.end)]
    if before.lower() not in _BEFORE_YEARS and not (before == "to" and _has_year(tokens, index)):
        return None
    if behind.kind is Kind.WORD and (behind.text.lower() in _NO_YEAR_BEFORE or _is_plural(behind.text)):
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
        len(tokens[place].text) == 4 and tokens[place].kind is Kind.NUMBER
        for place in range(index - 5, index)
    )


def _is_plural(word: str) -> bool:
    return (
        word.islower()
        and word.endswith("s")
        and not word.endswith("ss")
        and word not in ("is", "was", "has", "as", "this")
    )


def _with_fraction(tokens: Tokens, number: WrittenNumber) -> Said | None:
    """ "1½", "3 ½", "2 1/4"."""
    place = tokens.behind_space(number.end)
    said = _FRACTIONS.get(tokens[place].text)
    end = place + 1
    if said is None and tokens[place].kind is Kind.NUMBER and tokens[place + 1].text == "/":
        found = simple_fraction(tokens, place)
        if found is None or place == number.end:
            return None
        said, end = found.text.replace("one half", "a half").replace("one quarter", "a quarter"), found.end
    if said is None or number.fraction:
        return None
    counted = WrittenNumber("2", "", end)
    return _with_unit(tokens, counted, f"{number_words(number)} and {said}", many=True)


def vulgar_fraction(tokens: Tokens, index: int) -> Said | None:
    """ "½ cup" → "half a cup"."""
    said = _FRACTIONS.get(tokens[index].text)
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
        and behind.kind is Kind.WORD
        and behind.text.islower()
        and behind.text not in ("of", "a", "an", "the")
        else said,
    )


def simple_fraction(tokens: Tokens, index: int) -> Said | None:
    """ "1/2", "3/4"; "24/7"."""
    if (
        tokens[index + 1].text != "/"
        or tokens[index + 2].kind is not Kind.NUMBER
        or tokens[index - 1].text == "/"
    ):
        return None
    above, below = tokens[index].text, tokens[index + 2].text
    if len(above) > 2 or len(below) > 3 or tokens[index + 3].text == "/" or above[0] == "0":
        return None
    if (above, below) == ("24", "7"):
        return Said(index + 3, "twenty-four seven")
    if int(above) < int(below):
        return Said(index + 3, numerals.fraction(int(above), int(below)))
    return Said(index + 3, f"{numerals.cardinal(int(above))} slash {numerals.cardinal(int(below))}")


def ordinal(tokens: Tokens, index: int) -> Said | None:
    """ "21st", "19th-century", "1,000th"."""
    number = read_number(tokens, index)
    if number is None or number.fraction or tokens[number.end].text.lower() not in _ORDINAL_ENDINGS:
        return None
    return None if number.is_code else Said(number.end + 1, numerals.ordinal(number.value))


def money_before(tokens: Tokens, index: int) -> Said | None:
    """ "$5", "$3.50", "US$100 million", "Rp 7,500", "$5-10"."""
    found = currency_at(tokens, index)
    if found is None or tokens[index - 1].kind is Kind.WORD:
        return None
    end, currency = found
    number = money_number(tokens, tokens.behind_space(end), currency)
    if number is None:
        return None
    second = second_number(tokens, number.end, read_number) or _second_money(tokens, number.end, currency)
    said, last = number_words(number), number
    if second:
        said, last = f"{said} to {number_words(second)}", second
    scale = tokens.longest_of(tokens.behind_space(last.end), table("scales"))
    if scale and not tokens.is_word_or_number(scale[0]):
        return Said(scale[0], f"{said} {scale[1]} {currency.many}")
    if second is None and len(number.fraction) == 2 and currency.hundredth:
        return Said(number.end, _with_hundredths(tokens, index, number, currency))
    if second is None and number.fraction in ("00", "000"):
        said = numerals.cardinal(number.value)
    one = second is None and (
        (number.value == 1 and number.fraction in ("", "00")) or _describes(tokens, index, last.end)
    )
    return Said(last.end, f"{said} {currency.one if one else currency.many}")


def money_number(tokens: Tokens, index: int, currency: Currency) -> WrittenNumber | None:
    """With groups by full stops too where nobody counts hundredths ("Rp 50.000")."""
    groups = ",." if not currency.hundredth else ","
    return number_at(tokens, index, groups=groups, decimals=".,")


def _second_money(tokens: Tokens, index: int, currency: Currency) -> WrittenNumber | None:
    """ "$5–$10"."""
    place = tokens.behind_space(index)
    if tokens[place].text not in DASHES or tokens[place].kind is not Kind.SIGN:
        return None
    found = currency_at(tokens, tokens.behind_space(place + 1))
    if found is None or found[1] != currency:
        return None
    return money_number(tokens, tokens.behind_space(found[0]), currency)


def _with_hundredths(tokens: Tokens, index: int, number: WrittenNumber, currency: Currency) -> str:
    parts = int(number.fraction)
    one = number.value == 1 or (parts == 0 and _describes(tokens, index, number.end))
    said = f"{numerals.cardinal(number.value)} {currency.one if one else currency.many}"
    if number.value == 0 and parts:
        return f"{numerals.cardinal(parts)} {currency.hundredth if parts == 1 else currency.hundredths}"
    if parts == 0:
        return said
    return (
        f"{said} and {numerals.cardinal(parts)} {currency.hundredth if parts == 1 else currency.hundredths}"
    )


def _describes(tokens: Tokens, index: int, end: int) -> bool:
    """Whether the sum describes what follows: "a $20 ticket"."""
    before, behind = tokens[tokens.before_space(index)], tokens[tokens.behind_space(end)]
    return before.text.lower() in _ARTICLES and behind.kind is Kind.WORD and behind.text not in _NOT_DESCRIBED


def money_behind(tokens: Tokens, index: int) -> Said | None:
    """ "5€", "50.000 IDR": groups as in the country of the money."""
    for groups in (",", ".,"):
        number = number_at(tokens, index, groups=groups, decimals=".,")
        found = currency_at(tokens, tokens.behind_space(number.end)) if number else None
        if number and found and (groups == "," or not found[1].hundredth):
            if number.fraction and not found[1].hundredth and groups == ",":
                continue
            if number.fraction and len(number.fraction) == 2 and found[1].hundredth:
                return Said(found[0], _with_hundredths(tokens, index, number, found[1]))
            said = number_words(number)
            return Said(
                found[0],
                f"{said} {found[1].one if number.value == 1 and not number.fraction else found[1].many}",
            )
    return None


def signed(tokens: Tokens, index: int) -> Said | None:
    """ "−5", "+5 °C", "±2": a sign that belongs to the number behind it."""
    sign = tokens[index].text
    if sign not in "+±" + _MINUS or tokens.is_word_or_number(index - 1):
        return None
    place = index + 1
    if tokens[place].kind is not Kind.NUMBER:
        return None
    before = tokens[tokens.before_space(index)]
    if sign in _MINUS and (before.kind is Kind.NUMBER or (sign in "–—" and before.kind is Kind.WORD)):
        return None
    said = quantity(tokens, place)
    word = {"+": "plus", "±": "plus or minus"}.get(sign, "minus")
    return said and Said(said.end, f"{word} {said.text}")


def per(tokens: Tokens, index: int) -> Said | None:
    """ "/person" behind a price or unit."""
    before = tokens[index - 1]
    if tokens[index].text != "/" or tokens[index + 1].kind is not Kind.WORD:
        return None
    priced = (
        before.kind is Kind.NUMBER
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
    if tokens[index].text not in DASHES:
        return None
    place, behind = tokens.before_space(index), tokens.behind_space(index + 1)
    if (place < index - 1) != (behind > index + 1):
        return None
    before = tokens[place].text
    quantity_before = (
        tokens[place].kind is Kind.NUMBER
        or before in "%°€"
        or before.lower() in ("am", "pm", "m", "km", "kg", "c")
    )
    quantity_before = quantity_before or (before == "." and tokens[place - 1].text.lower() == "m")
    if not before or not quantity_before:
        return None
    if tokens[behind].kind is Kind.NUMBER or currency_at(tokens, behind):
        return Said(index + 1, " to ")
    return None
