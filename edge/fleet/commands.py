"""Commands of the fleet: what their JSON holds, and what each one means. Pure; time is passed in."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import Meta, Struct

from edge.fleet.topics import reply_topic
from edge.ingest.body import words
from edge.ingest.parsed import MAX_REASON_CHARS, RefusedError, excerpt, printable
from edge.messages import SCHEMA_VERSION, Chattiness, Language, ShortText
from edge.mqtt.incoming import MAX_PAYLOAD_BYTES

MAX_COMMAND_BYTES = 8192
LONGEST_PACKET_BYTES = 1_310_720
"""What the fleet's broker may send: a command that is far too long is taken, and its sender answered."""
SKEW_S = 300.0
"""How far ahead of the shuttle's clock a sender's may be."""
NOT_BEFORE_MAX_S = 7 * 86_400.0
COMMAND_TTL_S = 86_400.0
"""How long what changes a state is worth doing."""
ON_DEVICE = "fleet:"
Correlation = Annotated[str, Meta(max_length=200)]
CommandId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.:-]{1,64}\Z")]


class FleetBody(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """What every command carries, and a command without an argument."""

    id: CommandId
    """Whatever comes under this id again is not done again."""
    ts: float
    """Unix seconds when it was sent."""
    ttl: Annotated[float, Meta(gt=0, le=86_400)] | None = None
    """Seconds after which it is worthless, from ``ts`` or ``not_before`` on."""
    not_before: float | None = None
    """Unix seconds: it waits on the shuttle until then."""
    schema: Annotated[int, Meta(ge=1, le=SCHEMA_VERSION)] = SCHEMA_VERSION
    reply_to: str | None = None
    """Topic below ``guide/v1/reply/`` that gets the receipts too; MQTT 5's response topic goes before it."""
    correlation: Correlation | None = None
    """Comes back in the receipts."""


class SpeechBody(FleetBody, kw_only=True, frozen=True):
    """``safety``, and most of ``announce``: one of ``text`` and ``texts``."""

    text: ShortText | None = None
    texts: Annotated[dict[Language, ShortText], Meta(min_length=1)] | None = None
    """By language: the shuttle's own is said."""
    language: Language | None = None
    """In which ``text`` is."""


class FleetAnnounceBody(SpeechBody, kw_only=True, frozen=True):
    """``announce``."""

    chime: bool = False
    """A chime goes before the words."""


class FleetVolumeBody(FleetBody, kw_only=True, frozen=True):
    """``volume``: a fraction."""

    value: Annotated[float, Meta(ge=0, le=1)]


class FleetChattinessBody(FleetBody, kw_only=True, frozen=True):
    """``chattiness``."""

    value: Chattiness


class FleetMicrophoneBody(FleetBody, kw_only=True, frozen=True):
    """``microphone``: whether anybody is listened to."""

    value: Literal["on", "off"]


class FleetCancelBody(FleetBody, kw_only=True, frozen=True):
    """``cancel``: another command is not to be done."""

    target: CommandId
    """The id of a command that still waits, or of an announcement that still waits or sounds."""


BODIES: dict[str, type[FleetBody]] = {
    "announce": FleetAnnounceBody,
    "safety": SpeechBody,
    "mute": FleetBody,
    "unmute": FleetBody,
    "stop": FleetBody,
    "volume": FleetVolumeBody,
    "chattiness": FleetChattinessBody,
    "microphone": FleetMicrophoneBody,
    "report": FleetBody,
    "cancel": FleetCancelBody,
}
"""Name of a command → what its JSON holds."""
# Made while there is one thread: msgspec prepares a type at first use, and crashes where two do at once.
_DECODERS = {kind: msgspec.json.Decoder(kind) for kind in set(BODIES.values())}
SHUTTLES_OWN = frozenset({"report", "cancel"})
"""What telemetry does itself; everything else goes on to the on-device broker."""


class FleetCommand(Struct, frozen=True, kw_only=True):
    """A command that can be done."""

    id: str
    name: str
    payload: bytes
    """For the on-device broker, on the topic of the same name."""
    not_before: float
    expires_at: float
    target: str | None = None
    """What ``cancel`` names."""
    value: float | str | None = None
    """Where the command has one."""
    reply_to: str | None = None
    correlation: str | None = None


class RefusedCommandError(Exception):
    """The command is not done; the text is one line for the operator.

    Args:
        command: its id, where it could be read.
        expired: it is too late for it; otherwise it is wrong.
    """

    def __init__(self, text: str, *, command: str | None = None, expired: bool = False) -> None:
        super().__init__(printable(text)[:MAX_REASON_CHARS])
        self.command = command
        self.expired = expired


def parse(
    name: str,
    payload: bytes,
    *,
    now_at: float,
    language: Language,
    ttl_of: Callable[[str], float],
    response_topic: str | None = None,
    correlation: bytes | None = None,
) -> FleetCommand:
    """What a command means.

    Args:
        name: as its topic says.
        language: the shuttle's.
        ttl_of: name → seconds that it is good for where it brings none.
        response_topic, correlation: of MQTT 5; they go before what the body says.

    Raises:
        RefusedCommandError: it is not done, and why.
    """
    kind = BODIES.get(name)
    command = id_in(payload)
    if kind is None:
        known = ", ".join(BODIES)
        raise RefusedCommandError(
            f"unknown command {excerpt(name.encode())} (known: {known})", command=command
        )
    try:
        body = _decoded(kind, payload)
        spoken = _spoken(body, language) if isinstance(body, SpeechBody) else {}
    except RefusedError as error:
        raise RefusedCommandError(str(error), command=command) from error
    ttl_s = ttl_of(name) if body.ttl is None else body.ttl
    not_before = max(body.ts, body.not_before or body.ts)
    _check_times(body, not_before + ttl_s, now_at)
    value = getattr(body, "value", None)
    extra = spoken | ({} if value is None else {"value": value})
    return FleetCommand(
        id=body.id,
        name=name,
        # Its age is judged here, by the shuttle's clock; on the device it is as new as it gets there.
        payload=msgspec.json.encode({"id": on_device_id(body.id), **extra}),
        not_before=not_before,
        expires_at=not_before + ttl_s,
        target=getattr(body, "target", None),
        value=value,
        **answer_to(payload, response_topic, correlation)._asdict(),
    )


class AnswerTo(NamedTuple):
    """Where the sender of a command, also of one that is refused, wants to hear of it."""

    reply_to: str | None
    correlation: str | None


def answer_to(
    payload: bytes, response_topic: str | None = None, correlation: bytes | None = None
) -> AnswerTo:
    """What MQTT 5 says goes before what the body says; a body of no use says nothing."""
    body = _AnswerTo()
    if len(payload) <= MAX_COMMAND_BYTES:
        with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            body = _ANSWER_TO.decode(payload)
    return AnswerTo(
        reply_topic(response_topic) or reply_topic(body.reply_to), _as_text(correlation) or body.correlation
    )


def size_text(payload: bytes) -> str:
    """How many bytes came."""
    return str(len(payload)) if len(payload) < MAX_PAYLOAD_BYTES else f"{MAX_PAYLOAD_BYTES} or more"


def on_device_id(command: str) -> str:
    """The id that a command has on the on-device broker, apart from those of the shuttle's own senders."""
    return f"{ON_DEVICE}{command}"


def fleet_id(trigger_id: str) -> str | None:
    """The id of the fleet's command that this trigger came of; None: it came of none."""
    return trigger_id.removeprefix(ON_DEVICE) if trigger_id.startswith(ON_DEVICE) else None


def _decoded(kind: type[FleetBody], payload: bytes) -> FleetBody:
    if len(payload) > MAX_COMMAND_BYTES:
        raise RefusedError(
            "too_large", f"expected at most {MAX_COMMAND_BYTES} bytes of JSON, got {size_text(payload)}"
        )
    try:
        return _DECODERS[kind].decode(payload)
    except msgspec.ValidationError as error:
        raise RefusedError("invalid", str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RefusedError("malformed", f"expected a JSON object, got {excerpt(payload)}") from error


def _spoken(body: SpeechBody, ours: Language) -> dict[str, Any]:
    if (body.text is None) == (body.texts is None):
        raise RefusedError("invalid", "expected either text or texts")
    if body.text is not None:
        text, language = body.text, body.language
    else:
        texts = body.texts or {}
        if body.language is not None:
            raise RefusedError("invalid", "language: texts name theirs")
        if ours not in texts:
            raise RefusedError("invalid", f"texts: none is in the shuttle's language, {ours}")
        text, language = texts[ours], ours
    line = words(text)
    chime = isinstance(body, FleetAnnounceBody) and body.chime
    return {"text": line} | ({"language": language} if language else {}) | ({"chime": True} if chime else {})


def _check_times(body: FleetBody, expires_at: float, now_at: float) -> None:
    ahead_s = body.ts - now_at
    if ahead_s > SKEW_S:
        raise RefusedCommandError(
            f"ts lies in the future, by {ahead_s:.6g} s; is a clock wrong, the sender's or the shuttle's?",
            command=body.id,
        )
    if body.not_before is not None and body.not_before - now_at > NOT_BEFORE_MAX_S:
        raise RefusedCommandError("not_before lies more than 7 days ahead", command=body.id)
    if now_at >= expires_at:
        raise RefusedCommandError(
            f"it came too late, by {now_at - expires_at:.6g} s", command=body.id, expired=True
        )


def id_in(payload: bytes) -> str | None:
    """The id of a command, also where the rest of it is of no use."""
    if len(payload) > MAX_COMMAND_BYTES:
        return None
    with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _ONLY_ID.decode(payload).id
    return None


class _OnlyId(Struct):
    id: CommandId


class _AnswerTo(Struct):
    reply_to: str | None = None
    correlation: Correlation | None = None


_ONLY_ID = msgspec.json.Decoder(_OnlyId)
_ANSWER_TO = msgspec.json.Decoder(_AnswerTo)


def _as_text(correlation: bytes | None) -> str | None:
    if not correlation or len(correlation) > 200:
        return None
    with contextlib.suppress(UnicodeDecodeError):
        return correlation.decode()
    return None
