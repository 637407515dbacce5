"""Indonesian quantities: numbers with a unit, ranges, money, ordinals and fractions."""

from __future__ import annotations

from edge.spoken_form.id import numerals
from edge.spoken_form.id.tables import listed, table
from edge.spoken_form.numbers import WrittenNumber, is_fraction_at, number_at, second_number
from edge.spoken_form.rules import Said, closed
from edge.spoken_form.signs import is_of_number, subtracts
from edge.spoken_form.tokens import DASHES, TokenKind, Tokens

_FRACTIONS = {"½": "setengah", "¼": "seperempat", "¾": "tiga perempat", "⅓": "sepertiga", "⅔": "dua pertiga"}
_TO = "sampai"


def read_number(tokens: Tokens, index: int) -> WrittenNumber | None:
    return number_at(tokens, index, groups=".", decimals=",.")


def quantity(tokens: Tokens, index: int) -> Said | None:
    """What a number says, with a range's other end and the abbreviation of a unit behind it."""
    first = read_number(tokens, index)
    if first is None:
        return None
    if second := second_number(tokens, first.end, read_number):
        if _is_score(tokens, first, second):
            return Said(second.end, f"{first.in_words(numerals)} {second.in_words(numerals)}")
        return _with_unit(tokens, second.end, f"{first.in_words(numerals)} {_TO} {second.in_words(numerals)}")
    place = tokens.behind_space(first.end)
    if (part := _FRACTIONS.get(tokens[place].text)) and not first.fraction:
        return _with_unit(tokens, place + 1, f"{first.in_words(numerals)} {part}")
    if (
        first.fraction == "5"
        and not first.is_code
        and tokens[place].text in ("jam", "tahun", "bulan", "hari", "km", "meter")
    ):
        # "Satu setengah jam".
        whole = f"{numerals.cardinal(first.value)} " if first.value else ""
        return _with_unit(tokens, first.end, f"{whole}setengah")
    return _with_unit(tokens, first.end, first.in_words(numerals))


def _is_score(tokens: Tokens, first: WrittenNumber, second: WrittenNumber) -> bool:
    """Whether "3-2" is no range: it descends, and has no unit behind it."""
    descends = 100 > first.value >= second.value and not (first.fraction or second.fraction)
    return descends and tokens[tokens.behind_space(second.end)].kind in (TokenKind.END, TokenKind.SIGN)


def decades(tokens: Tokens, index: int) -> Said | None:
    """ "1990-an", "17-an": a number with the ending of its many."""
    number = read_number(tokens, index)
    if number is None or number.fraction or number.is_code or tokens[number.end].text not in ("-", "‑"):
        return None
    if tokens[number.end + 1].text != "an":
        return None
    return Said(number.end + 2, f"{numerals.cardinal(number.value)}an")


def _with_unit(tokens: Tokens, end: int, said: str) -> Said:
    joined = tokens[end].text in ("-", "‑")
    place = end + 1 if joined else tokens.behind_space(end)
    scale = tokens.longest_of(place, table("scales"))
    if (
        scale
        and tokens.text(place, scale[0]).lower() not in ("m", "t", "k")
        and not tokens.is_word_or_number(scale[0])
    ):
        behind = tokens.behind_space(scale[0])
        said = f"{said} {scale[1]}"
        if money := tokens.longest_of(behind, table("money")):
            return Said(money[0], f"{said} {money[1]}")
        if unit := unit_at(tokens, behind):
            return closed(tokens, unit[0], f"{said} {unit[1]}")
        return closed(tokens, scale[0], said)
    money = tokens.longest_of(place, table("money"))
    if money and not tokens.is_word_or_number(money[0]) and tokens.text(place, money[0]).lower() != "rm":
        return Said(money[0], f"{said} {money[1]}")
    if found := unit_at(tokens, place):
        return closed(tokens, found[0], f"{said} {found[1]}")
    # "4K" is a picture's size.
    thousands = tokens[end].text == "k" or (tokens[end].text == "K" and len(tokens[end - 1].text) > 1)
    if thousands and not tokens.is_word_or_number(end + 1):
        return Said(end + 1, f"{said} ribu")
    return Said(end, said)


def unit_at(tokens: Tokens, index: int) -> tuple[int, str] | None:
    """The unit whose abbreviation stands at ``index``, and the index behind it."""
    found = tokens.longest_of(index, table("units"))
    if found is None or (
        tokens.is_word_or_number(found[0]) and tokens[found[0] - 1].kind is not TokenKind.SIGN
    ):
        return None
    text = tokens.text(index, found[0])
    # "Kav. 51 Lt. 3": a storey behind the number, not storeys.
    dot = tokens[found[0]].text == "."
    if text == "Lt" and tokens[tokens.behind_space(found[0] + dot)].kind is TokenKind.NUMBER:
        return None
    # "5G", "4K", "3D" are no grams.
    if len(text) == 1 and text.isupper() and text not in ("V", "W", "L"):
        return None
    return found


