"""Every message that crosses a process border: one typed struct each, and nothing else.

The definitions are the documentation. Times named ``*_at`` or ``ts`` are Unix seconds; times named
``*_mono`` are seconds of ``CLOCK_MONOTONIC``, which all processes of one boot share; durations carry
their unit in the name. Encoding is MessagePack with the struct's name as ``type``.
"""

from __future__ import annotations

import os
import time
from enum import IntEnum
from typing import Annotated, Literal, NamedTuple, get_args

import msgspec

from edge.ignition_note import Ignition
from edge.vitals.heat import HeatLevel

SCHEMA_VERSION = 1

Language = Literal["ru", "en", "id"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
Side = Literal["left", "right", "ahead", "behind"]
Kind = Literal["remark", "place", "answer", "announcement", "safety"]
Outcome = Literal["spoken", "interrupted", "failed"]
Stage = Literal[
    "received",
    "accepted",
    "first_token",
    "first_text",
    "first_audio",
    "first_sample",
    "first_content",
    "last_sample",
    "speech_end",
    "segment",
    "transcript",
    "verified",
]
ProcessName = Literal["ingest", "listener", "commentator", "speaker", "telemetry", "console"]
Chattiness = Literal["silent", "low", "normal", "high", "unlimited"]
DropReason = Literal[
    "expired",
    "muted",
    "silent",
    "object_seen",
    "cooldown",
    "coalesced",
    "crowded",
    "announcement_crowded",
    "safety_crowded",
    "stopped",
    "cancelled",
    "duplicate",
]
CANCELLED: DropReason = "cancelled"
"""A turn that was taken back while it sounded is interrupted for this reason, too."""
Occasion = Literal[
    "listening",
    "not_understood",
    "thanked",
    "louder",
    "loudest",
    "quieter",
    "quietest",
    "repeat",
    "introduction",
    "language",
]
"""``listening``: a passenger said the guide's name alone. ``not_understood``: it was meant for the guide.
``thanked``: a passenger thanked the guide by name. ``louder``, ``quieter``: the volume was changed by a step;
``loudest``, ``quietest``: there is none left. ``repeat``: what was said last is asked for again.
``introduction``: who the guide is. ``language``: it shall answer in the trigger's."""

Count = Annotated[int, msgspec.Meta(ge=1, le=1000)] | Literal["several"]
"""How many were seen: a number, or ``"several"`` when only the plural is known."""

Identifier = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
MAX_TEXT_CHARS = 500
"""The longest text that somebody types or says at once."""
MAX_REPLY_CHARS = 400
"""The longest remark or answer: half a minute of speech."""
ShortText = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_TEXT_CHARS)]


class Priority(IntEnum):
    """The order of triggers. A higher value overtakes and may replace a lower one."""

    REMARK = 1
    PLACE = 2
    ANSWER = 3
    ANNOUNCEMENT = 4
    SAFETY = 5


PRIORITY_OF_KIND: dict[Kind, Priority] = {
    "remark": Priority.REMARK,
    "place": Priority.PLACE,
    "answer": Priority.ANSWER,
    "announcement": Priority.ANNOUNCEMENT,
    "safety": Priority.SAFETY,
}


def new_id() -> str:
    """A random id of 16 hexadecimal digits, short enough to read aloud from a journal line."""
    return os.urandom(8).hex()


class Message(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """What every message carries: its id, the schema version and the Unix time of its making."""

    id: str = msgspec.field(default_factory=new_id)
    v: int = SCHEMA_VERSION
    ts: float = msgspec.field(default_factory=time.time)


# --- pipe: triggers (ingest, listener → commentator) -------------------------------------------


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """What a camera or a person saw. Either ``label`` or ``text`` is present."""

    label: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] | None = None
    """What it is, as the lexicon names it (COCO names and ours: ``dog``, ``cyclist``)."""
    count: Count = 1
    side: Side | None = None
    distance_m: Annotated[float, msgspec.Meta(ge=0, le=1000)] | None = None
    confidence: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    object_id: Identifier | None = None
    """The tracker's id: one object is remarked on once."""
    object_lasts_s: Annotated[float, msgspec.Meta(ge=0, le=86_400)] = 30.0
    """How long out of sight the id still names the same object: trackers give ids again. A dialect whose
    ids never come again says a day."""
    camera: Identifier | None = None
    """Which camera saw it, where the event names one: object ids are those of one camera."""
    text: ShortText | None = None
    """What a person typed, where label, count and side do not tell it all."""


