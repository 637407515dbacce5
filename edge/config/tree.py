"""The settings tree: every key with its type, bounds, default and meaning."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from edge.config.secret import Secret
from edge.messages import Chattiness, Language

Port = Annotated[int, Meta(ge=1, le=65535)]
Fraction = Annotated[float, Meta(ge=0, le=1)]
Seconds = Annotated[float, Meta(gt=0, le=86_400)]
Milliseconds = Annotated[int, Meta(ge=0, le=60_000)]
TopicWord = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]{1,64}\Z")]
HttpUrl = Annotated[str, Meta(pattern=r"^https?://\S+$")]
CloudUrl = Annotated[str, Meta(pattern=r"^(https?|wss?)://\S+$")]
ModelRung = Literal["groq", "openai", "local"]
VoiceRung = Literal["elevenlabs", "openai", "piper", "espeak"]


class Section(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all sections: immutable, and a misspelt key is an error."""


class Shuttle(Section, frozen=True):
    id: TopicWord = "demo"
    """One level of the MQTT topics ``shuttle/{id}/…``."""
    language: Language = "ru"
    """What the guide speaks when nobody asks for another language."""


class Mqtt(Section, frozen=True):
    """The on-device broker."""

    host: Annotated[str, Meta(min_length=1)] = "127.0.0.1"
    port: Port = 1883
    username: str | None = None
    password: Secret | None = None
    tls: bool = False
    ca_file: str | None = None
    protocol: Literal["auto", "5", "3.1.1"] = "auto"
    """``auto``: MQTT 5, and 3.1.1 where the broker refuses 5."""
    keepalive_s: Annotated[int, Meta(ge=5, le=3600)] = 30
    backoff_max_s: Seconds = 15.0


class Groq(Section, frozen=True):
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
    api_key: Secret | None = None
    base_url: CloudUrl = "https://api.elevenlabs.io"
    voice_id: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}\Z")] = "y2Y5MeVPm6ZQXK64WUui"
    model_id: str = "eleven_flash_v2_5"
    speed: Annotated[float, Meta(ge=0.7, le=1.2)] = 1.0
    stability: Fraction = 0.5
    similarity_boost: Fraction = 0.75
    sample_rate: Literal[16000, 22050, 24000, 44100] = 24000
    zero_retention: bool = False
    """Ask the service to keep nothing (enterprise accounts only)."""


class Piper(Section, frozen=True):
    voices: dict[Language, str] = {}
    """Language → path of a Piper voice (``….onnx`` beside its ``….onnx.json``)."""
    port: Port | None = None
    """Port of the Piper server on loopback; absent: a free one."""


class Espeak(Section, frozen=True):
    words_per_minute: Annotated[int, Meta(ge=80, le=400)] = 165
    pitch: Annotated[int, Meta(ge=0, le=99)] = 45


class Budget(Section, frozen=True):
    """Bounds between which a rung's time to first output is learned."""

    initial_ms: Milliseconds
    min_ms: Milliseconds
    max_ms: Milliseconds
    stall_ms: Milliseconds
    """Silence in mid-stream after which a rung counts as dead."""
    grace_ms: Milliseconds = 40
    """How long a worse rung that is first waits for a better one that is still running."""
    hedges_per_minute: Annotated[int, Meta(ge=0, le=600)] = 20
    breaker_failures: Annotated[int, Meta(ge=1, le=20)] = 2
    breaker_open_s: Seconds = 5.0
    breaker_open_max_s: Seconds = 60.0


