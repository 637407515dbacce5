"""From the settings tree to the options of the listener's parts."""

from __future__ import annotations

from pathlib import Path

import msgspec

from edge.config import Settings
from edge.listener.addressee import Addressee
from edge.listener.completeness import Completeness
from edge.listener.endpointing_options import EndpointingOptions
from edge.listener.recognizers import GuardLimits, RecognizerOptions, WhisperOptions
from edge.listener.vad import VadOptions
from edge.listener.wake_names import WakeNames


def vad_options(settings: Settings) -> VadOptions:
    return VadOptions(**msgspec.structs.asdict(settings.listener.vad))


def endpointing_options(settings: Settings) -> EndpointingOptions:
    return EndpointingOptions(**msgspec.structs.asdict(settings.listener.endpointing))


def recognizer_options(settings: Settings) -> RecognizerOptions:
    chosen = settings.listener.recognizer
    whisper = msgspec.structs.asdict(chosen.whisper)
    whisper["models_dir"] = whisper["models_dir"] or str(Path(settings.models_dir) / "whisper")
    return RecognizerOptions(
        cloud_allowed=chosen.cloud_allowed,
        order=chosen.order or None,
        languages=settings.listener.languages,
        workers=chosen.workers,
        interim_s=chosen.interim_s,
        guards=GuardLimits(**msgspec.structs.asdict(chosen.guards)),
        whisper=WhisperOptions(**whisper),
        groq=settings.groq,
        groq_model=chosen.groq_model,
        openai=settings.openai,
        openai_model=chosen.openai_model,
        budget=chosen.budget,
    )


def make_addressee(settings: Settings) -> Addressee:
    chosen = settings.listener.addressee
    return Addressee(chosen.mode, settings.listener.languages, chosen.names, follow_up_s=chosen.follow_up_s)


def make_completeness(settings: Settings) -> Completeness:
    return Completeness(settings.listener.languages, _wake_names(settings))


def recognition_hint(settings: Settings) -> str:
    """Names and places that are likely to be said: the configured ones and the guide's own names."""
    names = _wake_names(settings).spelt
    return ", ".join([*filter(None, [settings.listener.recognizer.hint]), *names])


def _wake_names(settings: Settings) -> WakeNames:
    return WakeNames(settings.listener.languages, settings.listener.addressee.names)
