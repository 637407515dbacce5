"""Indonesian numerals."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=4096)
def cardinal(number: int) -> str:
    """ "seratus dua puluh satu"."""
    return _num2words(number, "cardinal")


@lru_cache(maxsize=4096)
def ordinal(number: int) -> str:
    """ "ketiga", "kedua belas"; the first of several is "pertama"."""
    return "pertama" if number == 1 else f"ke{cardinal(number)}"


def _num2words(number: int, to: str) -> str:
    import num2words

    return str(num2words.num2words(number, lang="id", to=to))


def digits(text: str) -> str:
    """Each digit by itself."""
    return " ".join(cardinal(int(digit)) for digit in text)


def decimal(whole: int, fraction: str) -> str:
    return f"{cardinal(whole)} koma {digits(fraction)}"


def fraction(numerator: int, denominator: int) -> str:
    """ "setengah", "seperempat", "dua pertiga"."""
    if (numerator, denominator) == (1, 2):
        return "setengah"
    part = f"per{cardinal(denominator)}"
    return f"se{part}" if numerator == 1 else f"{cardinal(numerator)} {part}"
