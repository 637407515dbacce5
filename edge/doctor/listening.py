"""What listening needs and what is there, looked up without starting anything."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from edge.config import Settings
from edge.doctor.check import Check, optional
from edge.ladder import RungError
from edge.listener.options import recognizer_options
from edge.listener.recognizers.options import CLOUD_ORDER, LOCAL_ORDER
from edge.listener.recognizers.whisper_model import find_model

PACKAGES = {"faster_whisper": "asr", "pocketsphinx": "pocketsphinx"}
"""Recognizer, which is also its package's import name → the extra that brings it."""


def check_listening(settings: Settings) -> Iterator[Check]:
    """Nothing of it is needed by the rest of the guide."""
    chosen = settings.listener
    if folder := settings.answers.knowledge_dir:
        there = Path(folder).is_dir()
        yield optional(
            "knowledge", folder, "there" if there else "no such folder", "" if there else "make it"
        )
    if chosen.input == "null":
        return
    deaf = "hears no stop word while the guide speaks" if chosen.duplex == "half" else "can be interrupted"
    yield optional("duplex", chosen.duplex, deaf)
    order = chosen.recognizer.order or (CLOUD_ORDER if chosen.recognizer.cloud_allowed else LOCAL_ORDER)
    for name, extra in PACKAGES.items():
        if name in order:
            there = find_spec(name) is not None
            advice = "" if there else f"pip install 'shuttle-guide[{extra}]'"
            yield optional(
                f"recognizer {name}", "installed", "installed" if there else "not installed", advice
            )
    if "faster_whisper" in order:
        yield _whisper_model(settings)


def _whisper_model(settings: Settings) -> Check:
    whisper = recognizer_options(settings).whisper
    try:
        return optional("whisper model", whisper.model, str(find_model(whisper)))
    except RungError as error:
        return optional("whisper model", whisper.model, "not found", str(error))
