"""What should be known of settings that can be used all the same, a line each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Literal

from edge.config.addresses import is_on_this_machine
from edge.config.orders import recognizer_order
from edge.config.retired import retirement
from edge.config.speed import clamped_speeds
from edge.config.tree import Settings
from edge.messages import ProcessName

ModelKey = Literal["model", "speech_model", "transcription_model"]


def notes_on(settings: Settings, today: date, process: ProcessName | None = None) -> list[str]:
    """Models that are missing or retired, keys that cannot be sent, voices that cannot speak so quickly.

    Args:
        process: only what concerns this one.
    """
    hears = settings.listener.recognizer.cloud_allowed
    jobs: list[tuple[ProcessName, str, Iterable[str], ModelKey]] = [
        ("commentator", "commentator.models", settings.commentator.models, "model"),
        ("commentator", "answers.models", settings.answers.models, "model"),
        ("speaker", "speaker.voices", settings.speaker.voices, "speech_model"),
        (
            "listener",
            "listener.recognizer.order",
            recognizer_order(settings) if hears else (),
            "transcription_model",
        ),
    ]
    notes = [
        note
        for of, order, names, key in jobs
        if process in (None, of)
        for note in _of_models(settings, order, names, key, today)
    ]
    if process in (None, "speaker"):
        notes += clamped_speeds(settings)
    return list(dict.fromkeys(notes))


def _of_models(
    settings: Settings, order: str, names: Iterable[str], key: ModelKey, today: date
) -> Iterator[str]:
    for name in names:
        service = settings.services.get(name)
        if service is None or not service.can_be_asked:
            continue
        if service.api_key and not _can_be_sent(service.api_key.reveal()):
            yield (
                f"the key of {name} has something in it that no request can carry, such as a letter that "
                f"only looks like a Latin one: copy {name.upper()}_API_KEY anew"
            )
        model = getattr(service, key)
        if not model:
            yield f"{order} names {name}, which does nothing there: set services.{name}.{key}"
            continue
        if not (service.local or service.api_key) and is_on_this_machine(service.address):
            yield (
                f"{name} is on this machine and counts as a paid cloud: set services.{name}.local = true, "
                "unless it hands what it is asked on to one"
            )
        if key == "speech_model" and not service.voice:
            yield f"{order} names {name}, which has no voice to speak with: set services.{name}.voice"
        if told := retirement(service, model, today):
            yield f"services.{name}.{key} = {model!r} {told}; set another"


def _can_be_sent(key: str) -> bool:
    """Whether the key can stand in an HTTP header."""
    return key.isascii() and key.isprintable()
