"""English numerals."""

from __future__ import annotations

from functools import lru_cache

_PARTS = {2: ("half", "halves"), 4: ("quarter", "quarters")}


@lru_cache(maxsize=4096)
def cardinal(number: int) -> str:
    """ "one hundred and fifty"."""
    return _num2words(number, "cardinal")


@lru_cache(maxsize=4096)
def ordinal(number: int) -> str:
    """ "twenty-first"."""
    return _num2words(number, "ordinal")


def _num2words(number: int, to: str) -> str:
    import num2words

    return str(num2words.num2words(number, lang="en", to=to)).replace(",", "")


def digits(text: str) -> str:
    """Each digit by itself."""
    return " ".join(cardinal(int(digit)) for digit in text)


def year(number: int) -> str:
    """A year in pairs: "nineteen oh nine", "twenty twenty-four", "two thousand eight", "eleven hundred"."""
    if number < 1000 or 2000 <= number < 2010 or number % 1000 == 0:
        return cardinal(number).replace("thousand and", "thousand")
    return pairs(number)


def pairs(number: int) -> str:
    """Four digits as two numbers: "sixteen sixty-six"."""
    first, last = divmod(number, 100)
    if last == 0:
        return f"{cardinal(first)} hundred"
    return f"{cardinal(first)} {'oh ' if last < 10 else ''}{cardinal(last)}"


def decade(number: int) -> str:
    """ "nineteen fifties", "two thousands"."""
    words = year(number) if number > 99 else cardinal(number)
    return f"{words[:-1]}ies" if words.endswith("y") else f"{words}s"


def decimal(whole: int, fraction: str) -> str:
    return f"{cardinal(whole)} point {digits(fraction)}"


def fraction(numerator: int, denominator: int) -> str:
    """ "three quarters", "one half", "two thirds"."""
    one, many = _PARTS.get(denominator, ("", ""))
    one = one or ordinal(denominator)
    return f"{cardinal(numerator)} {one if numerator == 1 else many or one + 's'}"
