"""The lines of a recorded drive (JSON Lines): what came to the guide, and what it made of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from edge.messages import (
    CountClass,
    DropReason,
    Identifier,
    Kind,
    Language,
    Occasion,
    Outcome,
    ShortText,
    Side,
    Turn,
)
from edge.operator_error import OperatorError
from edge.text_file import read_text

FORMAT = 1
LONGEST_S = 7 * 86_400
"""A week: what is played takes time in proportion to it."""
LARGEST_BYTES = 256 * 1024 * 1024
Clouds = Literal["ok", "lost", "hanging"]
DECIDING = (
    "shuttle.language",
    "commentator.chattiness",
    "commentator.openers",
    "commentator.remark_ttl_s",
    "commentator.announcement_ttl_s",
    "commentator.safety_ttl_s",
    "answers.openers",
)
"""Settings on which decisions depend."""
TRIGGER_TOPICS = frozenset({"event", "announce", "safety", "ask"})
"""What comes on them may become a trigger."""


class DriveError(OperatorError):
    """A drive cannot be read; the text names the line, what was expected and what came."""


class Line(msgspec.Struct, frozen=True, kw_only=True, tag_field="what", tag=str.lower, omit_defaults=True):
    """What every line has: ``what`` it is, and when."""

    at: Annotated[float, msgspec.Meta(ge=0, le=LONGEST_S)]
    """Seconds since the drive began."""


class Begin(Line, frozen=True, kw_only=True):
    """The first line."""

    format: int = FORMAT
    began_at: float
    """Unix seconds: stamps in the messages are of this clock."""
    guide: str = ""
    """Version of the guide that was recorded."""
    settings: dict[str, Any] = {}
    """Settings that decide, by their dotted names (``commentator.chattiness``)."""


# --- what came ---------------------------------------------------------------------------------


class MqttLine(Line, frozen=True, kw_only=True, tag="mqtt"):
    """A message of the MQTT interface."""

    topic: str
    """Behind ``shuttle/ID/``."""
    payload: str
    retain: bool = False


class Speaking(Line, frozen=True, kw_only=True):
    """Passengers begin to speak, or have ended."""

    on: bool


class Question(Line, frozen=True, kw_only=True):
    """A passenger asked the guide."""

    id: Identifier
    text: ShortText | None = None
    """None: the operator keeps no words of passengers, so it cannot be asked again."""
    occasion: Occasion | None = None
    may_be_aside: bool = False
    """As in the trigger: it is asked without an opener."""
    language: Language | None = None


class Silence(Line, frozen=True, kw_only=True):
    """A passenger asked for silence."""

    quiet_s: Annotated[float, msgspec.Meta(ge=0, le=7200)] = 0.0
    """Nothing shall be remarked on for so long."""


class Services(Line, frozen=True, kw_only=True):
    """Whether the cloud's language models answer, from now on."""

    clouds: Clouds


class Remark(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A remark that the pool holds."""

    id: Identifier
    text: ShortText
    label: str
    count: CountClass = "one"
    side: Side | None = None
    duration_ms: int = 1500


class PoolLine(Line, frozen=True, kw_only=True, tag="pool"):
    """What the pool holds, from now on."""

    remarks: tuple[Remark, ...] = ()
    own_texts: bool = False
    """Openers, bridges and endings are held, too."""


# --- what became of it -------------------------------------------------------------------------


class TurnLine(Line, frozen=True, kw_only=True, tag="turn"):
    """A turn ended."""

    trigger: int
    """The number of its trigger (``TriggerNumbers``); 0: that is not in the drive."""
    kind: Kind
    language: Language
    outcome: Outcome
    reason: str | None = None
    text: str | None = None
    """What was heard; None: the operator tells no words."""
    models: tuple[str, ...] = ()
    received: float
    """Seconds since the drive began; ``first_sound`` and ``at`` are of the same clock."""
    first_sound: float | None = None


class DroppedLine(Line, frozen=True, kw_only=True, tag="dropped"):
    """A trigger became no turn."""

    trigger: int
    kind: Kind
    reason: DropReason


AnyLine = Begin | MqttLine | Speaking | Question | Silence | Services | PoolLine | TurnLine | DroppedLine
Outcomes = TurnLine | DroppedLine

_DECODER = msgspec.json.Decoder(AnyLine)


class TriggerNumbers:
    """Which trigger is which: the lines that may be one are counted from 1, whatever becomes of them.

    Whoever records a drive and whoever plays it count alike, also where a line is refused, cannot be played
    or brings an id for the second time.
    """

    def __init__(self) -> None:
        self._counted = 0
        self._by_id: dict[str, int] = {}

    def count(self, line: AnyLine) -> int:
        """The number of a line, each given once and in order; 0: it cannot be a trigger."""
        is_message = isinstance(line, MqttLine) and line.topic in TRIGGER_TOPICS
        if not (is_message or isinstance(line, Question)):
            return 0
        self._counted += 1
        return self._counted

    def name(self, number: int, trigger_id: str) -> None:
        """The id of a trigger that was taken. One that comes again goes on meaning the first."""
        self._by_id.setdefault(trigger_id, number)

    def of(self, trigger_id: str) -> int:
        """The number under which the trigger came; 0: it has no name here."""
        return self._by_id.get(trigger_id, 0)


def decoded(text: Iterable[bytes | str], where: str) -> Iterator[AnyLine]:
    """The lines of ``where``, in order. Raises DriveError."""
    began = False
    for number, line in enumerate(text, 1):
        if not line.strip():
            continue
        try:
            read = _DECODER.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise DriveError(f"{where}, line {number}: expected a line of a drive: {error}") from error
        if isinstance(read, Begin) is began:
            raise DriveError(f'{where}, line {number}: expected {{"what": "begin"}} first, and once')
        if isinstance(read, Begin) and (others := read.settings.keys() - {*DECIDING}):
            expected = ", ".join(DECIDING)
            raise DriveError(
                f"{where}: expected settings that decide ({expected}), came {', '.join(sorted(others))}"
            )
        if isinstance(read, Begin) and read.format != FORMAT:
            raise DriveError(f"{where}: expected format {FORMAT}, came {read.format}: another guide wrote it")
        began = True
        yield read
    if not began:
        raise DriveError(f"{where}: expected a recorded drive, came an empty file")


def read_drive(path: Path) -> list[AnyLine]:
    """All lines of a file. Raises DriveError, OSError."""
    return list(decoded(read_text(path, LARGEST_BYTES).split("\n"), str(path)))


def encoded(line: AnyLine) -> bytes:
    """One line, with its end."""
    return msgspec.json.encode(line) + b"\n"


def turn_line(
    news: Turn, trigger: int, *, at: float, received: float, first_sound: float | None, text: str | None
) -> TurnLine:
    """The line of a turn that ended. Times are in seconds since the drive began."""
    return TurnLine(
        at=round(at, 3),
        trigger=trigger,
        kind=news.kind,
        language=news.language,
        outcome=news.outcome,
        reason=_without_ids(news.reason),
        text=text,
        models=news.models,
        received=round(received, 3),
        first_sound=None if first_sound is None else round(first_sound, 3),
    )


def _without_ids(reason: str | None) -> str | None:
    """Why a turn ended, the same in each playing: ids of turns are random."""
    return "replaced by another turn" if reason and reason.startswith("replaced by turn ") else reason
