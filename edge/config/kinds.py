"""What settings are made of: kinds of values with their bounds, and the base of all sections."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

Port = Annotated[int, Meta(ge=1, le=65535)]
Fraction = Annotated[float, Meta(ge=0, le=1)]
Speed = Annotated[float, Meta(ge=0.7, le=1.5)]
"""How quickly a voice speaks; 1 is its own."""
Seconds = Annotated[float, Meta(gt=0, le=86_400)]
Pause = Annotated[float, Meta(gt=0, le=10)]
"""In seconds."""
Milliseconds = Annotated[int, Meta(ge=0, le=60_000)]
_TOPIC_WORD = r"^[A-Za-z0-9_.-]{1,64}\Z"
FLEET_WORD = r"^[A-Za-z0-9_-]{1,64}\Z"
_ADDRESS = r"://([^\s/?#\\@]+@)?(\[[\da-fA-F:.]+\]|[^\s/:?#\\@\[\]]+)(:\d{1,5})?([/?#]\S*)?\Z"
_SERVICE_NAME = r"^[a-z][a-z0-9_]{0,31}\Z"
HTTP_URL = rf"^https?{_ADDRESS}"
_CLOUD_URL = rf"^(https?|wss?){_ADDRESS}"
_WAKE_NAME = r"\w.*\w"
PATTERNS_IN_WORDS = {
    _WAKE_NAME: "a name of two letters or more",
    _SERVICE_NAME: "a name of a-z, 0-9 and _ that begins with a letter, at most 32",
    _TOPIC_WORD: "1 to 64 of A-Z, a-z, 0-9, _, . and -",
    FLEET_WORD: "1 to 64 of A-Z, a-z, 0-9, _ and -",
    HTTP_URL: "an address such as http://host:8080/v1 or https://host",
    _CLOUD_URL: "an address such as https://host, ws://host:8080",
}
"""What a pattern allows, for people."""

TopicWord = Annotated[str, Meta(pattern=_TOPIC_WORD)]
FleetWord = Annotated[str, Meta(pattern=FLEET_WORD)]
"""Without a dot: see ``fleet.py``."""
ServiceName = Annotated[str, Meta(pattern=_SERVICE_NAME)]
CloudUrl = Annotated[str, Meta(pattern=_CLOUD_URL)]
WakeName = Annotated[str, Meta(pattern=_WAKE_NAME, max_length=60)]
GateClass = Literal["insults", "threats", "sexual", "personal_data", "alarms", "orders"]
"""What a model may not say."""
RungName = Annotated[str, Meta(min_length=1)]
"""Name of a service or of something on this machine; see ``orders.py``."""


class Section(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all sections: immutable, and a misspelt key is an error."""


class Budget(Section, frozen=True):
    """Bounds between which a rung's time to first output is learned."""

    initial_ms: Milliseconds
    """Until enough was learned. A local model or voice gets 1200 or 900 at least."""
    max_ms: Milliseconds
