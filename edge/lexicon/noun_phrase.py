"""A noun with its number, as each language says it: "две собаки", "two dogs", "dua ekor anjing"."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

from edge.lexicon import russian
from edge.messages import Language
from edge.package_tables import read_table

_MORE_THAN_A_HUNDRED = {"en": "more than a hundred", "id": "lebih dari seratus"}
_SEVERAL = {"en": "several", "id": "banyak"}


@cache
def _forms(language: Language) -> dict[str, Any]:
    return read_table(__package__, f"forms_{language}.toml")


def noun_phrase(language: Language, label: str, count: int | Literal["several"]) -> str:
    """Name ``count`` of ``label`` (a known label, else KeyError).

    One is the bare noun ("собака", "a dog", "seekor anjing"). Numbers are words up to a hundred, beyond it
    "more than a hundred". Russian words stand in the nominative; see ``russian.noun_phrase`` for other cases.
    """
    if language == "ru":
        return russian.noun_phrase(label, count, "nom")
    forms = _forms(language)
    noun: dict[str, str] = forms["nouns"][label]
    if count == 1:
        return noun["one"]
    if count == "several":
        return f"{_SEVERAL[language]} {noun['many']}"
    numeral = forms["numerals"].get(str(count), _MORE_THAN_A_HUNDRED[language])
    return f"{numeral} {noun.get('counted', noun['many'])}"