def money_before(tokens: Tokens, index: int) -> Said | None:
    """ "Rp20.000,-", "Rp 5 ribu", "US$100", "Rp 50.000 – Rp 100.000"."""
    found = tokens.longest_of(index, table("money"))
    if found is None or tokens[index - 1].kind is TokenKind.WORD:
        return None
    end, money = found
    number = money_number(tokens, tokens.behind_space(end))
    if number is None:
        return None
    said, last = _sum(number), number.end
    if second := second_number(tokens, number.end, money_number):
        said, last = f"{said} {_TO} {_sum(second)}", second.end
    place = tokens.behind_space(last)
    if scale := tokens.whole_of(place, table("scales")):
        return closed(tokens, scale[0], f"{said} {scale[1]} {money}")
    if (
        tokens[last].text == ","
        and tokens[last + 1].text in DASHES
        and tokens[last + 1].kind is TokenKind.SIGN
    ):
        last += 2
    return Said(last, f"{said} {money}")


def money_number(tokens: Tokens, index: int) -> WrittenNumber | None:
    return number_at(tokens, index, groups=".,", decimals=",.")


def _sum(number: WrittenNumber) -> str:
    if number.fraction and not number.fraction.strip("0"):
        return numerals.cardinal(number.value)
    return number.in_words(numerals)


def ordinal(tokens: Tokens, index: int) -> Said | None:
    """ "ke-3", "ke 12", "Ke-21"."""
    if tokens[index].text not in ("ke", "Ke", "KE") or tokens[index + 1].text not in ("-", "‑", "–"):
        return None
    number = read_number(tokens, index + 2)
    if number is None or number.fraction or number.is_code:
        return None
    words = f"ke{numerals.cardinal(number.value)}"
    said = words if number.value != 1 or _follows(tokens, index, "abad") else "pertama"
    return Said(number.end, said.capitalize() if tokens[index].text[0].isupper() else said)


def _follows(tokens: Tokens, index: int, word: str) -> bool:
    return tokens[tokens.before_space(index)].text.lower() == word


def doubled(tokens: Tokens, index: int) -> Said | None:
    """ "anak2": the word twice."""
    word = tokens[index].text
    small = word.islower() or word.istitle()
    if tokens[index + 1].text != "2" or not small or tokens.is_word_or_number(index + 2):
        return None
    lower = word.lower()
    if lower == "bpk":
        word = "Bapak" if word.istitle() else "bapak"
    elif (
        len(word) < 3
        or (word.istitle() and lower not in listed("people"))
        or (len(word) < 4 and lower != "ibu")
    ):
        return None
    return Said(index + 2, f"{word}-{word.lower()}")


def vulgar_fraction(tokens: Tokens, index: int) -> Said | None:
    said = _FRACTIONS.get(tokens[index].text)
    return _with_unit(tokens, index + 1, said) if said else None


def simple_fraction(tokens: Tokens, index: int) -> Said | None:
    """ "1/2", "3/4"; "24/7"."""
    if not is_fraction_at(tokens, index):
        return None
    above, below = tokens[index].text, tokens[index + 2].text
    if (above, below) == ("24", "7"):
        return Said(index + 3, "dua puluh empat jam tujuh hari")
    if (
        len(above) > 2
        or len(below) > 3
        or tokens[index + 3].text == "/"
        or above[0] == "0"
        or below[0] == "0"
    ):
        return None
    if int(above) < int(below) and int(below) > 1:
        return _with_unit(tokens, index + 3, numerals.fraction(int(above), int(below)))
    return Said(index + 3, f"{numerals.cardinal(int(above))} per {numerals.cardinal(int(below))}")


def signed(tokens: Tokens, index: int) -> Said | None:
    """ "−5", "+5 °C", "±2": a sign that belongs to the number behind it."""
    sign = tokens[index].text
    place = tokens.behind_space(index + 1) if sign == "±" else index + 1
    said = quantity(tokens, place) if is_of_number(tokens, index) else None
    word = {"+": "plus", "±": "kurang lebih"}.get(sign, "minus")
    return said and Said(said.end, f"{word} {said.text}")


def to_range(tokens: Tokens, index: int) -> Said | None:
    """A dash between two quantities that are no plain numbers: "69%-93%", "Rp 50.000 – Rp 100.000"."""
    if tokens[index].text not in DASHES or subtracts(tokens, index):
        return None
    place, behind = tokens.before_space(index), tokens.behind_space(index + 1)
    if (place < index - 1) != (behind > index + 1):
        return None
    measured = tokens[place].kind is TokenKind.NUMBER or tokens[place].text in "%°" or unit_at(tokens, place)
    if not tokens[place].text or not measured:
        return None
    if tokens[behind].kind is TokenKind.NUMBER or tokens.longest_of(behind, table("money")):
        return Said(index + 1, f" {_TO} ")
    return None


def per(tokens: Tokens, index: int) -> Said | None:
    """ "/orang" behind a price or unit."""
    before = tokens[index - 1]
    if (
        tokens[index].text != "/"
        or tokens[index + 1].kind is not TokenKind.WORD
        or tokens[index + 1].text.isupper()
    ):
        return None
    if not (
        before.kind is TokenKind.NUMBER
        or before.text in "%-€$"
        or unit_at(tokens, index - 1)
        or before.text in ("ribu", "juta", "rb", "jt", "k")
    ):
        return None
    if found := unit_at(tokens, index + 1):
        return closed(tokens, found[0], f" per {found[1]}")
    return Said(index + 2, f" per {tokens[index + 1].text}")
