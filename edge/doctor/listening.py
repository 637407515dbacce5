"""What listening needs and what is there, looked up without starting anything."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from edge.config import Settings, state_dir_of
from edge.config.orders import default_recognizer_order, recognizer_order, unfit_recognizer_orders
from edge.doctor.check import Check, optional
from edge.error_lines import reason_of
from edge.ladder import RungError
from edge.listener.duplex import NAMES, choose_duplex
from edge.listener.input import InputError
from edge.listener.input_factory import make_input
from edge.listener.recognizers.onnx_models import MODELS, find_onnx_model
from edge.listener.recognizers.whisper_model import find_model
from edge.listener.turn_end.model import MODEL as TURN_END_MODEL
from edge.listener.turn_end.model import TurnEndError
from edge.listener.turn_end.model import load_model as load_turn_end_model
from edge.listener.voiceprint import EnrolledVoices, KnownVoices, VoiceprintError, load_model

PACKAGES = {
    "faster_whisper": ("faster_whisper", "asr"),
    "gigaam": ("onnx_asr", "asr"),
    "parakeet": ("onnx_asr", "asr"),
    "pocketsphinx": ("pocketsphinx", "pocketsphinx"),
}
"""Recognizer → its package's import name, and the extra that brings it."""


def check_microphone(settings: Settings) -> Iterator[Check]:
    """Open the microphone as the listener does; only while none runs, which would hold it."""
    requested = settings.listener.input
    if requested == "null":
        return
    try:
        source = make_input(requested)
    except ValueError as error:
        yield optional("microphone", requested, "names nothing", str(error))
        return
    try:
        source.open()
        yield optional("microphone", requested, f"opens at {source.sample_rate} Hz")
    except InputError as error:
        yield optional("microphone", requested, "does not open", str(error))
    finally:
        source.close()


def check_listening(settings: Settings) -> Iterator[Check]:
    """Nothing of it is needed by the rest of the guide."""
    chosen = settings.listener
    if folder := settings.answers.knowledge_dir:
        there = Path(folder).is_dir()
        yield optional("knowledge", folder, "there" if there else "no such folder", "make it", unless=there)
    if chosen.input == "null":
        return
    duplex = choose_duplex(chosen)
    able = "can be interrupted" if duplex.barge_in else "hears no stop word while the guide speaks"
    yield optional("duplex", NAMES[duplex.requested], f"{NAMES[duplex.actual]}: {able}", duplex.reason)
    if chosen.button:
        yield _button(chosen.button)
    order = recognizer_order(settings)
    for name, (package, extra) in PACKAGES.items():
        if name in order:
            there = find_spec(package) is not None
            told, advice = "installed" if there else "not installed", f"pip install 'shuttle-guide[{extra}]'"
            yield optional(f"recognizer {name}", "installed", told, advice, unless=there)
    if "pocketsphinx" in order and "en" not in chosen.languages:
        advice = "set another one in listener.recognizer.order, or have en in listener.languages"
        yield optional("pocketsphinx language", ", ".join(chosen.languages), "knows en only", advice)
    for language, unfit in unfit_recognizer_orders(settings).items():
        used = ", ".join(default_recognizer_order(settings))
        advice = f"name one in listener.recognizer.order that knows {language} and is allowed"
        yield optional(f"recognizers of {language}", ", ".join(unfit), f"none can hear it: {used}", advice)
    if "faster_whisper" in order:
        yield _whisper_model(settings)
    for name in filter(MODELS.__contains__, order):
        yield _onnx_model(settings, name)
    yield _turn_end(settings)
    yield _voiceprint(settings)


def _button(path: str) -> Check:
    if not Path(path).exists():
        return optional("button", path, "no such device", "plug it in, or name another one (listener.button)")
    if not os.access(path, os.R_OK):
        return optional("button", path, "may not be read", "run the listener with the group 'input'")
    return optional("button", path, "there")


def _whisper_model(settings: Settings) -> Check:
    model = settings.listener.recognizer.whisper.model
    try:
        return optional("whisper model", model, str(find_model(settings, model)))
    except RungError as error:
        return optional("whisper model", model, "not found", str(error))


def _onnx_model(settings: Settings, name: str) -> Check:
    folder = MODELS[name].folder
    try:
        return optional(f"{name} model", folder, str(find_onnx_model(settings, name)))
    except RungError as error:
        return optional(f"{name} model", folder, "not found", str(error))


def _turn_end(settings: Settings) -> Check:
    """The model is run once, as the listener would."""
    try:
        load_turn_end_model(settings)
    except TurnEndError as error:
        return optional("turn end", TURN_END_MODEL, "off: words and silence decide", str(error))
    except Exception as error:  # what its libraries raise is not documented
        return optional("turn end", TURN_END_MODEL, "off: words and silence decide", reason_of(error))
    return optional("turn end", TURN_END_MODEL, "on")


def _voiceprint(settings: Settings) -> Check:
    """The model is run once, as the listener would: only that shows what it really runs on."""
    chosen = settings.listener.voiceprint
    requested = f"{chosen.model} on {chosen.device}"
    try:
        model = load_model(settings)
    except VoiceprintError as error:
        return optional("voiceprint", requested, "off: voices are not told apart", str(error))
    voices, troubles = EnrolledVoices(state_dir_of(settings, "listener")).load()
    known = KnownVoices(voices, model.fingerprint, chosen.threshold)
    actual = f"{chosen.device} → {model.device}, enrolled: {', '.join(known.names) or 'nobody'}"
    if known.void:
        troubles.append(f"enrolled with another model, enrol anew: {', '.join(known.void)}")
    if not known.names and not troubles:
        troubles.append("shuttle-guide voices enroll guide --guide")
    return optional("voiceprint", requested, actual, "; ".join([*filter(None, [model.reason]), *troubles]))