class Merged(msgspec.Struct, frozen=True, kw_only=True):
    """Several sightings of the same that one turn speaks of."""

    count: Annotated[int, msgspec.Meta(ge=1)]
    since: Annotated[float, msgspec.Meta(description="When the oldest came, Unix seconds.")]


class StageTime(NamedTuple):
    """One point of a timeline."""

    stage: Stage
    mono: float


class Trigger(Message, frozen=True, kw_only=True):
    """A reason to speak."""

    trigger_id: Identifier = msgspec.field(default_factory=new_id)
    """The sender's own id, where it brought one."""
    topic: str = ""
    """The MQTT topic that it came on; empty: it was made on the device."""
    turn_id: str = msgspec.field(default_factory=new_id)
    """The id of the turn that this becomes, if it is accepted. For answers also that of the utterance."""
    kind: Kind
    sighting: Sighting | None = None
    """Set for remarks and places."""
    merged: Merged | None = None
    """Set where earlier sightings of the same wait with this one, the newest."""
    text: ShortText | None = None
    """Set for announcements and safety (spoken as it is) and for answers (the question)."""
    occasion: Occasion | None = None
    """Set for answers to what is no question; then there is no text."""
    chime: bool = False
    """A chime goes before the words."""
    may_be_aside: bool = False
    """Said without a name behind an answer: it may be meant for a neighbour, and the model may say so."""
    language: Language | None = None
    """None: the shuttle's language. For answers what the recognizer heard; the words may tell better."""
    stages: tuple[StageTime, ...] = ()
    """What was reached before the trigger was made: for answers from ``speech_end`` to ``verified``."""
    received_mono: float
    received_at: float
    expires_mono: float
    """After this moment nobody wants to hear it."""

    @property
    def priority(self) -> Priority:
        return PRIORITY_OF_KIND[self.kind]


class Guess(Message, frozen=True, kw_only=True):
    """A passenger has probably asked this: an answer may be begun, and is not heard before its Trigger."""

    turn_id: str
    """The turn that the guess becomes if it is right."""
    text: ShortText
    language: Language | None = None
    """As the recognizer heard it."""
    may_be_aside: bool = False
    """As in the Trigger."""
    expires_mono: float
    """Without a Trigger by then it was wrong."""


class GuessVoid(Message, frozen=True, kw_only=True):
    """The guess was wrong: the passenger goes on speaking, or did not mean the guide."""

    turn_id: str


class StopRequest(Message, frozen=True, kw_only=True):
    """A passenger wants silence: remarks, places and answers end at once, dispatch's words do not."""

    quiet_s: Annotated[float, msgspec.Meta(ge=0, le=7200)] = 0.0
    """Nothing is remarked on for so long; questions are answered."""


class CancelRequest(Message, frozen=True, kw_only=True):
    """Dispatch takes words back: what waits of it, or sounds, ends; safety does not."""

    target: Identifier
    """The trigger's id."""


Triggers = Trigger | Guess | GuessVoid | StopRequest | CancelRequest


# --- pipe: orders (listener → ingest) ----------------------------------------------------------


class VolumeOrder(Message, frozen=True, kw_only=True):
    """A passenger wants the guide louder or quieter: the volume until the doors open."""

    volume: Annotated[float, msgspec.Meta(ge=0, le=1)]


# --- the pool: what was written and voiced ahead -----------------------------------------------

