"""The voices, best first: each a rung of the voice ladder."""

from __future__ import annotations

import msgspec

from edge.config import Settings
from edge.config.speed import espeak_at_speed, speed_of
from edge.models.voices import piper_voices
from edge.speaker.voices.base import Voice
from edge.speaker.voices.espeak import EspeakVoice


def make_voices(settings: Settings) -> list[Voice]:
    """The configured voices in the configured order; espeak-ng is always there, as the last.

    A cloud voice without a key is left out, and so its library is not imported.
    """
    named = dict.fromkeys(settings.speaker.voices)
    made = [make_voice(name, settings) for name in named if name != "espeak"]
    return [*(voice for voice in made if voice), EspeakVoice(espeak_at_speed(settings))]


def make_voice(name: str, settings: Settings) -> Voice | None:
    """One voice, not started; None where it is not configured."""
    language = settings.shuttle.language
    if name == "espeak":
        return EspeakVoice(espeak_at_speed(settings))
    if name == "piper":
        return _piper(settings) if settings.piper.voices else None
    service = settings.services[name]
    if not service.speech_model or not service.can_be_asked:
        return None
    service = msgspec.structs.replace(service, speed=speed_of(settings, name))
    if service.kind == "elevenlabs":
        from edge.speaker.voices.elevenlabs import ElevenLabsVoice

        return ElevenLabsVoice(name, service, language)
    from edge.speaker.voices.openai_speech import OpenAISpeechVoice

    return OpenAISpeechVoice(name, service)


def _piper(settings: Settings) -> Voice:
    from edge.speaker.voices.piper import PiperVoice

    found = {spoken: str(path) for spoken, path in piper_voices(settings).items()}
    piper = msgspec.structs.replace(settings.piper, voices=found)
    return PiperVoice(piper, settings.shuttle.language, speed=settings.speaker.speed)
