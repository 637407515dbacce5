"""Words without a topic: they tell languages apart and are left out of searches."""

from __future__ import annotations

from functools import cache
from typing import Any

from edge.messages import Language
from edge.package_tables import read_table


@cache
def function_words(language: Language) -> frozenset[str]:
    """Pronouns, prepositions, particles."""
    return frozenset(_tables()[language]["function"].split())


@cache
def foreign_function_words() -> frozenset[str]:
    """Pronouns, prepositions, particles of languages that the guide does not speak."""
    return frozenset(_tables()["others"]["function"].split())


@cache
def topicless_words(language: Language) -> frozenset[str]:
    """Function words and what a question is wrapped in ("tell me, please, …")."""
    return function_words(language) | frozenset(_tables()[language]["asking"].split())


@cache
def _tables() -> dict[str, Any]:
    return read_table(__package__, "function_words.toml")