CountClass = Literal["one", "two", "three", "several"]
"""``several``: the text names no number, so it fits every count from two on."""
PoolUse = Literal["remark", "opener", "bridge", "ending"]
"""A ``bridge`` follows an opener whose remark is late; an ``ending`` stands for one that never came."""


class Pattern(msgspec.Struct, frozen=True, kw_only=True):
    """Which sightings a pooled remark fits."""

    label: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    count: CountClass = "one"
    side: Side | None = None
    """None: the text names no side, so it fits every side."""


class PoolText(msgspec.Struct, frozen=True, kw_only=True):
    """One text that is worth voicing ahead."""

    entry_id: Identifier = msgspec.field(default_factory=new_id)
    use: PoolUse
    language: Language
    text: ShortText
    pattern: Pattern | None = None
    """Set for remarks."""
    kind: Kind | None = None
    """Set for openers, bridges and endings: which turns they are for."""
    mood: Annotated[str, msgspec.Meta(max_length=32)] = ""
    """What an opener fits (``surprise``, ``calm``, …)."""
    model: str = ""
    """The rung and model that wrote it; empty: it came with the guide."""
    written_at: float = msgspec.field(default_factory=time.time)
    prompt: str = ""
    """Fingerprint of the prompt that it was written under: another prompt makes it void."""


class PoolEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A text whose sound the speaker holds."""

    text: PoolText
    duration_ms: int
    voice: str
    """Fingerprint of rung, voice and its settings."""


# --- pipe: speech (commentator → speaker) ------------------------------------------------------


class SpeechPrepare(Message, frozen=True, kw_only=True):
    """A turn was accepted and text will follow: open the voice now, make no sound yet."""

    turn_id: str
    language: Language


class SpeechStart(Message, frozen=True, kw_only=True):
    """The turn's first clause. What ``replaces`` names fades out and stops everywhere at this moment."""

    turn_id: str
    sender: str
    """Instance of the commentator: what an earlier one began will never be ended by this one."""
    priority: Priority
    language: Language
    text: str
    pool_entry: Identifier | None = None
    """The speaker may hold this clause's sound; where it does not, a voice speaks the text."""
    replaces: tuple[str, ...] = ()
    local_only: bool = False
    """Use no cloud voice (safety waits for nobody)."""
    ignores_mute: bool = False
    chime: bool = False
    """A chime goes before it."""
    received_mono: float
    expires_mono: float
    """If nothing of it sounded soon after this moment, it is not worth saying any more."""


class SpeechText(Message, frozen=True, kw_only=True):
    """The next clause of a turn."""

    turn_id: str
    text: str
    pool_entry: Identifier | None = None


class SpeechEnd(Message, frozen=True, kw_only=True):
    """No more text follows for this turn."""

    turn_id: str


class SpeechCancel(Message, frozen=True, kw_only=True):
    """Fade the turn out and forget it."""

    turn_id: str
    reason: str


class SpeechOpener(Message, frozen=True, kw_only=True):
    """Play this at once in front of the turn's text, or behind an earlier opener, if nothing else sounds.

    It is not the turn's first text: it replaces nothing, and whatever has text goes before it. Played or not,
    text will follow: the voice is opened as by ``SpeechPrepare``.
    """

    turn_id: str
    sender: str
    priority: Priority
    language: Language
    text: str
    pool_entry: Identifier
    ending: str
    """Said behind it where its turn's text cannot come any more: its commentator has died."""
    ending_entry: Identifier
    received_mono: float
    expires_mono: float


class PoolVoice(Message, frozen=True, kw_only=True):
    """Voice this text ahead when nothing else needs the voice, and keep it (lowest priority)."""

    text: PoolText


class PoolDiscard(Message, frozen=True, kw_only=True):
    """Entries of the pool are spent or void."""

    entry_ids: tuple[str, ...]
    reason: str


