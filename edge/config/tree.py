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
Pause = Annotated[float, Meta(gt=0, le=10)]
"""In seconds."""
Milliseconds = Annotated[int, Meta(ge=0, le=60_000)]
_TOPIC_WORD = r"^[A-Za-z0-9_.-]{1,64}\Z"
_ADDRESS = r"://([^\s/@]+@)?(\[[\da-fA-F:.]+\]|[^\s/:?#@\[\]]+)(:\d{1,5})?([/?#]\S*)?\Z"
_HTTP_URL = rf"^https?{_ADDRESS}"
_CLOUD_URL = rf"^(https?|wss?){_ADDRESS}"
PATTERNS_IN_WORDS = {
    _TOPIC_WORD: "1 to 64 of A-Z, a-z, 0-9, _, . and -",
    _HTTP_URL: "an address such as http://host:8080/v1 or https://host",
    _CLOUD_URL: "an address such as https://host, ws://host:8080",
}
"""What a pattern allows, for people."""

TopicWord = Annotated[str, Meta(pattern=_TOPIC_WORD)]
HttpUrl = Annotated[str, Meta(pattern=_HTTP_URL)]
CloudUrl = Annotated[str, Meta(pattern=_CLOUD_URL)]
ModelRung = Literal["groq", "openai", "local"]
VoiceRung = Literal["elevenlabs", "openai", "piper", "espeak"]
RecognizerRung = Literal["groq", "openai", "faster_whisper", "pocketsphinx"]


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
    """Language → name of a voice in the guide's ``models_dir`` (``ru_RU-denis-medium``), or the path of one
    (``….onnx`` beside its ``….onnx.json``)."""
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
    per_request: Annotated[int, Meta(ge=1, le=10)] = 5
    """Remarks that a model is asked for at once."""
    requests_per_day: Annotated[int, Meta(ge=0, le=100_000)] = 600
    tokens_per_day: Annotated[int, Meta(ge=0, le=100_000_000)] = 500_000
    money_per_day: Annotated[float, Meta(ge=0, le=10_000)] = 0.2
    """In the currency of the prices."""
    price_per_million_in: Annotated[float, Meta(ge=0, le=10_000)] = 0.1
    """Of the tokens of a request, as the model's vendor has it."""
    price_per_million_out: Annotated[float, Meta(ge=0, le=10_000)] = 0.5


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
    openers: bool = True
    """Say a few ready words at once in front of a remark that is still being written."""
    ahead: Ahead = Ahead()
    budget: Budget = Budget(initial_ms=1200, min_ms=400, max_ms=2000, stall_ms=1500)


class Speaker(Section, frozen=True):
    output: Annotated[str, Meta(min_length=1)] = "default"
    """A PortAudio device name (or part of one), ``default``, ``wav:PATH`` or ``null``."""
    sample_rate: Annotated[int, Meta(ge=8000, le=192_000)] = 48_000
    buffer_ms: Annotated[int, Meta(ge=20, le=500)] = 30
    """Sound that the device holds ahead, at least: where it runs dry it is given more, up to 120. More rides
    out a busier processor; whoever interrupts is given way to, and a stop is heard, so much later."""
    volume: Fraction = 0.8
    loudness_cap_dbfs: Annotated[float, Meta(ge=-40, le=0)] = -1.0
    """No sample leaves the guide louder than this."""
    voices: tuple[VoiceRung, ...] = ("elevenlabs", "openai", "piper", "espeak")
    """Order of the rungs; espeak-ng is always the last, also where it is not named."""
    duck_db: Annotated[float, Meta(ge=-60, le=0)] = -14.0
    fade_ms: Annotated[int, Meta(ge=1, le=1000)] = 30
    jitter_ms: Annotated[int, Meta(ge=0, le=1000)] = 0
    """Sound collected before the first sample plays; more rides out a worse network, later."""
    budget: Budget = Budget(initial_ms=900, min_ms=300, max_ms=1500, stall_ms=1200)


class Pool(Section, frozen=True):
    """What is voiced ahead, in quiet moments, to be heard without delay (docs/architecture.md)."""

    enabled: bool = True
    """``false``: nothing is voiced ahead, and nothing of what was is played."""
    local_voice: bool = False
    """Voice ahead also where the first voice is a local one, which gains little."""
    max_mb: Annotated[int, Meta(ge=1, le=100_000)] = 200
    """On disk. A remark takes about 0.4 MB; what is worth least goes first."""
    max_age_days: Annotated[float, Meta(gt=0, le=3650)] = 30.0
    """Older remarks are thrown away."""
    characters_per_day: Annotated[int, Meta(ge=0, le=10_000_000)] = 40_000
    """That the voice may be asked for in a day, over restarts; 0: nothing more is voiced ahead. A remark has
    about 70, and saves the same number live. Two hours of driving need about 25 000, an empty pool 10 000."""
    quiet_s: Annotated[float, Meta(ge=0, le=3600)] = 5.0
    """So long nothing must have been said before the voice is used for the pool."""
    pause_s: Annotated[float, Meta(ge=0, le=3600)] = 4.0
    """Mean pause between two texts. Each is drawn anew, so that the shuttles of a fleet take turns."""


