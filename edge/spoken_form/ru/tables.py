"""The Russian tables of abbreviations, read once."""

from __future__ import annotations

from functools import cache, partial
from typing import NamedTuple

from edge.package_tables import read_table
from edge.spoken_form.word_lists import listed_in, sayings_in

_PACKAGE = "edge.spoken_form"
SCALES = frozenset({"тысяча", "миллион", "миллиард", "триллион"})
listed = partial(listed_in, "ru")
sayings = partial(sayings_in, "ru")
MONTHS = (
    *("января", "февраля", "марта", "апреля", "мая", "июня"),
    *("июля", "августа", "сентября", "октября", "ноября", "декабря"),
)
"""In the genitive, as they stand behind a day."""


class CountedUnit(NamedTuple):
    """What is counted: a noun (with adjectives), and what follows it and never changes."""

    noun: str
    tail: str


@cache
def table(name: str) -> dict[str, str]:
    """One part of the table of abbreviations."""
    return dict(read_table(_PACKAGE, "abbreviations_ru.toml")[name])


@cache
def units() -> dict[str, CountedUnit]:
    return {
        key: CountedUnit(noun.strip(), tail.strip())
        for key, said in table("units").items()
        for noun, _, tail in (said.partition("|"),)
    }


@cache
def currencies() -> dict[str, CountedUnit]:
    """What also stands before a number: "$5", "Rp 50.000"."""
    return {key: unit for key, unit in units().items() if key in listed("currencies")}


@cache
def month_abbreviations() -> dict[str, str]:
    """ "янв." and "янв" → the month in the genitive."""
    named = {
        key: next(each for each in MONTHS if each[:3] == name[:3]) for key, name in table("months").items()
    }
    named["июн"], named["июл"], named["мар"] = "июня", "июля", "марта"
    return named | {f"{key}.": name for key, name in named.items()}


HUNDREDTHS = {"доллар": "цент", "евро": "цент", "рубль": "копейка", "фунт": "пенс"}
