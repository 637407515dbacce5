"""What the settings make of the listener's parts."""

from __future__ import annotations

from collections.abc import Sequence

from edge.config import Settings
from edge.listener.addressee import Addressee
from edge.listener.completeness import Completeness
from edge.listener.wake_names import WakeNames, call_words
from edge.messages import Language


def make_addressee(settings: Settings) -> Addressee:
    return Addressee(settings.listener.addressee, settings.listener.languages)


def make_completeness(settings: Settings) -> Completeness:
    return Completeness(settings.listener.languages, _wake_names(settings))


def recognition_hint(settings: Settings) -> str:
    """Names that are likely to be said: those of ``listener.recognizer.hint`` and the guide's own."""
    return _hint(settings, settings.listener.languages)


def recognition_hints(settings: Settings) -> dict[Language, str]:
    """Language → the same, with the guide's names in that language alone."""
    return {language: _hint(settings, [language]) for language in settings.listener.languages}


def _hint(settings: Settings, languages: Sequence[Language]) -> str:
    """The hint as sentences are written: shown names in small letters, Whisper gets more words wrong."""
    given = settings.listener.addressee.names
    told = [settings.listener.recognizer.hint]
    for language in languages:
        names = ", ".join(given.get(language, call_words(language)["names"]))
        told += [names[:1].upper() + names[1:]]
    return ", ".join(dict.fromkeys(", ".join(filter(None, told)).split(", ")))


def _wake_names(settings: Settings) -> WakeNames:
    return WakeNames(settings.listener.languages, settings.listener.addressee.names)
