"""The settings tree: every key with its type, bounds, default and meaning."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, field

from edge.config.console import ConsoleSettings
from edge.config.cost import CostSettings
from edge.config.desk import DeskSettings
from edge.config.fleet import FleetSettings
from edge.config.hearing import ListenerSettings
from edge.config.kinds import (
    Budget,
    Fraction,
    GateClass,
    Milliseconds,
    Port,
    RungName,
    Seconds,
    Section,
    ServiceName,
    Speed,
    TopicWord,
)
from edge.config.recognizer_server import RecognizerServerSettings
from edge.config.secret import Secret
from edge.config.services import BUILT_IN, Espeak, Piper, RHVoice, Service
from edge.messages import Chattiness, Language


class ShuttleSettings(Section, frozen=True):
    """Which shuttle this is."""

    id: TopicWord = "demo"
    """One level of the MQTT topics ``shuttle/{id}/…``."""
    language: Language = "ru"
    """What the guide speaks when nobody asks for another language."""
    site_dir: str | None = None
    """Folder of what the place brings: ``lexicon.toml``, how its names are said (docs/spoken_form.md)."""


class MqttSettings(Section, frozen=True):
    """The on-device broker."""

    host: Annotated[str, Meta(min_length=1)] = "127.0.0.1"
    port: Port = 1883
    username: str | None = None
    """The account of all sessions. One with a password of its own (credential ``mqtt_events_password``, …)
    has an account of its own, ``{username}-events``, ``-control``, ``-telemetry``, ``-console``, ``-cli``."""
    password: Secret | None = None
    events_password: Secret | None = None
    control_password: Secret | None = None
    telemetry_password: Secret | None = None
    console_password: Secret | None = None
    cli_password: Secret | None = None
    tls: bool = False
    """Without it a password goes in plain text: leave it off for a broker on this machine alone."""
    ca_file: str | None = None
    protocol: Literal["auto", "5", "3.1.1"] = "auto"
    """``auto``: MQTT 5, and 3.1.1 where the broker refuses 5."""
    backoff_max_s: Seconds = 15.0
    """Longest pause between two attempts to reach it, taken at once where it refuses. Who sets accounts up
    turns it down, to see sooner whether they are right."""


class Ahead(Section, frozen=True):
    """Remarks that are written ahead, in quiet moments, for the pool (see ``pool``)."""

    enabled: bool = True
    labels: tuple[Annotated[str, Meta(min_length=1, max_length=64)], ...] = (
        "person",
        "motorcycle",
        "scooter",
        "car",
        "dog",
        "cat",
        "bird",
        "chicken",
        "bicycle",
        "truck",
        "bus",
        "child",
        "tree",
        "monkey",
        "cow",
        "temple",
        "rice field",
    )
    """What is likely to be seen, before the shuttle has met anything; what it meets counts more and more."""
    size: Annotated[int, Meta(ge=0, le=2000)] = 160
    """Remarks that a full pool has."""
    requests_per_day: Annotated[int, Meta(ge=0, le=100_000)] = 600
    tokens_per_day: Annotated[int, Meta(ge=0, le=100_000_000)] = 500_000


class CommentatorSettings(Section, frozen=True):
    """What the guide remarks on, how often, and by which models."""

    chattiness: Chattiness = "normal"
    """``silent`` < ``low`` < ``normal`` < ``high`` < ``unlimited`` (nothing is held back)."""
    models: tuple[RungName, ...] = ("groq", "openai", "local")
    """Services that write remarks, best first; the phrasebook always follows as the last."""
    prompts_dir: str | None = None
    """Folder with ``ru.txt``, ``en.txt``, ``id.txt`` instead of the ones that come with the guide, and with
    ``introduction_ru.txt``, …: who it says it is."""
    blocklist_dir: str | None = None
    """Folder with further blocked words, ``ru.txt``, ``en.txt``, ``id.txt``, one a line."""
    gate_classes_off: tuple[GateClass, ...] = ()
    """What a model may say all the same: ``insults``, ``threats``, ``sexual``, ``personal_data`` (telephone
    numbers, passwords), ``alarms`` (what reads like a safety announcement), ``orders`` (to pay, to follow a
    link). Keys, the prompt and the operator's own words are always stopped."""
    remark_ttl_s: Seconds = 5.0
    announcement_ttl_s: Seconds = 120.0
    safety_ttl_s: Seconds = 20.0
    openers: bool = True
    """Say a few ready words at once in front of a remark that is still being written."""
    paid_turns_per_hour: Annotated[int, Meta(ge=0, le=100_000)] = 240
    """Remarks that may ask a paid model or voice for what one camera sees, or for events that name none (of
    one topic twice as many in all); answers likewise. Beyond it the pool, local models and voices, and the
    phrasebook speak. Announcements are not bounded, and safety is local anyway."""
    paid_turns_per_day: Annotated[int, Meta(ge=0, le=1_000_000)] = 2000
    """The same for each date, over restarts."""
    ahead: Ahead = Ahead()
    budget: Budget = Budget(initial_ms=430, max_ms=2000)


