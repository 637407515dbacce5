"""Settings of what writes and speaks: clouds, and what stands in for them on this machine."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, field

from edge.config.kinds import CloudUrl, Fraction, HttpUrl, Section
from edge.config.secret import Secret
from edge.messages import Language


class Groq(Section, frozen=True):
    """The Groq cloud."""

    api_key: Secret | None = None
    base_url: HttpUrl = "https://api.groq.com"
    """Without ``/openai/v1``: the SDK adds it."""
    model: str = "openai/gpt-oss-20b"
    """Services retire models: a 404 for it is told in the journal, and the next rung speaks."""
    reasoning_effort: str | None = "low"
    """The least that the model allows; an empty one is not sent."""


class OpenAI(Section, frozen=True):
    """Any OpenAI-compatible cloud: OpenAI, Cerebras, Gemini, …"""

    api_key: Secret | None = None
    base_url: HttpUrl = "https://api.openai.com/v1"
    model: str = "gpt-4.1-nano"
    reasoning_effort: str | None = None
    speech_model: str = "gpt-4o-mini-tts"
    speech_voice: str = "ash"
    thinks_first: bool = False
    """The model's replies begin with thoughts that only a closing ``</think>`` ends."""


class Local(Section, frozen=True):
    """An OpenAI-compatible model server on this machine (``llama-server``, Ollama)."""

    base_url: HttpUrl | None = None
    """Absent: there is none."""
    model: str = "local"
    thinks_first: bool = False
    """The model's replies begin with thoughts that only a closing ``</think>`` ends."""


class ElevenLabs(Section, frozen=True):
    """The ElevenLabs cloud."""

    api_key: Secret | None = None
    base_url: CloudUrl = "https://api.elevenlabs.io"
    voice_id: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}\Z")] = "y2Y5MeVPm6ZQXK64WUui"
    model_id: str = "eleven_flash_v2_5"
    speed: Annotated[float, Meta(ge=0.7, le=1.2)] = 1.0
    stability: Fraction = 0.5
    similarity_boost: Fraction = 0.75
    zero_retention: bool = False
    """Ask the service to keep nothing (enterprise accounts only)."""


class Piper(Section, frozen=True):
    """The neural voice on this machine."""

    voices: dict[Language, str] = field(default_factory=dict)
    """Language → name of a voice in the guide's ``models_dir`` (``ru_RU-denis-medium``), or the path of one
    (``….onnx`` beside its ``….onnx.json``)."""


class Espeak(Section, frozen=True):
    """The voice that cannot fail."""

    words_per_minute: Annotated[int, Meta(ge=80, le=400)] = 165
    pitch: Annotated[int, Meta(ge=0, le=99)] = 45
