"""Services that write, speak and hear by name, and what stands in for them on this machine.

The OpenAI-compatible addresses of Cerebras and Gemini are those of their own documentation:
inference-docs.cerebras.ai/resources/openai and ai.google.dev/gemini-api/docs/openai.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, field

from edge.config.kinds import CloudUrl, Fraction, Section, Speed
from edge.config.secret import Secret
from edge.messages import Language

ServiceKind = Literal["groq", "openai", "elevenlabs"]
Price = Annotated[float, Meta(ge=0, le=1_000_000)]
LOCAL_VOICES = ("piper", "rhvoice", "espeak")
LOCAL_RECOGNIZERS = ("faster_whisper", "gigaam", "parakeet", "pocketsphinx")
LANGUAGES_OF: dict[str, tuple[Language, ...]] = {"gigaam": ("ru",), "parakeet": ("ru", "en")}
"""Recognizer on this machine → the guide's languages that it understands; absent: it is asked for all of
them (pocketsphinx refuses what is not English by itself)."""
RESERVED = frozenset({*LOCAL_VOICES, *LOCAL_RECOGNIZERS, "knowledge", "phrasebook", "pool"})
"""Names of rungs that are no services."""
_VENDORS: dict[ServiceKind, str] = {
    "groq": "https://api.groq.com",
    "openai": "https://api.openai.com/v1",
    "elevenlabs": "https://api.elevenlabs.io",
}
ESPEAK_WPM = (80, 400)
"""Words per minute that can be understood."""


class Prices(Section, frozen=True):
    """What a service's vendor asks, in the currency of the day's bounds. Absent: unknown."""

    per_million_tokens_in: Price | None = None
    per_million_tokens_out: Price | None = None
    per_million_characters: Price | None = None
    """For text that is spoken."""
    per_hour_of_audio: Price | None = None
    """For speech that is recognised."""


class Service(Section, frozen=True):
    """A service: it does what it has a model for, where an order of a job names it."""

    kind: ServiceKind = "openai"
    """Which client asks it; ``openai`` is for every OpenAI-compatible one."""
    base_url: CloudUrl | None = None
    """Absent: the vendor's own; a local service without one is not used. Of kind ``groq`` it is without
    ``/openai/v1``, which the SDK adds."""
    api_key: Secret | None = None
    model: str | None = None
    """Writes. Absent: the service does not write."""
    speech_model: str | None = None
    """Speaks (``openai``, ``elevenlabs``). Absent: the service is no voice."""
    transcription_model: str | None = None
    """Hears (``groq``, ``openai``). Absent: the service is no recognizer."""
    local: bool = False
    """The service runs on this machine and costs nothing: it also works where no paid turn is left."""
    reasoning_effort: str | None = None
    """The least that the model allows; an empty one is not sent. Absent: ``none`` for models of OpenAI's that
    are known to think before they write unless they are told not to."""
    temperature: Annotated[float, Meta(ge=0, le=2)] = 0.0
    """For models that refuse 0 (the likeliest words)."""
    thinks_first: bool = False
    """The model's replies begin with thoughts that only a closing ``</think>`` ends."""
    voice: str | None = None
    """The service's name or id of its voice."""
    speaks: tuple[Language, ...] = ()
    """Languages that its voice speaks (``openai``); in others the next rung speaks. Empty: all."""
    speed: Speed | None = None
    """How quickly its voice speaks, instead of ``speaker.speed``."""
    stability: Fraction = 0.5
    """ElevenLabs only, as the next two."""
    similarity_boost: Fraction = 0.75
    zero_retention: bool = False
    """Ask the service to keep nothing (enterprise accounts only)."""
    prices: Prices = Prices()

    @property
    def address(self) -> str:
        """Where it is asked; empty: nowhere."""
        return self.base_url or ("" if self.local else _VENDORS[self.kind])

    @property
    def is_openai(self) -> bool:
        """Whether OpenAI itself is asked, and no other that is asked as OpenAI is."""
        return self.kind == "openai" and self.address.rstrip("/") == _VENDORS["openai"]

    @property
    def is_own_server(self) -> bool:
        """OpenAI-compatible, and at none of the vendors that we know: it may want no key."""
        return self.kind == "openai" and self.address.rstrip("/") not in _WITH_KEY

    @property
    def can_be_asked(self) -> bool:
        """Whether it has an address, and a key where one is needed."""
        return bool(self.address) and (self.api_key is not None or self.is_own_server)


BUILT_IN: dict[str, Service] = {
    "groq": Service(
        kind="groq",
        base_url=_VENDORS["groq"],
        model="openai/gpt-oss-20b",
        transcription_model="whisper-large-v3-turbo",
        reasoning_effort="low",
    ),
    "openai": Service(
        base_url=_VENDORS["openai"],
        model="gpt-5.6-luna",
        speech_model="gpt-4o-mini-tts",
        transcription_model="gpt-4o-mini-transcribe",
        voice="ash",
    ),
    "cerebras": Service(base_url="https://api.cerebras.ai/v1"),
    "gemini": Service(base_url="https://generativelanguage.googleapis.com/v1beta/openai"),
    "local": Service(model="local", local=True),
    "elevenlabs": Service(
        kind="elevenlabs",
        base_url=_VENDORS["elevenlabs"],
        speech_model="eleven_flash_v2_5",
        voice="y2Y5MeVPm6ZQXK64WUui",
    ),
}
"""The entries that are there without any setting."""
_WITH_KEY = {service.base_url for service in BUILT_IN.values()} - {None}


class Piper(Section, frozen=True):
    """The neural voice on this machine."""

    voices: dict[Language, str] = field(default_factory=dict)
    """Language → name of a voice in the guide's ``models_dir`` (``ru_RU-denis-medium``), or the path of one
    (``….onnx`` beside its ``….onnx.json``)."""


class RHVoice(Section, frozen=True):
    """Voices for Russian and English on this machine, in a program of its own (docs/voices.md)."""

    allowed: bool = False
    """The site has read the licences of the voices that it names (``shuttle-guide doctor`` tells them; some
    forbid commercial use) and has the Debian packages installed."""
    voices: dict[Language, str] = field(default_factory=lambda: {"ru": "anna", "en": "slt"})
    """Language → name of a voice, as ``RHVoice-test -p`` takes it."""


class Espeak(Section, frozen=True):
    """The voice that cannot fail."""

    words_per_minute: Annotated[int, Meta(ge=ESPEAK_WPM[0], le=ESPEAK_WPM[1])] = 165
    pitch: Annotated[int, Meta(ge=0, le=99)] = 45
