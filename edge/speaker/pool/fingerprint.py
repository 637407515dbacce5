"""Which voice the pool has, and its fingerprint: entries of another one would sound like another guide."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlsplit

from edge.config import Settings


class PoolVoiceName(NamedTuple):
    """The voice that entries are made with."""

    rung: str
    fingerprint: str
    """Rung, voice and every setting that is heard, readable."""


def pool_voice(settings: Settings, best: str, *, local: bool) -> PoolVoiceName | None:
    """The pool's voice: the first of the voice ladder; None: there is none that is worth it.

    Args:
        best: the ladder's first rung.
        local: it needs no network, so it is quick anyway.
    """
    if not settings.pool.enabled or (local and not settings.pool.local_voice):
        return None
    return PoolVoiceName(best, " ".join([best, *_heard(settings, best)]))


def _heard(settings: Settings, rung: str) -> list[str]:
    if rung == "piper":
        return [f"{language}={path}" for language, path in sorted(settings.piper.voices.items())]
    if rung == "espeak":
        return [f"{settings.espeak.words_per_minute}", f"{settings.espeak.pitch}"]
    service = settings.services[rung]
    if service.kind == "elevenlabs":
        tuning = (service.speed or 1.0, service.stability, service.similarity_boost)
        return [service.voice or "", service.speech_model or "", *(f"{value:g}" for value in tuning)]
    return [urlsplit(service.address).hostname or "", service.speech_model or "", service.voice or ""]
