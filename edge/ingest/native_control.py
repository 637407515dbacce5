"""``shuttle/{id}/cmd/{name}`` and ``/vehicle``: what changes the guide's behaviour."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Literal, get_args

from msgspec import UNSET, Meta, UnsetType

from edge.ignition_note import Ignition
from edge.ingest.body import Body, decode_json, expires_mono, is_json, json_text, unix_time
from edge.ingest.parsed import Arrival, ControlChange, RefusedError, excerpt
from edge.messages import CancelRequest, Chattiness

VOLUME_HELP = 'expected 0 to 1 (like 0.5), a percentage (like 50%), or JSON like {"value": 0.5}'
MICROPHONE_HELP = "expected on or off"
MAX_ID_CHARS = 128
_VOLUME = re.compile(r"(\d{1,3}(?:\.\d{1,6})?|\.\d{1,6})\s*(%?)", re.ASCII)


class CommandBody(Body, kw_only=True, frozen=True):
    """A command without an argument. It expires only when it brings ``ts`` and ``ttl``."""


class VolumeBody(Body, kw_only=True, frozen=True):
    """``value``: from 0 to 1, or a percentage as text ("50%")."""

    value: Annotated[float, Meta(ge=0, le=1)] | str


class ChattinessBody(Body, kw_only=True, frozen=True):
    """``value``: how much the guide talks of its own accord."""

    value: Chattiness


class MicrophoneBody(Body, kw_only=True, frozen=True):
    """``value``: whether anybody is listened to."""

    value: Literal["on", "off"]


class CancelBody(Body, kw_only=True, frozen=True):
    """``target``: the ``id`` of an announcement that is not to be said any more."""

    target: Annotated[str, Meta(min_length=1, max_length=MAX_ID_CHARS)] | int


class VehicleBody(Body, kw_only=True, frozen=True):
    """A partial update: what is left out stays as it was."""

    speed_kmh: Annotated[float, Meta(ge=0, le=300)] | UnsetType | None = UNSET
    """None: unknown."""
    speed_mps: Annotated[float, Meta(ge=0, le=84)] | UnsetType | None = UNSET
    """The same in metres a second; ``speed_kmh`` goes before it."""
    reversing: bool | UnsetType = UNSET
    doors_open: bool | UnsetType = UNSET
    doors: bool | Literal["open", "closed"] | UnsetType = UNSET
    """Another name of ``doors_open``."""
    radio_on: bool | UnsetType = UNSET
    """The radio or an intercom speaks to the passengers."""
    radio: bool | Literal["on", "off"] | UnsetType = UNSET
    """Another name of ``radio_on``."""
    ignition: Ignition | UnsetType = UNSET


def parse_mute(arrival: Arrival) -> ControlChange:
    _bare(arrival)
    return ControlChange(muted=True)


def parse_unmute(arrival: Arrival) -> ControlChange:
    _bare(arrival)
    return ControlChange(muted=False)


def parse_stop(arrival: Arrival) -> ControlChange:
    _bare(arrival)
    return ControlChange(stop=True)


def parse_volume(arrival: Arrival) -> ControlChange:
    """Accepts ``0.5``, ``50%``, ``{"value": 0.5}``, ``{"value": "50%"}``; a retained one is a setting."""
    if not is_json(arrival.payload):
        return ControlChange(volume=_volume(_word(arrival.payload)))
    body = decode_json(arrival, VolumeBody, {"value": VOLUME_HELP, "": VOLUME_HELP})
    _check_age(arrival, body)
    return ControlChange(volume=_volume(body.value) if isinstance(body.value, str) else body.value)


def parse_chattiness(arrival: Arrival) -> ControlChange:
    """Accepts a level as plain text or as ``{"value": …}``; a retained one is a setting."""
    help_text = f"allowed: {', '.join(get_args(Chattiness))}"
    if is_json(arrival.payload):
        body = decode_json(arrival, ChattinessBody, {"value": help_text, "": help_text})
        _check_age(arrival, body)
        return ControlChange(chattiness=body.value)
    word = _word(arrival.payload).lower()
    for level in get_args(Chattiness):
        if word == level:
            return ControlChange(chattiness=level)
    raise RefusedError("invalid", f"unknown level {excerpt(arrival.payload)} ({help_text})")


def parse_talk(arrival: Arrival) -> ControlChange:
    """The push-to-talk button: ``down``, ``up``, or empty for a short press."""
    if arrival.retain or is_json(arrival.payload) or not arrival.payload.strip():
        _bare(arrival)
        return ControlChange(talk="pressed")
    match _word(arrival.payload).lower():
        case "down":
            return ControlChange(talk="down")
        case "up":
            return ControlChange(talk="up")
    raise RefusedError("invalid", f"expected down, up or an empty payload, got {excerpt(arrival.payload)}")


def parse_microphone(arrival: Arrival) -> ControlChange:
    """``on`` or ``off``, as plain text or as ``{"value": …}``."""
    if arrival.retain:
        _bare(arrival)
    if is_json(arrival.payload):
        body = decode_json(arrival, MicrophoneBody, {"value": MICROPHONE_HELP, "": MICROPHONE_HELP})
        _check_age(arrival, body)
        return ControlChange(microphone_off=body.value == "off")
    word = _word(arrival.payload).lower()
    if word not in ("on", "off"):
        raise RefusedError("invalid", f"{MICROPHONE_HELP}, got {excerpt(arrival.payload)}")
    return ControlChange(microphone_off=word == "off")


def parse_pool(arrival: Arrival) -> ControlChange:
    """``fill``: write and voice remarks ahead now."""
    if arrival.retain:
        _bare(arrival)
    if _word(arrival.payload).lower() != "fill":
        raise RefusedError("invalid", f"expected fill, got {excerpt(arrival.payload)}")
    return ControlChange(pool_fill=True)


def parse_cancel(arrival: Arrival) -> CancelRequest:
    """An id as plain text or as ``{"target": …}``."""
    if arrival.retain:
        _bare(arrival)
    if is_json(arrival.payload):
        body = decode_json(arrival, CancelBody)
        _check_age(arrival, body)
        return CancelRequest(target=str(body.target))
    target = _word(arrival.payload)
    if not 0 < len(target) <= MAX_ID_CHARS:
        raise RefusedError("invalid", f"expected the id of an announcement, got {excerpt(arrival.payload)}")
    return CancelRequest(target=target)


def parse_vehicle(arrival: Arrival) -> ControlChange:
    """A retained one counts: it is the vehicle's state."""
    if not is_json(arrival.payload):
        raise RefusedError(
            "malformed", f'expected JSON like {{"speed_kmh": 12.5}}, got {excerpt(arrival.payload)}'
        )
    body = decode_json(arrival, VehicleBody)
    _check_age(arrival, body)
    change = ControlChange(
        speed_kmh=_speed_kmh(body),
        reversing=body.reversing,
        doors_open=_as_bool(body.doors, "open") if body.doors_open is UNSET else body.doors_open,
        radio_on=_as_bool(body.radio, "on") if body.radio_on is UNSET else body.radio_on,
        ignition="was_off" if arrival.retain and body.ignition == "off" else body.ignition,
    )
    if change == ControlChange():
        wrong = "".join(f"; {key}: {why}" for key, why in arrival.ignored.items())
        raise RefusedError(
            "invalid",
            f"expected at least one of speed_kmh, reversing, doors_open, radio_on, ignition, got none{wrong}",
        )
    return change


