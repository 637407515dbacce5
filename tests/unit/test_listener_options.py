"""What an operator sets reaches the part that it is for."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from edge.config import Settings
from edge.listener.options import endpointing_options, make_completeness, recognition_hint, recognizer_options


def settings(**listener: Any) -> Settings:
    return msgspec.convert({"listener": listener}, Settings)


def test_names_and_places_are_told_to_the_recognizers() -> None:
    chosen = settings(
        languages=["ru"], addressee={"names": {"ru": ["Настя"]}}, recognizer={"hint": "Луна Бич, Убуд"}
    )
    assert recognition_hint(chosen) == "Луна Бич, Убуд, настя"


def test_the_reference_systems_ears_can_be_had() -> None:
    silences = {
        f"silence_{when}s": value
        for when, value in {"": 1.5, "after_short_": 1.5, "unfinished_": 2.0, "complete_": 1.5}.items()
    }
    options = endpointing_options(
        settings(endpointing={"sensitivity": 0.05, "min_voiced_s": 1.5, **silences})
    )
    assert options.on_threshold == pytest.approx(0.95)
    assert (options.silence_s, options.silence_unfinished_s, options.min_voiced_s) == (1.5, 2.0, 1.5)


def test_the_guards_against_noise_are_settings() -> None:
    guards = {"no_speech_prob": 0.9, "avg_logprob": -2.0, "compression_ratio": 5.0}
    chosen = settings(endpointing={"max_flatness": 1.0}, recognizer={"guards": guards})
    assert msgspec.to_builtins(recognizer_options(chosen).guards) == guards
    assert endpointing_options(chosen).max_flatness == 1.0


def test_the_operators_own_name_alone_is_a_beginning_too() -> None:
    chosen = settings(languages=["ru"], addressee={"names": {"ru": ["Настя"]}})
    assert make_completeness(chosen).judge("Настя", "ru") == "unfinished"


def test_interim_transcripts_have_a_model_and_a_pace_of_their_own() -> None:
    options = recognizer_options(
        settings(recognizer={"interim_s": 1.0, "whisper": {"interim_model": "tiny"}})
    )
    assert (options.interim_s, options.whisper.interim_model) == (1.0, "tiny")
