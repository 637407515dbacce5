"""The words of the console's pages: every language has all of them, and pages ask for no others."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import get_args

import pytest

from edge.console.pages import PAGES
from edge.console.words import chosen_language, words_in
from edge.fleet.frame import AlarmName
from edge.messages import LANGUAGES, Chattiness, DropReason, Kind, Language, Outcome, ProcessName

CONSOLE = Path(__file__).parents[2] / "edge" / "console"
PLACES = re.compile(r"{(\w+)}")


def words_of(language: Language) -> dict[str, str]:
    tables = tomllib.loads((CONSOLE / f"words_{language}.toml").read_text("utf-8"))
    return {f"{table}.{name}": text for table, texts in tables.items() for name, text in texts.items()}


def test_all_languages_have_the_same_words_with_the_same_places_for_values() -> None:
    places = {
        language: {name: sorted(PLACES.findall(text)) for name, text in words_of(language).items()}
        for language in LANGUAGES
    }
    assert places["ru"] == places["en"] == places["id"]


@pytest.mark.parametrize(
    ("table", "names"),
    [
        ("alarm", get_args(AlarmName)),
        ("drop", get_args(DropReason)),
        ("kind", get_args(Kind)),
        ("outcome", get_args(Outcome)),
        ("process", get_args(ProcessName)),
        ("chattiness", get_args(Chattiness)),
        ("page", tuple(PAGES)),
    ],
)
def test_whatever_the_guide_can_tell_has_words(table: str, names: tuple[str, ...]) -> None:
    assert {f"{table}.{name}" for name in names} <= words_of("en").keys()


def test_pages_ask_for_words_that_there_are_and_no_word_is_of_no_use() -> None:
    sources = [path.read_text("utf-8") for path in (*CONSOLE.glob("templates/*.html"), *CONSOLE.glob("*.py"))]
    found = "\n".join(sources)
    asked = set(re.findall(r"""(?:\bt|words)\(f?["']([a-z]+\.[a-z_]+)["']""", found))
    told = words_of("en").keys()
    assert asked - told == set()
    tables = set(re.findall(r"""(?:\bt|words)\(["']([a-z]+)\.["'] ~""", found)) | {"part", "process", "kind"}
    of_no_use = {name for name in told - asked if name.partition(".")[0] not in tables | {"engineer"}}
    assert of_no_use == set()


@pytest.mark.parametrize(
    ("asked", "accepted", "language"),
    [
        (None, "", "ru"),
        (None, "en-GB,en;q=0.9", "en"),
        (None, "de-DE,id;q=0.8", "id"),
        (None, "in", "id"),
        ("en", "ru-RU", "en"),
        ("xx", "fr", "ru"),
    ],
)
def test_the_language_is_the_chosen_one_then_the_browsers_then_the_shuttles(
    asked: str | None, accepted: str, language: Language
) -> None:
    assert chosen_language(asked, accepted, "ru") == language


def test_a_name_without_words_is_shown_as_it_is() -> None:
    assert words_in("ru")("drop.some_new_reason") == "some new reason"