class SpeechDuck(Message, frozen=True, kw_only=True):
    """Lower (or restore) what is being played while something more important gets ready."""

    on: bool


Speech = (
    SpeechPrepare
    | SpeechOpener
    | SpeechStart
    | SpeechText
    | SpeechEnd
    | SpeechCancel
    | SpeechDuck
    | PoolVoice
    | PoolDiscard
)


# --- feeds -------------------------------------------------------------------------------------


Amount = Annotated[float, msgspec.Meta(ge=0, le=1e15)]
RungStage = Literal["model", "voice"]
RungFate = Literal["used", "cut", "lost", "hung", "failed", "dropped", "skipped"]
"""What became of a rung in a turn. ``used``: its output was taken. ``cut``: that broke off or stalled, and
another one went on. ``lost``: another one's output was there sooner. ``hung``: it gave nothing in its budget,
nor until another one did. ``failed``: with a reason, before any output. ``dropped``: its turn was over
before. ``skipped``: it was passed over, since its breaker was open or it rests."""


class RungTry(msgspec.Struct, frozen=True, kw_only=True):
    """One rung that was begun, or passed over, for a turn."""

    stage: RungStage
    rung: str
    fate: RungFate
    reason: str | None = None
    """In the guide's own words."""
    begun_mono: float | None = None
    """None: it was not begun."""
    until_mono: float | None = None
    """When its first output was there, or, without one, when it was given up; None: it still worked."""


class SpeechReport(msgspec.Struct, frozen=True, kw_only=True):
    """How the speaker's part of a turn ended."""

    turn_id: str
    outcome: Outcome
    reason: str | None = None
    spoken_text: str
    """The words that really left the loudspeaker."""
    voices: tuple[str, ...] = ()
    """The rungs that spoke, in order."""
    stages: tuple[StageTime, ...] = ()
    tries: tuple[RungTry, ...] = ()
    """The voices that were begun for it, or passed over."""
    spent: dict[str, Amount] = {}
    """What was asked of paid voices for it (see ``Turn``)."""


class Playback(Message, frozen=True, kw_only=True):
    """State of the player (feed ``playback``), repeated on the heartbeat and on each change."""

    instance: str
    """Changes when the speaker restarts: whoever waits for a turn of the old instance waits in vain."""
    started_mono: float
    """When this instance began to take speech: what was acknowledged before, another one had."""
    turn_id: str | None
    """The turn that is sounding now."""
    text: str | None = None
    """The turn's text so far, for whoever must not take it for a passenger's. Stays on the device."""
    spoken: str | None = None
    """The same as it is said: what a microphone hears of it. Stays on the device."""
    heard: str = ""
    """The text that has left the loudspeaker; a speaker that is killed cannot report it any more."""
    output: Literal["open", "absent"]
    voice: str | None
    """The rung that spoke last."""
    muted: bool
    volume: float
    recent: tuple[SpeechReport, ...] = ()
    """The last few reports, so that a reader that missed one still gets it."""


class TimedWord(NamedTuple):
    """One written word, or several that are said as one ("5 km"), and when its sound begins."""

    start: int
    """Offsets in the text: of its first character, and behind its last."""
    end: int
    begins_mono: float | None
    """When it is heard for the first time; may lie ahead. None: the sound stands still before it."""
    estimated: bool = False
    """The voice does not tell; it follows from the lengths of the words around it."""


class GuideWords(Message, frozen=True, kw_only=True):
    """The guide's own words in time with their sound (feed ``spoken``), told while somebody watches.

    Each one is the whole truth as it is now: a later one corrects it where the sound was held up, went to
    another voice or was cut. Repeated on the heartbeat while it sounds. Stays on the device, unless the
    operator wants it on MQTT.
    """

    instance: str
    """The speaker's instance."""
    turn_id: str | None = None
    """None: nothing sounds, and all else is empty."""
    priority: Priority | None = None
    language: Language | None = None
    text: str = ""
    """As it is written, so far."""
    words: tuple[TimedWord, ...] = ()
    """The words that have sound, in order. What is behind them has none yet, or never gets any."""
    ends_mono: float | None = None
    """When the sound that is there so far is over; None: it stands still."""
    ducked: bool = False
    """Lowered, since something more important gets ready."""
    outcome: Outcome | None = None
    """How it ended, told once; the words that were not heard are left out."""