class Commentator(Section, frozen=True):
    chattiness: Chattiness = "normal"
    """``silent`` < ``low`` < ``normal`` < ``high`` < ``unlimited`` (nothing is held back)."""
    models: tuple[ModelRung, ...] = ("groq", "openai", "local")
    """Order of the rungs; the phrasebook always follows as the last."""
    temperature: Annotated[float, Meta(ge=0, le=2)] = 0.0
    max_tokens: Annotated[int, Meta(ge=16, le=180)] = 180
    history: Annotated[int, Meta(ge=0, le=10)] = 3
    """How many of its own last remarks the model is shown, so that it does not repeat itself."""
    prompts_dir: str | None = None
    """Folder with ``ru.txt``, ``en.txt``, ``id.txt`` instead of the ones that come with the guide."""
    blocklist_dir: str | None = None
    """Folder with further blocked words, ``ru.txt``, ``en.txt``, ``id.txt``, one a line."""
    max_remark_chars: Annotated[int, Meta(ge=40, le=2000)] = 400
    remark_ttl_s: Seconds = 5.0
    announcement_ttl_s: Seconds = 120.0
    safety_ttl_s: Seconds = 20.0
    budget: Budget = Budget(initial_ms=1200, min_ms=400, max_ms=2000, stall_ms=1500)


class Speaker(Section, frozen=True):
    output: Annotated[str, Meta(min_length=1)] = "default"
    """A PortAudio device name (or part of one), ``default``, ``wav:PATH`` or ``null``."""
    sample_rate: Annotated[int, Meta(ge=8000, le=192_000)] = 48_000
    volume: Fraction = 0.8
    loudness_cap_dbfs: Annotated[float, Meta(ge=-40, le=0)] = -1.0
    """No sample leaves the guide louder than this."""
    voices: tuple[VoiceRung, ...] = ("elevenlabs", "openai", "piper", "espeak")
    """Order of the rungs; espeak-ng is always the last, also where it is not named."""
    duck_db: Annotated[float, Meta(ge=-60, le=0)] = -14.0
    fade_ms: Annotated[int, Meta(ge=1, le=1000)] = 60
    jitter_ms: Annotated[int, Meta(ge=0, le=1000)] = 0
    """Sound collected before the first sample plays; more rides out a worse network, later."""
    budget: Budget = Budget(initial_ms=900, min_ms=300, max_ms=1500, stall_ms=1200)


class Telemetry(Section, frozen=True):
    turn_text: bool = True
    """Say in ``turn`` what was spoken."""
    answer_text: bool = False
    """The same for answers to passengers, who may have said something private."""
    state_period_s: Seconds = 10.0


class Settings(Section, frozen=True):
    shuttle: Shuttle = Shuttle()
    mqtt: Mqtt = Mqtt()
    groq: Groq = Groq()
    openai: OpenAI = OpenAI()
    local: Local = Local()
    elevenlabs: ElevenLabs = ElevenLabs()
    piper: Piper = field(default_factory=Piper)
    espeak: Espeak = Espeak()
    commentator: Commentator = Commentator()
    speaker: Speaker = Speaker()
    telemetry: Telemetry = Telemetry()
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    runtime_dir: str = field(default_factory=lambda: _default_runtime_dir())
    """Sockets and locks (0750); on a device ``/run/shuttle-guide``."""
    state_dir: str = field(default_factory=lambda: _default_state_dir())
    """What survives a restart: mute, volume."""


SECRETS: dict[str, tuple[str, str]] = {
    "groq_api_key": ("groq", "api_key"),
    "openai_api_key": ("openai", "api_key"),
    "elevenlabs_api_key": ("elevenlabs", "api_key"),
    "mqtt_password": ("mqtt", "password"),
}
"""systemd credential (and, in capitals, environment variable) → where it belongs."""


def _default_runtime_dir() -> str:
    if os.access("/run/shuttle-guide", os.W_OK):
        return "/run/shuttle-guide"
    base = os.environ.get("XDG_RUNTIME_DIR")
    if base and os.access(base, os.W_OK):
        return f"{base}/shuttle-guide"
    return f"{tempfile.gettempdir()}/shuttle-guide-{os.getuid()}"


def _default_state_dir() -> str:
    if os.access("/var/lib/shuttle-guide", os.W_OK):
        return "/var/lib/shuttle-guide"
    home = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local/state")
    return f"{home}/shuttle-guide"
