"""Settings of the listener."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, field

from edge.config.kinds import Budget, Pause, RungName, Section, WakeName
from edge.messages import MAX_TEXT_CHARS, Language


class VadSettings(Section, frozen=True):
    """The detector of speech."""

    engine: Literal["silero", "webrtc"] = "silero"
    """``silero`` comes with the extra ``asr``; ``webrtc`` is lighter and finds less in noise."""


class Endpointing(Section, frozen=True):
    """Where an utterance begins and ends."""

    sensitivity: Annotated[float, Meta(ge=0.01, le=0.99)] = 0.5
    """From a probability of ``1 − sensitivity`` on it is speech. RealtimeSTT's 0.05 means 0.95."""
    silence_s: Pause = 0.7
    """Silence that ends an utterance."""
    silence_after_short_s: Pause = 0.9
    """The same after a word or two, which may be a beginning ("Гид, …")."""
    silence_unfinished_s: Pause = 1.5
    """The same where the words understood so far need others behind them ("what is the …")."""
    silence_complete_s: Pause = 0.5
    """The same where they are clearly a whole question. Not more than ``silence_s`` counts."""


class Whisper(Section, frozen=True):
    """faster-whisper. Nothing is ever downloaded."""

    model: str = "base"
    """A model of the catalogue: a folder below ``whisper`` in ``models_dir``; or a path to one."""
    device: Literal["cuda", "cpu"] = "cpu"
    """``cuda`` falls back to the CPU by itself and says so."""
    threads_per_worker: Annotated[int, Meta(ge=0, le=64)] = 0
    """CPU threads of one worker; 0: the number of cores, at most 4."""
    beam: Annotated[int, Meta(ge=1, le=10)] = 5
    """Width of the search for a final transcript. 5 finds some more words than 3, for 0.03 s of a core in an
    utterance of 3 s (docs/hearing.md); a slow board turns it down."""
    interim_model: str | None = None
    """A smaller model for interim transcripts (``tiny``); absent: ``model`` makes them too."""


class RecognizerSettings(Section, frozen=True):
    """Speech recognition."""

    cloud_allowed: bool = False
    """Whether what passengers say may leave the shuttle as sound. See docs/privacy.md."""
    order: tuple[RungName, ...] | dict[Language, tuple[RungName, ...]] = ()
    """Services that hear, ``faster_whisper``, ``gigaam`` (Russian), ``parakeet`` (Russian and English) and
    ``pocketsphinx`` (English), best first; or a table of such orders by language. Empty, not in the
    table, or none of it can hear the language: ``faster_whisper``, and where clouds are allowed ``groq`` and
    ``openai`` before it."""
    workers: Annotated[int, Meta(ge=1, le=8)] = 2
    """Utterances that are recognised at the same time."""
    onnx_device: Literal["cuda", "cpu"] = "cpu"
    """Where ``gigaam`` and ``parakeet`` run. ``cuda`` falls back to the CPU by itself and says so."""
    hint: str = ""
    """Names that are likely to be said, as they are written, and few: each one besides the guide's own costs
    Whisper base other words (docs/hearing.md)."""
    whisper: Whisper = Whisper()
    budget: Budget = Budget(initial_ms=1500, max_ms=4000)


AddresseeMode = Literal["wake", "always", "push_to_talk"]


class AddresseeSettings(Section, frozen=True):
    """Who is answered: by what an utterance counts as meant for the guide."""

    mode: AddresseeMode = "wake"
    """``wake``: the guide's name, the button or an answer just given; ``always``: every utterance is meant;
    ``push_to_talk``: the button alone counts."""
    names: dict[Language, tuple[WakeName, ...]] = field(default_factory=dict)
    """Wake names of a language instead of the guide's own ("гид", "guide", "pemandu", "нуану")."""
    follow_up_s: Annotated[float, Meta(ge=0, le=120)] = 8.0
    """A question that begins so soon after an answer needs no name."""


class Voiceprint(Section, frozen=True):
    """Telling voices apart. Needs the extra ``voiceprint``, a model, and voices enrolled by
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


class ListenerSettings(Section, frozen=True):
    """What the guide hears, and whom it answers."""

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
    """The button's key code (``evtest`` shows it); absent: every key of the device."""
    captions: bool = True
    """Tell what is being said on the device's own feed; it is kept nowhere."""
    notice: Annotated[str, Meta(max_length=MAX_TEXT_CHARS)] = ""
    """Said whenever the doors have closed, so that passengers know that the guide listens; empty: nothing."""
    vad: VadSettings = VadSettings()
    endpointing: Endpointing = Endpointing()
    recognizer: RecognizerSettings = RecognizerSettings()
    addressee: AddresseeSettings = field(default_factory=AddresseeSettings)
    voiceprint: Voiceprint = Voiceprint()
