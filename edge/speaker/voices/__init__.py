"""The voices, best first: each a rung of the voice ladder."""

from __future__ import annotations

from functools import partial

import msgspec

from edge.clouds.clients import is_own_server
from edge.config import Settings
from edge.models.voices import piper_voices
from edge.speaker.speller import Speller
from edge.speaker.voices.base import Voice
from edge.speaker.voices.espeak import EspeakVoice


def make_voices(settings: Settings, speller: Speller) -> list[Voice]:
    """The configured voices in the configured order; espeak-ng is always there, as the last.

    A cloud voice without a key is left out, and so its library is not imported.
    """
    ladder = [name for name in settings.speaker.voices if name != "espeak"] + ["espeak"]
    made = [make_voice(name, settings, speller) for name in ladder]
    return [voice for voice in made if voice]


def make_voice(name: str, settings: Settings, speller: Speller) -> Voice | None:
    """One voice, not started; None where it is not configured."""
    language = settings.shuttle.language
    if name == "elevenlabs" and settings.elevenlabs.api_key:
        from edge.speaker.voices.elevenlabs import ElevenLabsVoice

        return ElevenLabsVoice(settings.elevenlabs, language)
    if name == "openai" and (settings.openai.api_key or is_own_server(settings.openai)):
        from edge.speaker.voices.openai_speech import OpenAISpeechVoice

        return OpenAISpeechVoice(settings.openai)
    if name == "piper" and settings.piper.voices:
        from edge.speaker.voices.piper import PiperVoice

        found = {spoken: str(path) for spoken, path in piper_voices(settings).items()}
        piper = msgspec.structs.replace(settings.piper, voices=found)
        return PiperVoice(piper, language, partial(speller.pronounced, voice="piper"))
    if name == "espeak":
        return EspeakVoice(settings.espeak, partial(speller.pronounced, voice="espeak"))
    return None