class SpeakerSettings(Section, frozen=True):
    """How the guide sounds: output, voices, volume."""

    output: Annotated[str, Meta(min_length=1)] = "default"
    """A PortAudio device name (or part of one), ``default``, ``wav:PATH`` or ``null``."""
    sample_rate: Annotated[int, Meta(ge=8000, le=192_000)] = 48_000
    buffer_ms: Annotated[int, Meta(ge=20, le=500)] = 30
    """Sound that the device holds ahead, at least: where it runs dry it is given more, up to 120. More rides
    out a busier processor; whoever interrupts is given way to, and a stop is heard, so much later."""
    volume: Fraction = 0.8
    voices: tuple[RungName, ...] = ("elevenlabs", "openai", "piper", "rhvoice", "espeak")
    """Services that speak, ``piper`` and ``rhvoice``, best first. ``espeak`` is always the last, also where
    it is not named."""
    speed: Speed = 1.0
    """How quickly every voice speaks, as far as it can; ``speed`` of a service goes before."""
    jitter_ms: Annotated[int, Meta(ge=0, le=1000)] = 0
    """Sound collected before the first sample plays; more rides out a worse network, later."""
    budget: Budget = Budget(initial_ms=300, max_ms=1500)


class PoolSettings(Section, frozen=True):
    """What is voiced ahead, in quiet moments, to be heard without delay (docs/architecture.md)."""

    enabled: bool = True
    """``false``: nothing is voiced ahead, and nothing of what was is played."""
    local_voice: bool = False
    """Voice ahead also where the first voice is a local one, which gains little."""
    max_mb: Annotated[int, Meta(ge=1, le=100_000)] = 200
    """On disk. A remark takes about 0.4 MB; what is worth least goes first."""
    characters_per_day: Annotated[int, Meta(ge=0, le=10_000_000)] = 40_000
    """Characters that the voice may be asked for in a day, over restarts; 0: nothing more is voiced ahead. A
    remark has about 70, and saves the same number live. Two hours of driving need about 25 000, an empty pool
    10 000."""
    quiet_s: Annotated[float, Meta(ge=0, le=3600)] = 5.0
    """Time in which nothing must have been said before the voice is used for the pool. Less fills it also
    where people talk nearly all the time."""
    pause_s: Annotated[float, Meta(ge=0, le=3600)] = 4.0
    """Mean pause between two texts. Each is drawn anew, so that the shuttles of a fleet take turns; the more
    of them share an account that allows few requests a minute, the longer it should be."""


class AnswerSettings(Section, frozen=True):
    """How passengers are answered, and from what."""

    models: tuple[RungName, ...] = ()
    """Services that write answers, best first. Empty: those of ``commentator.models``."""
    knowledge_dir: str | None = None
    """Folder of Markdown pages about the place; absent: the guide knows nothing of it."""
    ttl_s: Seconds = 15.0
    """An answer that could not begin by then is not given any more."""
    openers: bool = True
    """Say a few ready words at once ("one moment…") in front of an answer that is still being written."""
    forget_after_s: Seconds = 120.0
    """After so much silence the conversation is forgotten."""
    speculations_per_minute: Annotated[int, Meta(ge=0, le=600)] = 12
    """Answers that may be begun, unheard, while the end of a question is only likely; 0: none. What a model
    took for a wrong one is lost."""


class TelemetrySettings(Section, frozen=True):
    """What is told to the outside."""

    turn_text: bool = True
    """Say in ``turn`` what was spoken."""
    answer_text: bool = False
    """The same for answers to passengers, who may have said something private, and for their sources."""
    spoken: bool = False
    """Publish on ``spoken`` what is being said, word by word with its time, for displays on the shuttle's own
    broker. Answers to passengers are in it, too."""
    state_period_s: Seconds = 10.0
    """How often ``state`` comes without a change. Who shows vitals or costs turns it down."""
    slow_turn_ms: Milliseconds = 5000
    """A turn whose first content comes later is a warning in the journal."""


