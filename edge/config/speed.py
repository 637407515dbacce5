"""How quickly each voice speaks: as it is set, within what it can."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from edge.config.services import ESPEAK_WPM, Espeak
from edge.config.tree import Settings

FASTEST_ELEVENLABS = 1.2
"""The API's ``voice_settings.speed`` goes from 0.7 to this; OpenAI's from 0.25 to 4."""


def speed_of(settings: Settings, voice: str) -> float:
    """How quickly a voice speaks; 1.0 is its own speed."""
    wanted = _wanted(settings, voice)
    service = settings.services.get(voice)
    return min(wanted, FASTEST_ELEVENLABS) if service and service.kind == "elevenlabs" else wanted


def espeak_at_speed(settings: Settings) -> Espeak:
    """espeak-ng's settings with its words per minute at ``speaker.speed``."""
    least, most = ESPEAK_WPM
    words = round(settings.espeak.words_per_minute * settings.speaker.speed)
    return msgspec.structs.replace(settings.espeak, words_per_minute=min(max(words, least), most))


def clamped_speeds(settings: Settings) -> Iterator[str]:
    """One line for each configured voice that speaks at another speed than was asked for."""
    for voice in settings.speaker.voices:
        service = settings.services.get(voice)
        wanted, speed = _wanted(settings, voice), speed_of(settings, voice)
        if speed != wanted and service and service.can_be_asked:
            yield f"{voice} speaks at speed {speed:g}, its limit, instead of {wanted:g}"
    wanted_words = round(settings.espeak.words_per_minute * settings.speaker.speed)
    words = espeak_at_speed(settings).words_per_minute
    if words != wanted_words:
        yield f"espeak speaks {words} words per minute, its limit, instead of {wanted_words}"


def _wanted(settings: Settings, voice: str) -> float:
    service = settings.services.get(voice)
    return (service.speed if service else None) or settings.speaker.speed