class Vad(Section, frozen=True):
    engine: Literal["silero", "webrtc"] = "silero"
    """``silero`` comes with the extra ``asr``; ``webrtc`` is lighter and finds less in noise."""
    device: Literal["cpu", "cuda"] = "cpu"
    """For ``silero``."""
    aggressiveness: Literal[0, 1, 2, 3] = 3
    """For ``webrtc``: 3 takes the least for speech."""


class Endpointing(Section, frozen=True):
    """When an utterance begins and ends."""

    sensitivity: Annotated[float, Meta(ge=0.01, le=0.99)] = 0.5
    """From a probability of ``1 − sensitivity`` on it is speech."""
    min_speech_s: Annotated[float, Meta(gt=0, le=3)] = 0.25
    """Shorter is dropped. "Стоп" is about 0.3 s long."""
    min_voiced_s: Annotated[float, Meta(gt=0, le=3)] = 0.06
    """With less sound that has a voice's spectrum it is noise."""
    silence_s: Pause = 0.7
    """Silence that ends an utterance."""
    silence_after_short_s: Pause = 0.9
    """The same after a word or two, which may be a beginning ("Гид, …")."""
    silence_unfinished_s: Pause = 1.5
    """The same where the words understood so far need others behind them ("what is the …")."""
    silence_complete_s: Pause = 0.5
    """The same where they are clearly a whole question. Not more than ``silence_s`` counts."""
    max_flatness: Fraction = 0.48
    """Spectral flatness up to which sound may be a voice; 1 switches the check off."""
    max_speech_s: Annotated[float, Meta(ge=5, le=60)] = 20.0
    """Longer is cut at its best pause."""


class Whisper(Section, frozen=True):
    """faster-whisper. Nothing is ever downloaded."""

    model: str = "base"
    """A model of the catalogue, a folder below ``models_dir``, or a path to one."""
    models_dir: str | None = None
    """Absent: ``whisper`` in the guide's ``models_dir``."""
    device: Literal["cuda", "cpu"] = "cpu"
    """``cuda`` falls back to the CPU by itself and says so."""
    beam_size: Annotated[int, Meta(ge=1, le=10)] = 3
    threads_per_worker: Annotated[int, Meta(ge=0, le=64)] = 0
    """CPU threads of one worker; 0: the number of cores, at most 4."""
    interim_model: str | None = None
    """A smaller model for interim transcripts (``tiny``); absent: ``model`` makes them too."""


class Guards(Section, frozen=True):
    """Beyond these a transcript is taken for a hallucination of noise; Whisper's own thresholds."""

    no_speech_prob: Fraction = 0.6
    """Together with a low ``avg_logprob``."""
    avg_logprob: Annotated[float, Meta(ge=-20, le=0)] = -1.0
    compression_ratio: Annotated[float, Meta(ge=1, le=100)] = 2.4
    """Bytes of the text to bytes of its compressed form: repetitions compress well."""


class Recognizer(Section, frozen=True):
    cloud_allowed: bool = False
    """Whether what passengers say may leave the shuttle as sound. See docs/privacy.md."""
    order: tuple[RecognizerRung, ...] = ()
    """Best first. Empty: faster-whisper, and where they are allowed the clouds before it."""
    workers: Annotated[int, Meta(ge=1, le=8)] = 2
    """Utterances that are recognised at the same time."""
    hint: str = ""
    """Names and places that are likely to be said."""
    groq_model: str = "whisper-large-v3-turbo"
    openai_model: str = "gpt-4o-mini-transcribe"
    whisper: Whisper = Whisper()
    interim_s: Seconds = 0.5
    """While somebody speaks, an interim transcript is made so often, where the machine is fast enough."""
    guards: Guards = Guards()
    budget: Budget = Budget(initial_ms=1500, min_ms=600, max_ms=4000, stall_ms=2000)


class Addressee(Section, frozen=True):
    """Was it meant for the guide?"""

    mode: Literal["wake", "always", "push_to_talk"] = "wake"
    """``wake``: the guide's name, the button or an answer just given; ``always``: every utterance is meant;
    ``push_to_talk``: the button alone counts."""
    names: dict[Language, tuple[str, ...]] = {}
    """Wake names of a language instead of the guide's own ("гид", "guide", "pemandu", "нуану")."""
    follow_up_s: Annotated[float, Meta(ge=0, le=120)] = 8.0
    """What begins so soon after an answer needs no name."""


class Voiceprint(Section, frozen=True):
    """Whose voice is it? Needs the extra ``voiceprint``, a model, and voices enrolled by
    ``shuttle-guide voices enroll``."""

    model: str = "campplus"
    """CAM++ or ERes2NetV2 in ONNX form: a folder with one ``.onnx`` file below ``speaker`` in the guide's
    ``models_dir``, or a path to one. Where there is none the check is off."""
    device: Literal["cpu", "cuda"] = "cpu"
    """``cuda`` falls back to the CPU by itself and says so."""
    threshold: Annotated[float, Meta(ge=0, le=1)] = 0.5
    """Cosine similarity from which a voice counts as an enrolled one."""
    driver: Literal["by_name", "ignored", "always"] = "by_name"
    """An enrolled driver is answered when he says the guide's name or holds the button (``by_name``), never,
    or always. A stop word is obeyed in any case."""