class MetricsSettings(Section, frozen=True):
    """Prometheus, on loopback. See docs/metrics.md."""

    enabled: bool = False
    port: Annotated[int, Meta(ge=1024, le=65_000)] = 9560
    """``ingest``'s; ``listener``, ``commentator``, ``speaker``, ``telemetry``, ``console`` have the next."""


class Settings(Section, frozen=True):
    """The whole tree."""

    shuttle: ShuttleSettings = ShuttleSettings()
    mqtt: MqttSettings = MqttSettings()
    services: dict[ServiceName, Service] = field(default_factory=lambda: dict(BUILT_IN))
    piper: Piper = field(default_factory=Piper)
    rhvoice: RHVoice = field(default_factory=RHVoice)
    espeak: Espeak = Espeak()
    commentator: CommentatorSettings = CommentatorSettings()
    speaker: SpeakerSettings = SpeakerSettings()
    pool: PoolSettings = PoolSettings()
    listener: ListenerSettings = field(default_factory=ListenerSettings)
    answers: AnswerSettings = AnswerSettings()
    cost: CostSettings = CostSettings()
    telemetry: TelemetrySettings = TelemetrySettings()
    metrics: MetricsSettings = MetricsSettings()
    fleet: FleetSettings = FleetSettings()
    recognizer_server: RecognizerServerSettings = RecognizerServerSettings()
    console: ConsoleSettings = ConsoleSettings()
    desk: DeskSettings = DeskSettings()
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    runtime_dir: str = field(default_factory=lambda: _default_runtime_dir())
    """Sockets and locks, a folder for each process; on a device ``/run/shuttle-guide``."""
    state_dir: str = field(default_factory=lambda: _default_state_dir())
    """What survives a restart: mute, volume, the pool. Under systemd each process has a folder of its own,
    below ``/var/lib/shuttle-guide``."""
    models_dir: str = field(default_factory=lambda: _default_models_dir())
    """Whisper, Piper and other models; ``shuttle-guide models fetch`` puts them there."""
    models_mirror: str | None = None
    """Where models are fetched from instead of their sources: a folder, or an ``http(s)`` address, with the
    layout of a ``models_dir``."""


KEY = "api_key"
KEY_SUFFIX = f"_{KEY}"
"""Behind a service's name: what its key is called."""
SECRETS: dict[str, tuple[str, ...]] = {
    **{name + KEY_SUFFIX: ("services", name, KEY) for name in BUILT_IN},
    "mqtt_password": ("mqtt", "password"),
    "mqtt_events_password": ("mqtt", "events_password"),
    "mqtt_control_password": ("mqtt", "control_password"),
    "mqtt_telemetry_password": ("mqtt", "telemetry_password"),
    "mqtt_console_password": ("mqtt", "console_password"),
    "mqtt_cli_password": ("mqtt", "cli_password"),
    "fleet_password": ("fleet", "password"),
    "recognizer_server_token": ("recognizer_server", "token"),
    "console_token": ("console", "token"),
    "desk_token": ("desk", "token"),
}
"""systemd credential (and, in capitals, environment variable) → where it belongs. For those of other services
see ``secrets_with``."""


def secrets_with(services: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """``SECRETS``, and the key of each of these services."""
    named = (name for name in services if name.isidentifier())
    return SECRETS | {name + KEY_SUFFIX: ("services", name, KEY) for name in named}


def _default_runtime_dir() -> str:
    if os.access("/run/shuttle-guide", os.X_OK):  # a process of a device, or somebody who may watch them
        return "/run/shuttle-guide"
    base = os.environ.get("XDG_RUNTIME_DIR")
    if base and os.access(base, os.W_OK):
        return f"{base}/shuttle-guide"
    return f"{tempfile.gettempdir()}/shuttle-guide-{os.getuid()}"


def _default_state_dir() -> str:
    if given := os.environ.get("STATE_DIRECTORY"):  # the unit's StateDirectory=
        return given
    if os.access("/var/lib/shuttle-guide", os.W_OK):
        return "/var/lib/shuttle-guide"
    home = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local/state")
    return f"{home}/shuttle-guide"


def _default_models_dir() -> str:
    """The checkout's own folder in a checkout; on a device one below the state."""
    checkout = Path(__file__).parents[2] / "models"
    on_device = Path("/var/lib/shuttle-guide/models")
    if on_device.is_dir():
        return str(on_device)
    return str(checkout) if checkout.is_dir() else f"{_default_state_dir()}/models"
