"""The English tables of abbreviations, read once."""

from __future__ import annotations

from functools import cache, partial
from typing import Any, NamedTuple

from edge.package_tables import read_table
from edge.spoken_form.word_lists import listed_in, sayings_in

listed = partial(listed_in, "en")
sayings = partial(sayings_in, "en")
MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
ORDINAL_ENDINGS = frozenset(("st", "nd", "rd", "th"))


class UnitNames(NamedTuple):
    """What is counted, one of it and many."""

    one: str
    many: str


class Currency(NamedTuple):
    """Money: the unit and its hundredth; empty where nobody counts those."""

    one: str
    many: str
    hundredth: str
    hundredths: str


@cache
def table(name: str) -> dict[str, Any]:
    """One part of the table of abbreviations."""
    return dict(read_table("edge.spoken_form", "abbreviations_en.toml")[name])


@cache
def units() -> dict[str, UnitNames]:
    return {key: UnitNames(*said) for key, said in table("units").items()}


@cache
def currencies() -> dict[str, Currency]:
    return {key: Currency(*said) for key, said in table("money").items()}


@cache
def months() -> dict[str, str]:
    """Written with a capital letter, whole or short, with or without a full stop → the whole name."""
    short = {key.capitalize(): name for key, name in table("months").items()}
    return {name: name for name in MONTHS} | short | {f"{key}.": name for key, name in short.items()}