class PlayedSound(Message, frozen=True, kw_only=True):
    """What leaves the loudspeaker, told only while somebody wants it; silence is left out."""

    instance: str
    """The speaker's instance."""
    stream: str
    """Positions count within one stream; where the device stood still another one begins."""
    position: int
    """The first sample's place, in samples of the stream."""
    heard_mono: float
    """When the first sample leaves the loudspeaker, as far as the device tells."""
    samples: bytes
    """int16, little-endian, mono, 16 kHz; as loud as it is played."""


class PoolHoldings(Message, frozen=True, kw_only=True):
    """What the pool holds (feed ``pool``), told on each change and repeated on a slow heartbeat."""

    instance: str
    """The speaker's instance."""
    voice: str
    """Fingerprint of the voice that entries must have; empty: no premium voice is configured."""
    entries: tuple[PoolEntry, ...] = ()
    waiting: int = 0
    """Texts that were accepted and are not voiced yet."""
    stored_bytes: int = 0
    characters_today: int = 0
    """Voiced ahead since midnight."""
    characters_left: int = 0
    """What the daily budget has left; 0: the pool voices no more today."""
    refused: tuple[str, ...] = ()
    """Ids of texts that the voice does not say; sending them again is of no use for now."""


class Control(Message, frozen=True, kw_only=True):
    """What the outside asks for (feed ``control``): a state, repeated on the heartbeat."""

    muted: bool = False
    volume: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    """None: as configured."""
    chattiness: Chattiness | None = None
    speed_kmh: float | None = None
    reversing: bool = False
    doors_open: bool = False
    radio_on: bool = False
    ignition: Ignition | None = None
    """None: nobody has said."""
    stopped_at_ms: int = 0
    """Unix time in ms of the last stop command: whoever sees it grow stops what it is saying."""
    talk_held: bool = False
    """The push-to-talk button is down."""
    talk_pressed_at_ms: int = 0
    """Unix time in ms at which it last went down."""
    pool_fill_at_ms: int = 0
    """Unix time in ms of the last order to fill the pool now, without the pauses that it usually makes."""
    microphone_off: bool = False
    """Nobody is to be listened to."""


class Turn(Message, frozen=True, kw_only=True):
    """One ended turn (feed ``turn``), complete."""

    turn_id: str
    trigger_id: str
    kind: Kind
    occasion: Occasion | None = None
    """As in the trigger."""
    priority: Priority
    language: Language
    text: str
    sources: tuple[str, ...] = ()
    """Pages of the knowledge folder that an answer could draw on, or the one that it quotes."""
    outcome: Outcome
    reason: str | None = None
    models: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    """Why replies were stopped by the output gate, each with the model that wrote it; none of its words."""
    voices: tuple[str, ...] = ()
    received_at: float
    merged: Merged | None = None
    stages: tuple[StageTime, ...]
    tries: tuple[RungTry, ...] = ()
    """The rungs that were begun for it, or passed over: models, then voices, each in their order."""
    spent: dict[str, Amount] = {}
    """What was asked of paid services for it, as in ``Spending``; recognition, which comes before there is a
    turn, is not in it."""


class Dropped(Message, frozen=True, kw_only=True):
    """A trigger that becomes no turn (feed ``dropped``)."""

    trigger_id: str
    kind: Kind
    reason: DropReason
    """The counter ``dropped.REASON`` has the same name."""
    received_at: float


class Progress(Message, frozen=True, kw_only=True):
    """A live turn reached a stage (feed ``progress``), for whoever wants to watch it happen."""

    turn_id: str
    trigger_id: str | None = None
    """Told by the commentator only."""
    stage: Stage
    mono: float
    since_received_ms: float


