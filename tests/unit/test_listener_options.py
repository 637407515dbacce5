"""What an operator sets reaches the part that it is for."""

from __future__ import annotations

from typing import Any

import msgspec

from edge.config import Settings
from edge.listener.options import make_completeness, recognition_hint


def settings(**listener: Any) -> Settings:
    return msgspec.convert({"listener": listener}, Settings)


def test_names_and_places_are_told_to_the_recognizers() -> None:
    chosen = settings(
        languages=["ru"], addressee={"names": {"ru": ["Настя"]}}, recognizer={"hint": "Луна Бич, Убуд"}
    )
    assert recognition_hint(chosen) == "Луна Бич, Убуд, Настя"


def test_a_language_without_names_has_none_in_the_hint() -> None:
    chosen = settings(languages=["ru", "en"], addressee={"names": {"ru": [], "en": ["Rose"]}})
    assert recognition_hint(chosen) == "Rose"


def test_the_operators_own_name_alone_is_a_beginning_too() -> None:
    chosen = settings(languages=["ru"], addressee={"names": {"ru": ["Настя"]}})
    assert make_completeness(chosen).judge("Настя", "ru") == "unfinished"
