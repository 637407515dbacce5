"""What settings are made of: kinds of values with their bounds, and the base of all sections."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

Port = Annotated[int, Meta(ge=1, le=65535)]
Fraction = Annotated[float, Meta(ge=0, le=1)]
Seconds = Annotated[float, Meta(gt=0, le=86_400)]
Pause = Annotated[float, Meta(gt=0, le=10)]
"""In seconds."""
Milliseconds = Annotated[int, Meta(ge=0, le=60_000)]
_TOPIC_WORD = r"^[A-Za-z0-9_.-]{1,64}\Z"
_ADDRESS = r"://([^\s/?#\\@]+@)?(\[[\da-fA-F:.]+\]|[^\s/:?#\\@\[\]]+)(:\d{1,5})?([/?#]\S*)?\Z"
_HTTP_URL = rf"^https?{_ADDRESS}"
_CLOUD_URL = rf"^(https?|wss?){_ADDRESS}"
_WAKE_NAME = r"\w.*\w"
PATTERNS_IN_WORDS = {
    _WAKE_NAME: "a name of two letters or more",
    _TOPIC_WORD: "1 to 64 of A-Z, a-z, 0-9, _, . and -",
    _HTTP_URL: "an address such as http://host:8080/v1 or https://host",
    _CLOUD_URL: "an address such as https://host, ws://host:8080",
}
"""What a pattern allows, for people."""

TopicWord = Annotated[str, Meta(pattern=_TOPIC_WORD)]
HttpUrl = Annotated[str, Meta(pattern=_HTTP_URL)]
CloudUrl = Annotated[str, Meta(pattern=_CLOUD_URL)]
WakeName = Annotated[str, Meta(pattern=_WAKE_NAME, max_length=60)]
GateClass = Literal["insults", "threats", "sexual", "personal_data", "alarms", "orders"]
"""What a model may not say."""
ModelRung = Literal["groq", "openai", "local"]
VoiceRung = Literal["elevenlabs", "openai", "piper", "espeak"]
RecognizerRung = Literal["groq", "openai", "faster_whisper", "pocketsphinx"]


class Section(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all sections: immutable, and a misspelt key is an error."""


class Budget(Section, frozen=True):
    """Bounds between which a rung's time to first output is learned."""

    initial_ms: Milliseconds
    """Until enough was learned."""
    max_ms: Milliseconds
