"""The frame of every message that a shuttle tells its fleet, and what receipts hold."""

from __future__ import annotations

from typing import Annotated, Any, Generic, Literal, TypeVar

import msgspec
from msgspec import Meta, Raw

from edge.messages import SCHEMA_VERSION, Language

UnixTime = Annotated[float, Meta(description="Unix time in seconds.")]
BodyT = TypeVar("BodyT")
DurableKind = str
"""What is kept on disk until it was acknowledged, as the end of its topic: ``turn``, ``receipt`` and
``alarm/NAME``."""
AlarmName = Literal[
    "not_ready",
    "no_sound_device",
    "not_heard",
    "silent",
    "rung_skipped",
    "too_hot",
    "throttled",
    "undervoltage",
    "disk",
    "clock",
    "broker",
    "budget",
    "messages_refused",
    "microphone_off",
    "outbox",
]


class FleetFrame(msgspec.Struct, Generic[BodyT], frozen=True, kw_only=True):
    """One message of a shuttle."""

    schema: int = SCHEMA_VERSION
    id: str
    """Given once by each shuttle; a message that comes twice has the same."""
    shuttle: str
    boot: str
    """Which start of the machine it was made in."""
    seq: int
    """Counts the durable messages, over restarts; of another one: a number that was given before."""
    ts: UnixTime
    late: bool
    """True: no connection when it was made, so told later."""
    body: BodyT


class BirthBody(msgspec.Struct, frozen=True, kw_only=True):
    """Who the shuttle is."""

    version: str
    """Version of the guide."""
    language: Language
    groups: tuple[str, ...]
    commands: tuple[str, ...]
    """The commands that the shuttle understands."""


class OutboxBody(msgspec.Struct, frozen=True, kw_only=True):
    """What waits for the broker, in ``state``."""

    waiting: int
    bytes: int
    lost: dict[str, int]
    """Kind → messages that had to go untold, ever: no room, too old, or the disk took none."""
    unheard: tuple[str, ...]
    """Kinds that nobody at the broker takes."""


class FleetStateBody(msgspec.Struct, Generic[BodyT], frozen=True, kw_only=True):
    """How the shuttle is."""

    guide: BodyT
    """As ``shuttle/{id}/state``."""
    outbox: OutboxBody


class AlarmBody(msgspec.Struct, frozen=True, kw_only=True):
    """Something that an operator must know of."""

    name: AlarmName
    raised: bool
    """False: it is over."""
    since: UnixTime
    reason: str


ReceiptState = Literal["accepted", "played", "done", "refused", "duplicate", "expired", "cancelled", "failed"]


class ReceiptBody(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a command."""

    command: str | None
    """The id; null: none could be read."""
    name: str
    """``announce``, ``safety``, ``mute``, …"""
    state: ReceiptState
    """``accepted``: on the shuttle's disk; it will be done. ``played``: to its end. ``duplicate``: one of
    this id came before."""
    reason: str | None = None
    played_at: UnixTime | None = None
    """When the last of it was heard."""
    correlation: str | None = None


def framed(
    body: bytes | msgspec.Struct,
    *,
    id: str,
    shuttle: str,
    boot: str,
    seq: int,
    ts: float,
    late: bool = False,
) -> bytes:
    """The JSON of a message; ``body`` may be JSON already."""
    inner: Any = Raw(body) if isinstance(body, bytes) else body
    frame = FleetFrame[Any](id=id, shuttle=shuttle, boot=boot, seq=seq, ts=ts, late=late, body=inner)
    return msgspec.json.encode(frame)
