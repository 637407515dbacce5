"""What is listed for a language in ``words_LANGUAGE.toml``: words that rules look for, and what signs say."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from edge.messages import Language
from edge.package_tables import read_table


@cache
def listed_in(language: Language, name: str) -> frozenset[str]:
    """One list of words; what stands there as ``кв._м`` is two."""
    return frozenset(word.replace("_", " ") for word in _lists(language)[name].split())


def sayings_in(language: Language, name: str) -> Mapping[str, str]:
    """What is said for each sign, letter or formula."""
    said: dict[str, str] = _lists(language)[name]
    return said


@cache
def _lists(language: Language) -> dict[str, Any]:
    return read_table("edge.spoken_form", f"words_{language}.toml")
