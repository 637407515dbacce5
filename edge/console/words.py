"""The words of the pages, by language. A test compares what the languages have."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from edge.messages import LANGUAGES, Language
from edge.package_tables import read_table

NAMES: dict[Language, str] = {"ru": "Русский", "en": "English", "id": "Bahasa Indonesia"}
"""What each language calls itself."""


class PageWords:
    """A language's words for pages: ``words("do.mute")``. A name without words is shown as it is."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self._words = _read(language)

    def __call__(self, name: str, **values: object) -> str:
        """The text of a name, with these values in it."""
        text = self._words.get(name, name.rpartition(".")[2].replace("_", " "))
        return text.format(**values) if values else text


@cache
def words_in(language: Language) -> PageWords:
    return PageWords(language)


@cache
def _read(language: Language) -> Mapping[str, str]:
    tables = read_table(__package__, f"words_{language}.toml")
    return MappingProxyType(
        {f"{table}.{name}": text for table, texts in tables.items() for name, text in texts.items()}
    )


def chosen_language(asked: str | None, accepted: str, otherwise: Language) -> Language:
    """What a reader wants: as chosen on the page, else as the browser says (``Accept-Language``)."""
    for wanted in (asked or "", *(part.partition(";")[0] for part in accepted.split(",")[:8])):
        word = wanted.strip().lower().partition("-")[0]
        for language in LANGUAGES:
            if word == language or (word, language) == ("in", "id"):
                return language
    return otherwise