COMMANDS: dict[str, Callable[[Arrival], ControlChange | CancelRequest]] = {
    "cancel": parse_cancel,
    "mute": parse_mute,
    "unmute": parse_unmute,
    "stop": parse_stop,
    "talk": parse_talk,
    "pool": parse_pool,
    "microphone": parse_microphone,
    "volume": parse_volume,
    "chattiness": parse_chattiness,
}


def _bare(arrival: Arrival) -> None:
    if arrival.retain:
        # It would be obeyed again at every reconnection, long after somebody said the opposite.
        raise RefusedError("retained", "this command is for now; publish it without retain")
    if is_json(arrival.payload):
        _check_age(arrival, decode_json(arrival, CommandBody))
    elif arrival.payload.strip():
        raise RefusedError(
            "invalid", f"expected an empty payload or a JSON object, got {excerpt(arrival.payload)}"
        )


def _check_age(arrival: Arrival, body: Body) -> None:
    sent_at = unix_time(arrival, "ts", body.ts)
    if body.ttl is not None:
        expires_mono(arrival, since=sent_at, ttl_s=body.ttl)


def _word(payload: bytes) -> str:
    """The word in a payload: plain, or a JSON string."""
    return (json_text(payload) or payload.decode("utf-8", errors="replace")).strip()


def _volume(text: str) -> float:
    match = _VOLUME.fullmatch(text.strip())
    if match is None:
        raise RefusedError("invalid", f"{VOLUME_HELP}, got {excerpt(text.encode())}")
    volume = float(match[1]) / (100 if match[2] else 1)
    if volume > 1:
        raise RefusedError("invalid", f"{VOLUME_HELP}, got {excerpt(text.encode())}")
    return volume


def _speed_kmh(body: VehicleBody) -> float | UnsetType | None:
    if body.speed_kmh is not UNSET or body.speed_mps is UNSET:
        return body.speed_kmh
    return None if body.speed_mps is None else body.speed_mps * 3.6


def _as_bool(value: bool | str | UnsetType, true_word: str) -> bool | UnsetType:
    return value == true_word if isinstance(value, str) else value
