"""Which voice the pool has, and its fingerprint: entries of another one would sound like another guide."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlsplit

from edge.config import Settings
from edge.config.speed import espeak_at_speed, speed_of

AS_IT_COMES = "as-it-comes"
"""Voices of this machine are kept as loud as they come; earlier entries of theirs were levelled."""


class PoolVoiceName(NamedTuple):
    """The voice that entries are made with."""

    rung: str
    fingerprint: str
    """Rung, voice, every setting that is heard and how texts are said, readable."""


def pool_voice(settings: Settings, best: str, spelling: str, *, local: bool) -> PoolVoiceName | None:
    """The pool's voice: the first of the voice ladder; None: there is none that is worth it.

    Args:
        best: the ladder's first rung.
        spelling: fingerprint of how texts are said (see ``Speller``).
        local: it needs no network, so it is quick anyway.
    """
    if not settings.pool.enabled or (local and not settings.pool.local_voice):
        return None
    levelled = [AS_IT_COMES] if local else []
    return PoolVoiceName(best, " ".join([best, *heard_settings(settings, best), *levelled, spelling]))


def heard_settings(settings: Settings, rung: str) -> list[str]:
    """What of a rung's settings is heard in its voice."""
    speed = speed_of(settings, rung)
    if rung == "espeak":
        espeak = espeak_at_speed(settings)
        return [f"{espeak.words_per_minute}", f"{espeak.pitch}"]
    if rung == "rhvoice":
        named = sorted(settings.rhvoice.voices.items())
        return [
            *(f"{language}={voice}" for language, voice in named),
            *([] if speed == 1.0 else [f"{speed:g}"]),
        ]
    service = settings.services.get(rung)
    if service and service.kind == "elevenlabs":
        tuning = (speed, service.stability, service.similarity_boost)
        return [service.voice or "", service.speech_model or "", *(f"{value:g}" for value in tuning)]
    at_speed = [] if speed == 1.0 else [f"{speed:g}"]
    if service:
        host = urlsplit(service.address).hostname or ""
        return [host, service.speech_model or "", service.voice or "", *at_speed]
    voices = sorted(settings.piper.voices.items())
    return [*(f"{language}={path}" for language, path in voices), *at_speed]