class Listener(Section, frozen=True):
    input: Annotated[str, Meta(min_length=1)] = "null"
    """A PortAudio device name (or part of one), ``default``, ``wav:PATH``, ``pipe:PATH``; ``null``: the guide
    listens to nobody."""
    languages: Annotated[tuple[Language, ...], Meta(min_length=1)] = ("ru", "en", "id")
    """What passengers may speak, and are answered in."""
    duplex: Literal["half", "full"] = "half"
    """``half``: deaf while the guide speaks. ``full``: can be interrupted; ``echo`` says what it takes."""
    echo: Literal["device", "software"] = "device"
    """Who keeps the guide's voice out of the microphone in full duplex. ``device``: the speakerphone or the
    sound server; ``software``: the guide itself, with the extra ``echo``; without that it stays ``half``."""
    tail_ms: Annotated[int, Meta(ge=0, le=5000)] = 400
    """How long after its end the guide's own voice still reaches the microphone (device and room)."""
    button: str | None = None
    """A push-to-talk button or key that Linux knows as an input device (``/dev/input/by-id/…-event-kbd``).
    The listener needs the group ``input`` for it."""
    button_key: Annotated[int, Meta(ge=1, le=767)] | None = None
    """Its key code (``evtest`` shows it); absent: every key of the device."""
    captions: bool = True
    """Tell what is being said on the device's own feed; it is kept nowhere."""
    notice: Annotated[str, Meta(max_length=500)] = ""
    """Said whenever the doors have closed, so that passengers know that the guide listens; empty: nothing."""
    vad: Vad = Vad()
    endpointing: Endpointing = Endpointing()
    recognizer: Recognizer = Recognizer()
    addressee: Addressee = field(default_factory=Addressee)
    voiceprint: Voiceprint = Voiceprint()


class Answers(Section, frozen=True):
    """What passengers are answered from."""

    knowledge_dir: str | None = None
    """Folder of Markdown pages about the place; absent: the guide knows nothing of it."""
    passages: Annotated[int, Meta(ge=0, le=10)] = 3
    """How many of their sections go with a question."""
    max_chars: Annotated[int, Meta(ge=40, le=2000)] = 400
    ttl_s: Seconds = 15.0
    """An answer that could not begin by then is not given any more."""
    openers: bool = True
    """Say a few ready words at once ("one moment…") in front of an answer that is still being written."""
    forget_after_s: Seconds = 120.0
    """After so much silence the conversation is forgotten."""
    speculations_per_minute: Annotated[int, Meta(ge=0, le=600)] = 12
    """Answers that may be begun, unheard, while the end of a question is only likely; 0: none. What a model
    took for a wrong one is lost."""


class Telemetry(Section, frozen=True):
    turn_text: bool = True
    """Say in ``turn`` what was spoken."""
    answer_text: bool = False
    """The same for answers to passengers, who may have said something private, and for their sources."""
    state_period_s: Seconds = 10.0
    slow_turn_ms: Milliseconds = 5000
    """A turn whose first content comes later is a warning in the journal."""


class Metrics(Section, frozen=True):
    """Prometheus, on loopback. See docs/metrics.md."""

    enabled: bool = False
    port: Annotated[int, Meta(ge=1024, le=65_000)] = 9560
    """Of ``ingest``; ``listener``, ``commentator``, ``speaker`` and ``telemetry`` have the next ones."""


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
    pool: Pool = Pool()
    listener: Listener = field(default_factory=Listener)
    answers: Answers = Answers()
    telemetry: Telemetry = Telemetry()
    metrics: Metrics = Metrics()
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    runtime_dir: str = field(default_factory=lambda: _default_runtime_dir())
    """Sockets and locks (private); on a device ``/run/shuttle-guide``."""
    state_dir: str = field(default_factory=lambda: _default_state_dir())
    """What survives a restart: mute, volume, the pool. Under systemd each process has a folder of its own,
    below ``/var/lib/shuttle-guide``."""
    models_dir: str = field(default_factory=lambda: _default_models_dir())
    """Whisper, Piper and other models; ``shuttle-guide models fetch`` puts them there."""
    models_mirror: str | None = None
    """Where models are fetched from instead of their sources: a folder, or an ``http(s)`` address, with the
    layout of a ``models_dir``."""


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
    if given := os.environ.get("STATE_DIRECTORY"):  # the unit's StateDirectory=
        return given
    if os.access("/var/lib/shuttle-guide", os.W_OK):
        return "/var/lib/shuttle-guide"
    home = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local/state")
    return f"{home}/shuttle-guide"


def _default_models_dir() -> str:
    """On a device below the state; in a checkout the checkout's own folder."""
    checkout = Path(__file__).parents[2] / "models"
    on_device = Path("/var/lib/shuttle-guide/models")
    if on_device.is_dir():
        return str(on_device)
    return str(checkout) if checkout.is_dir() else f"{_default_state_dir()}/models"
