"""The voices, best first: each a rung of the voice ladder."""

from __future__ import annotations

from functools import partial

import msgspec

from edge.config import Settings
from edge.config.speed import espeak_at_speed, speed_of
from edge.model_files.voices import piper_voices
from edge.speaker.speller import Speller
from edge.speaker.voices.base import Voice
from edge.speaker.voices.espeak import EspeakVoice


def make_voices(settings: Settings, speller: Speller) -> list[Voice]:
    """The configured voices in the configured order; espeak-ng is always there, as the last.

    A cloud voice without a key is left out, and so its library is not imported.
    """
    order = dict.fromkeys(settings.speaker.voices)
    made = [make_voice(name, settings, speller) for name in order if name != "espeak"]
    return [*(voice for voice in made if voice), _espeak(settings, speller)]


def make_voice(name: str, settings: Settings, speller: Speller) -> Voice | None:
    """One voice, not started; None where it is not configured."""
    if name == "espeak":
        return _espeak(settings, speller)
    if name == "piper":
        return _piper(settings, speller) if settings.piper.voices else None
    if name == "rhvoice":
        return _rhvoice(settings, speller) if settings.rhvoice.allowed else None
    service = settings.services[name]
    if not service.speech_model or not service.can_be_asked:
        return None
    service = msgspec.structs.replace(service, speed=speed_of(settings, name))
    if service.kind == "elevenlabs":
        from edge.speaker.voices.elevenlabs import ElevenLabsVoice

        return ElevenLabsVoice(name, service, settings.shuttle.language)
    from edge.speaker.voices.openai_speech import OpenAISpeechVoice

    return OpenAISpeechVoice(name, service)


def _espeak(settings: Settings, speller: Speller) -> Voice:
    return EspeakVoice(espeak_at_speed(settings), partial(speller.pronounced, voice="espeak"))


def _piper(settings: Settings, speller: Speller) -> Voice:
    from edge.speaker.voices.piper import PiperVoice

    found = {spoken: str(path) for spoken, path in piper_voices(settings).items()}
    piper = msgspec.structs.replace(settings.piper, voices=found)
    pronounce = partial(speller.pronounced, voice="piper")
    return PiperVoice(piper, settings.shuttle.language, pronounce, speed=settings.speaker.speed)


def _rhvoice(settings: Settings, speller: Speller) -> Voice:
    from edge.speaker.voices.rhvoice import RHVoiceVoice

    pronounce = partial(speller.pronounced, voice="rhvoice")
    return RHVoiceVoice(settings.rhvoice, pronounce, speed=settings.speaker.speed)
