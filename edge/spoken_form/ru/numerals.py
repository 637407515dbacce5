"""Russian numerals by case and gender: num2words' own, where it errs mended."""

from __future__ import annotations

from functools import lru_cache

from edge.spoken_form.ru.morphology import Case, Gender, decline

_TENTHS = {1: "десятый", 2: "сотый", 3: "тысячный", 4: "десятитысячный", 5: "стотысячный", 6: "миллионный"}
_PARTS = {2: "половина", 3: "треть", 4: "четверть"}
_HALF = "половиной"
_SEVERAL = {2: ("двое", "двоих"), 3: ("трое", "троих"), 4: ("четверо", "четверых")}
"""Collective numerals in the nominative and genitive, before nouns that are only plural."""
_STEM_OF = {1: "одно", 40: "сорока", 90: "девяносто", 100: "сто", 1000: "тысяче"}
_STEM_OF_LAST = {1: "одно", 2: "двух", 3: "трёх", 4: "четырёх"}


@lru_cache(maxsize=4096)
def cardinal(number: int, case: Case = "n", gender: Gender = "m", *, animate: bool = False) -> str:
    """ "двадцать одна", "трёх", "тысяча двести"."""
    # Of larger numbers it would put thousands and tens in the form of living things too.
    animate = animate and (number <= 4 or (number % 10 == 1 and number < 1000))
    millions, rest = divmod(number, 1_000_000)
    if millions:
        # It would put the millions too into the gender of what is counted.
        words = _num2words(millions * 1_000_000, "cardinal", case, "m", False)
        return f"{words} {cardinal(rest, case, gender)}" if rest else words
    words = _num2words(number, "cardinal", case, gender, animate)
    # "Одна тысяча" is said by cashiers.
    return words.split(" ", 1)[1] if 1000 <= number < 2000 else words


@lru_cache(maxsize=4096)
def ordinal(
    number: int, case: Case = "n", gender: Gender = "m", *, plural: bool = False, animate: bool = False
) -> str:
    """ "пятый", "двадцать первой", "две тысячи девятнадцатом"."""
    words = _num2words(number, "ordinal", case, gender, animate, plural)
    return words


def _num2words(number: int, to: str, case: Case, gender: Gender, animate: bool, plural: bool = False) -> str:
    import num2words

    said = num2words.num2words(
        number, lang="ru", to=to, case=case, gender=gender, animate=animate, plural=plural
    )
    return str(said)


def digits(text: str) -> str:
    """Each digit by itself."""
    return " ".join(cardinal(int(digit)) for digit in text)


def decimal(whole: int, fraction: str, case: Case = "n") -> str:
    """ "две целых девять десятых"; what it counts is then in the genitive singular."""
    if len(fraction) > max(_TENTHS):
        return f"{cardinal(whole, case)} запятая {digits(fraction)}"
    parts = int(fraction)
    return f"{_part(whole, 'целый', case)} {_part(parts, _TENTHS[len(fraction)], case)}"


def fraction(numerator: int, denominator: int, case: Case = "n") -> str:
    """ "три четвёртых", "одна вторая"."""
    if noun := _PARTS.get(denominator):
        if numerator == 1:
            return decline(noun, case, plural=False)
        return f"{cardinal(numerator, case, 'f')} {_parts(numerator, noun, case)}"
    return f"{cardinal(numerator, case, 'f')} {_parts_word(numerator, denominator, case)}"


def _parts(number: int, noun: str, case: Case) -> str:
    if case not in "na":
        return decline(noun, case, plural=True)
    return decline(noun, "g", plural=not is_few(number))


def _part(number: int, word: str, case: Case) -> str:
    return f"{cardinal(number, case, 'f')} {_agreed(number, word, case)}"


def _agreed(number: int, adjective: str, case: Case) -> str:
    if takes_singular(number):
        return decline(adjective, case, plural=False, gender="f")
    return decline(adjective, "g" if case in "na" else case, plural=True)


def _parts_word(number: int, denominator: int, case: Case) -> str:
    if takes_singular(number):
        return ordinal(denominator, case, "f")
    return ordinal(denominator, "g" if case in "na" else case, plural=True)


def and_a_half(whole: int, case: Case, gender: Gender) -> str:
    """ "два с половиной", "полтора"; behind the nominative the noun is in the genitive singular."""
    if whole == 1:
        if case in "na":
            return "полторы" if gender == "f" else "полтора"
        return "полутора"
    return f"{cardinal(whole, case, gender)} с {_HALF}"


def collective(number: int, case: Case) -> str | None:
    """ "Двое" суток; None: a noun that is only plural takes the usual numeral."""
    if number not in _SEVERAL or case not in "nag":
        return None
    return _SEVERAL[number][0 if case in "na" else 1]


def takes_singular(number: int) -> bool:
    """Whether the noun is singular, as behind 1, 21, 101, but not 11."""
    return number % 10 == 1 and number % 100 != 11


def is_few(number: int) -> bool:
    """2–4, 22–24 and so on: behind it the noun is in the genitive singular."""
    return 2 <= number % 10 <= 4 and not 12 <= number % 100 <= 14


@lru_cache(maxsize=1024)
def stem(number: int) -> str:
    """The first part of a compound: "двух" (этажный), "пяти" (минутный), "сорока" (летний)."""
    if number in _STEM_OF:
        return _STEM_OF[number]
    if number == 0:
        return "нуль"
    if number > 1000 and number % 1000 == 0 and number < 1_000_000:
        return f"{stem(number // 1000)}тысяче"
    words = cardinal(number, "g").split(" ")
    last = number % 10 if number % 100 > 20 else number
    said = [{"девяноста": "девяносто", "ста": "сто"}.get(word, word) for word in words]
    if last in _STEM_OF_LAST:
        said[-1] = _STEM_OF_LAST[last]
    return "".join(said)
