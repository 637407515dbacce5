"""Which voice the pool has, and its fingerprint: entries of another one would sound like another guide."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlsplit

from edge.config import Settings


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
    return PoolVoiceName(best, " ".join([best, *_heard(settings, best), spelling]))


def _heard(settings: Settings, rung: str) -> list[str]:
    if rung == "elevenlabs":
        voice = settings.elevenlabs
        tuning = (voice.speed, voice.stability, voice.similarity_boost)
        return [voice.voice_id, voice.model_id, *(f"{value:g}" for value in tuning)]
    if rung == "openai":
        cloud = settings.openai
        return [urlsplit(cloud.base_url).hostname or "", cloud.speech_model, cloud.speech_voice]
    if rung == "piper":
        return [f"{language}={path}" for language, path in sorted(settings.piper.voices.items())]
    return [f"{settings.espeak.words_per_minute}", f"{settings.espeak.pitch}"]