class ProcessState(Message, frozen=True, kw_only=True):
    """The health of one process (feed ``state``), repeated on the heartbeat."""

    process: ProcessName
    instance: str
    ready: bool
    status: str
    """One line for people, the same as in ``systemctl status``."""
    counters: dict[str, int] = msgspec.field(default_factory=dict)
    """Since the process started: refused messages, dropped triggers by reason, …"""
    facts: dict[str, str] = msgspec.field(default_factory=dict)
    """What is really used: rung states, device, broker."""
    levels: dict[str, float] = msgspec.field(default_factory=dict)
    """Numbers that rise and fall, for metrics: a name of ``edge.metric_levels``, then labels, by dots."""


class Spending(Message, frozen=True, kw_only=True):
    """What this process has asked of paid services, day by day (feed ``spending``), told on change and
    repeated on a slow heartbeat."""

    process: ProcessName
    today: str
    """Local date, like ``2026-11-20``."""
    days: dict[str, dict[str, Amount]]
    """Date → ``SERVICE.PURPOSE.UNIT`` → amount (see ``edge.spending.lines``)."""
    renewed: dict[str, Amount] = {}
    """The part of today's amounts from before its allowance was renewed."""
    used_up: bool = False
    """Nobody knows what was spent today: it counts as all that may be."""
    services: tuple[str, ...] = ()
    """Paid services that this process may ask; only itself has their keys."""


CeilingLevel = Literal[0, 1, 2]
"""How near today's spending is to what a day may cost: 1 near, 2 reached."""
CeilingBound = Literal["money", "tokens", "characters"]


class CostCeiling(Message, frozen=True, kw_only=True):
    """How near all processes together are to what a day may cost (feed ``ceiling``)."""

    level: CeilingLevel
    shares: dict[CeilingBound, Amount] = {}
    """Ceiling that is set → the part of it that is used up."""


class Hearing(Message, frozen=True, kw_only=True):
    """What the microphone hears, without words (feed ``hearing``), repeated on the heartbeat."""

    level_dbfs: float
    speaking: bool
    """Passengers speak, or what they said is being recognised."""
    barge_in: bool
    """Passengers are heard while the guide speaks, too (full duplex)."""
    guide_heard: bool | None = None
    """The microphone hears what the loudspeaker plays; None: that is not judged."""
    wants_floor: bool = False
    """Who speaks says more than a cough or an "mm-hm": what sounds shall be lowered."""


class Caption(Message, frozen=True, kw_only=True):
    """What a passenger says (feed ``caption``), never kept. Stays on the device."""

    segment_id: str
    """The final caption replaces the interim ones of the same segment. An answer's trigger and turn have the
    same id."""
    text: str
    language: Language | None
    final: bool
    addressed: bool = False
    """The utterance was meant for the guide."""
    question: ShortText | None = None
    """The text of the Trigger that it became: without the guide's name."""
    occasion: Occasion | None = None
    """As in the Trigger that it became."""
    may_be_aside: bool = False
    """As in the Trigger that it became, too."""
    quiet_s: Annotated[float, msgspec.Meta(ge=0, le=7200)] | None = None
    """The passenger asks for silence, as in the StopRequest that it became; None: for something else."""


class Heat(Message, frozen=True, kw_only=True):
    """How hot the board is (feed ``heat``), told with each reading and never repeated."""

    level: HeatLevel


Feed = (
    Playback
    | GuideWords
    | PlayedSound
    | PoolHoldings
    | Control
    | Turn
    | Dropped
    | Progress
    | ProcessState
    | Spending
    | CostCeiling
    | Hearing
    | Caption
    | Heat
)
Reports = Turn | Dropped
"""How triggers ended, as the commentator tells the fleet."""
AnyMessage = Triggers | VolumeOrder | Speech | Feed
