"""What a client may change while it is connected, by the names that RealtimeSTT's clients use. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from msgspec import structs

from edge.config.hearing import Endpointing
from edge.foreign_numbers import finite
from edge.recognizer_server.audio_message import BadMessage
from edge.recognizer_server.language_tag import language_code

MAX_PROMPT_CHARS = 1000
UNUSED = frozenset(
    {
        "deactivity_silence_confirmation_duration",
        "use_wake_words",
        "wake_word_activation_delay",
        "wake_words",
    }
)
"""Clients set them as a matter of course; there are no wake words here, and words confirm an end."""


@dataclass(frozen=True)
class Parameters:
    """How one client's sound is taken."""

    endpointing: Endpointing
    language: str | None
    """None: found out."""
    prompt: str
    interim: bool
    min_length_s: float
    languages: tuple[str, ...] = field(default=())
    """What may be chosen."""

    def set(self, name: str, value: object) -> Parameters:
        """The parameters with one of them changed.

        Raises:
            BadMessage: there is no such parameter, or the value cannot be used; says what is allowed.
        """
        if name in UNUSED:
            return self
        if name not in _SETTERS:
            raise BadMessage(f"there is no parameter {_shown(name)}; there are {', '.join(sorted(_SETTERS))}")
        return _SETTERS[name](self, value)

    def get(self, name: str) -> Any:
        """
        Raises:
            BadMessage: there is no such parameter.
        """
        if name in UNUSED:
            return 0.0 if name != "wake_words" else ""
        if name not in _GETTERS:
            raise BadMessage(f"there is no parameter {_shown(name)}; there are {', '.join(sorted(_GETTERS))}")
        return _GETTERS[name](self)


def _set_language(now: Parameters, value: object) -> Parameters:
    language = language_code(value) if isinstance(value, str) else value
    if language in (None, ""):
        return replace(now, language=now.languages[0] if len(now.languages) == 1 else None)
    if not isinstance(language, str) or language not in now.languages:
        raise BadMessage(f'language: expected {", ".join(now.languages)} or "", came {_shown(value)}')
    return replace(now, language=language)


def _set_sensitivity(now: Parameters, value: object) -> Parameters:
    sensitivity = _number("silero_sensitivity", value, 0.01, 0.99)
    return replace(now, endpointing=structs.replace(now.endpointing, sensitivity=sensitivity))


def _set_silence(now: Parameters, value: object) -> Parameters:
    silence_s = _number("post_speech_silence_duration", value, 0.05, 10)
    return replace(now, endpointing=with_silence(now.endpointing, silence_s))


def _set_min_length(now: Parameters, value: object) -> Parameters:
    return replace(now, min_length_s=_number("min_length_of_recording", value, 0, 10))


def _set_interim(now: Parameters, value: object) -> Parameters:
    if not isinstance(value, bool):
        raise BadMessage(f"enable_realtime_transcription: expected true or false, came {_shown(value)}")
    return replace(now, interim=value)


def _set_prompt(now: Parameters, value: object) -> Parameters:
    if value is None:
        value = ""
    if not isinstance(value, str) or len(value) > MAX_PROMPT_CHARS:
        raise BadMessage(f"initial_prompt: expected text of at most {MAX_PROMPT_CHARS} characters")
    whole = value.encode("utf-8", "replace").decode()  # half a character is nothing an engine can take
    return replace(now, prompt=" ".join(whole.split()))


_SETTERS: dict[str, Callable[[Parameters, object], Parameters]] = {
    "language": _set_language,
    "silero_sensitivity": _set_sensitivity,
    "post_speech_silence_duration": _set_silence,
    "min_length_of_recording": _set_min_length,
    "enable_realtime_transcription": _set_interim,
    "initial_prompt": _set_prompt,
}
_GETTERS: dict[str, Callable[[Parameters], Any]] = {
    "language": lambda now: now.language or "",
    "silero_sensitivity": lambda now: now.endpointing.sensitivity,
    "post_speech_silence_duration": lambda now: now.endpointing.silence_s,
    "min_length_of_recording": lambda now: now.min_length_s,
    "enable_realtime_transcription": lambda now: now.interim,
    "initial_prompt": lambda now: now.prompt,
}


def with_silence(options: Endpointing, silence_s: float) -> Endpointing:
    """The options with one silence that ends an utterance whatever was said; an unfinished one has more."""
    return structs.replace(
        options,
        silence_s=silence_s,
        silence_after_short_s=silence_s,
        silence_complete_s=silence_s,
        silence_unfinished_s=max(silence_s, options.silence_unfinished_s),
    )


def _number(name: str, value: object, low: float, high: float) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not low <= value <= high:  # type: ignore[operator]  # NaN lies nowhere
        raise BadMessage(f"{name}: expected a number of {low:g} to {high:g}, came {_shown(value)}")
    number = finite(value)
    assert number is not None  # it lies between two numbers
    return number


def _shown(value: object) -> str:
    shown = ascii(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}…"
