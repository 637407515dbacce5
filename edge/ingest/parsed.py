"""What a parser of outside messages makes of one: a trigger, a change of the control state, or a refusal."""

from __future__ import annotations

import time
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from edge.ignition_note import Ignition
from edge.messages import CancelRequest, Chattiness, Control, Trigger, new_id

MAX_REASON_CHARS = 300
MAX_EXCERPT_CHARS = 60

RefusalCode = Literal[
    "unknown_topic", "retained", "too_large", "not_utf8", "malformed", "invalid", "empty", "expired"
]
"""For counting; the reason is for people."""


class Refused(msgspec.Struct, frozen=True):
    """The message is not used. ``reason`` is one printable line of at most ``MAX_REASON_CHARS``."""

    code: RefusalCode
    reason: str


class ControlChange(msgspec.Struct, frozen=True, kw_only=True):
    """What a command or a vehicle signal changes; what is unset stays as it is."""

    muted: bool | UnsetType = UNSET
    volume: Annotated[float, msgspec.Meta(ge=0, le=1)] | UnsetType = UNSET
    chattiness: Chattiness | UnsetType = UNSET
    speed_kmh: float | UnsetType | None = UNSET
    reversing: bool | UnsetType = UNSET
    doors_open: bool | UnsetType = UNSET
    radio_on: bool | UnsetType = UNSET
    ignition: Ignition | Literal["was_off"] | UnsetType = UNSET
    """``was_off``: the broker had kept it, maybe since the last drive."""
    stop: bool = False
    """Stop what is being said now."""
    talk: Literal["pressed", "down", "up"] | UnsetType = UNSET
    """The push-to-talk button: pressed shortly, or held down until it is let go."""
    microphone_off: bool | UnsetType = UNSET
    pool_fill: bool = False
    """Fill the pool now."""

    @property
    def is_momentary(self) -> bool:
        """Done a second time it does something else."""
        return self.stop or self.talk is not UNSET or self.pool_fill

    def apply(self, control: Control, now_at: float | None = None) -> Control:
        """The control state after the change, as a new message of the Unix time ``now_at`` (None: now)."""
        if now_at is None:
            now_at = time.time()
        changes: dict[str, Any] = {
            name: value for name, value in msgspec.structs.asdict(self).items() if value is not UNSET
        }
        # They grow even where the clock was set back in between.
        if changes.pop("pool_fill"):
            changes["pool_fill_at_ms"] = max(round(now_at * 1000), control.pool_fill_at_ms + 1)
        if changes.pop("stop"):
            changes["stopped_at_ms"] = max(round(now_at * 1000), control.stopped_at_ms + 1)
        if changes.get("ignition") == "was_off":
            changes["ignition"] = control.ignition and "off"
        if talk := changes.pop("talk", None):
            changes["talk_held"] = talk == "down"
            if talk != "up":
                changes["talk_pressed_at_ms"] = max(round(now_at * 1000), control.talk_pressed_at_ms + 1)
        return msgspec.structs.replace(control, id=new_id(), ts=now_at, **changes)


Parsed = Trigger | ControlChange | CancelRequest | Refused


class Arrival(NamedTuple):
    """A message as it came, without its topic."""

    payload: bytes
    retain: bool
    received_mono: float
    received_at: float
    ignored: dict[str, str]
    """Key → what is wrong with its value. The parser adds those that the message can do without."""


class RefusedError(Exception):
    """A message that a parser does not take; becomes a ``Refused`` at the parser's door."""

    def __init__(self, code: RefusalCode, reason: str) -> None:
        super().__init__(reason)
        self.code: RefusalCode = code

    def as_refused(self, topic: str) -> Refused:
        """The refusal with the topic in front, harmless to print whatever came in."""
        line = printable(f"{topic}: {self}")
        if len(line) > MAX_REASON_CHARS:
            line = line[: MAX_REASON_CHARS - 1] + "…"
        return Refused(self.code, line)


def printable(text: str) -> str:
    """``text`` with everything escaped that could break a line or play with a terminal."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def excerpt(payload: bytes) -> str:
    """The beginning of a payload for a refusal, in quotes, harmless to print."""
    # Cut before decoding, so that a megabyte costs nothing; a character takes up to four bytes.
    text = printable(payload[: MAX_EXCERPT_CHARS * 4 + 1].decode("utf-8", errors="backslashreplace"))
    return f"'{text}'" if len(text) <= MAX_EXCERPT_CHARS else f"'{text[:MAX_EXCERPT_CHARS]}…'"
