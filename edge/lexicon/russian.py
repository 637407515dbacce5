"""Russian noun phrases: "одна собака", "две собаки", "пять собак", "двадцать одна собака"."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import cache
from typing import Any, Literal

from edge.package_tables import read_table

NounCase = Literal["nom", "gen", "dat", "acc", "ins", "loc"]
CASES: tuple[NounCase, ...] = ("nom", "gen", "dat", "acc", "ins", "loc")
"""In the order of the forms in forms_ru.toml."""

_NOM, _GEN, _ACC = CASES.index("nom"), CASES.index("gen"), CASES.index("acc")
_LARGEST_NUMERAL = 100

NounForms = dict[str, Any]


@cache
def _forms() -> dict[str, Any]:
    return read_table(__package__, "forms_ru.toml")


def noun_phrase(label: str, count: int | Literal["several"], case: NounCase) -> str:
    """The label's noun with its number, in ``case``. Raises KeyError for an unknown label."""
    return _counted(_forms()["nouns"][label], count, CASES.index(case))


def noun_phrase_in_sentence(label: str, count: int | Literal["several"], case: NounCase) -> str:
    """The noun with its number for a sentence that is written for one thing and for many.

    "Двадцать одна собака" fits neither, since it wants a singular verb; "больше двадцати собак" is many.
    """
    noun = _forms()["nouns"][label]
    if isinstance(count, int) and 20 < count <= _LARGEST_NUMERAL and _last_part(count) == 1:
        return _more_than(noun, count - 1, CASES.index(case))
    return _counted(noun, count, CASES.index(case))


def is_plural_only(label: str) -> bool:
    """Whether even one of it is a plural: "лыжи едут"."""
    return bool(_forms()["nouns"][label]["gender"] == "p")


def numeral_spellings() -> Iterator[tuple[int, str]]:
    """Every numeral up to a hundred in every gender and case, as (number, words)."""
    for number in range(1, _LARGEST_NUMERAL + 1):
        for gender, case in itertools.product("mfn", range(len(CASES))):
            yield number, _numeral(number, gender, case)
    for number, cases in _forms()["collective"].items():
        yield from ((int(number), form) for form in cases)


def _counted(noun: NounForms, count: int | Literal["several"], case: int) -> str:
    plural = noun["plural"]
    after_numeral = noun.get("counted", plural[_GEN])
    direct = case in (_NOM, _ACC)
    if count == 1:
        return str(noun["singular"][case])
    if count == "several":
        return f"{_forms()['many'][case]} {plural[_GEN] if direct else plural[case]}"
    if noun.get("collective") and count <= 4:
        return _collective(noun, count, case)
    if count > _LARGEST_NUMERAL:
        return _more_than(noun, _LARGEST_NUMERAL, case)
    if counter := noun.get("counter"):
        return f"{_counted(_forms()['counters'][counter], count, case)} {plural[_GEN]}"

    numeral = _numeral(count, noun["gender"], case)
    last = _last_part(count)
    if last == 1:
        if case == _ACC and noun["animate"] and noun["gender"] == "m":
            numeral = f"{numeral.removesuffix(' один')} {_numeral(1, 'm', _GEN)}"
        return f"{numeral} {noun['singular'][case]}"
    if last <= 4 and direct:
        if case == _ACC and noun["animate"] and count == last:
            return f"{_numeral(count, noun['gender'], _GEN)} {after_numeral}"
        return f"{numeral} {noun['paucal']}"
    return f"{numeral} {after_numeral if direct or case == _GEN else plural[case]}"


def _more_than(noun: NounForms, number: int, case: int) -> str:
    """ "Больше двадцати собак", "больше чем двадцатью собаками"."""
    if case in (_NOM, _ACC):
        return f"больше {_counted(noun, number, _GEN)}"
    return f"больше чем {_counted(noun, number, case)}"


def _collective(noun: NounForms, count: int, case: int) -> str:
    """ "Двое детей", "двоих детей"; things take the collective only where it is the subject or object."""
    plural = noun["plural"]
    collective = _forms()["collective"][str(count)]
    if case == _NOM or (case == _ACC and not noun["animate"]):
        return f"{collective[_NOM]} {plural[_GEN]}"
    if noun["animate"]:
        return f"{collective[_GEN if case == _ACC else case]} {plural[case]}"
    return f"{_numeral(count, noun['gender'], case)} {plural[case]}"


def _last_part(number: int) -> int:
    """The part of a numeral that governs the noun: 21 → 1, 12 → 12, 30 → 30."""
    return number if number <= 20 or number % 10 == 0 else number % 10


def _numeral(number: int, gender: str, case: int) -> str:
    last = _last_part(number)
    by_gender = _forms()["numerals"][str(last)]
    word = str((by_gender.get(gender) or by_gender.get("any") or by_gender["m"])[case])
    return word if last == number else f"{_numeral(number - last, gender, case)} {word}"
