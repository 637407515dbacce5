"""``shuttle/{id}/event``: something was seen, as JSON or as a person would type it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta

from edge.ingest.body import (
    Body,
    NameOrNumber,
    Time,
    decode_json,
    decode_text,
    expires_mono,
    identifier,
    is_json,
    unix_time,
    words,
)
from edge.ingest.parsed import Arrival, RefusedError
from edge.lexicon import free_text, labels
from edge.messages import MAX_TEXT_CHARS, Count, Language, ShortText, Side, Sighting, Trigger

SideWord = Literal["left", "right", "ahead", "behind", "front", "center", "back", "rear"]
SIDES: dict[SideWord, Side] = {
    "left": "left",
    "right": "right",
    "ahead": "ahead",
    "front": "ahead",
    "center": "ahead",
    "behind": "behind",
    "back": "behind",
    "rear": "behind",
}
Distance = Annotated[float, Meta(ge=0, le=1000, description="Metres.")]


class EventBody(Body, kw_only=True, frozen=True):
    """A sighting. One of ``label`` and ``text`` is needed, everything else is optional."""

    label: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    """A COCO name ("dog", "traffic_light") or any short description."""
    count: Count | None = None
    side: SideWord | None = None
    distance_m: Distance | None = None
    distance: Distance | None = None
    """Another name of ``distance_m``."""
    confidence: Annotated[float, Meta(ge=0, le=1)] | None = None
    object_id: NameOrNumber | None = None
    """The tracker's id: one object is remarked on once. Leave it out for what is not tracked."""
    camera: NameOrNumber | None = None
    """Which camera saw it: object ids are its own, and so is its share of what may cost money."""
    seen_at: Annotated[Time | None, Meta(description="When it was seen, like ts; goes before it.")] = None
    text: ShortText | None = None
    """What a person would type, in ru, en or id."""
    language: Language | None = None
    """What to speak; default: the shuttle's language."""


HINTS = {"side": f"allowed: {', '.join(get_args(SideWord))}"}


def parse_event(arrival: Arrival, *, default_ttl_s: float, languages: Sequence[Language]) -> Trigger:
    """A remark's trigger.

    Args:
        languages: those that free text is tried in, the likeliest first.

    Raises:
        RefusedError: see the reason.
    """
    if arrival.retain:
        raise RefusedError("retained", "a retained event is a stale sighting; publish events without retain")
    if is_json(arrival.payload):
        body = decode_json(arrival, EventBody, HINTS)
    else:
        body = EventBody(text=decode_text(arrival.payload))
    seen_at = unix_time(arrival, "seen_at", body.seen_at)
    sent_at = unix_time(arrival, "ts", body.ts)
    if body.language is not None:
        languages = (body.language, *(other for other in languages if other != body.language))
    return Trigger(
        trigger_id=identifier(body.id),
        kind="remark",
        sighting=_sighting(arrival, body, languages),
        language=body.language,
        received_mono=arrival.received_mono,
        received_at=arrival.received_at,
        expires_mono=expires_mono(
            arrival,
            since=sent_at if seen_at is None else seen_at,
            ttl_s=default_ttl_s if body.ttl is None else body.ttl,
        ),
    )


def _sighting(arrival: Arrival, body: EventBody, languages: Sequence[Language]) -> Sighting:
    """What the words say; what a field says of its own goes before it."""
    read = _read(arrival, body, languages)
    return msgspec.structs.replace(
        read,
        count=read.count if body.count is None else body.count,
        side=read.side if body.side is None else SIDES[body.side],
        distance_m=body.distance if body.distance_m is None else body.distance_m,
        confidence=body.confidence,
        object_id=None if body.object_id is None else str(body.object_id),
        camera=None if body.camera is None else str(body.camera),
    )


def _read(arrival: Arrival, body: EventBody, languages: Sequence[Language]) -> Sighting:
    """What label and text say. One that says nothing is ignored where the other does."""
    said: dict[str, str] = {}
    problem: RefusedError | None = None
    name = None if body.label is None else re.sub(r"[\s_-]+", " ", body.label.lower())
    for key, value in (("text", body.text), ("label", name)):
        try:
            if value is not None:
                said[key] = words(value)
        except RefusedError as refused:
            arrival.ignored[key] = str(refused)
            problem = refused
    if not said:
        wrong = "".join(
            f"; {key}: {arrival.ignored[key]}" for key in ("label", "text") if key in arrival.ignored
        )
        raise problem or RefusedError("invalid", f"expected a label or a text, got neither{wrong}")
    text, name = said.get("text"), said.get("label")
    if name is None:
        return free_text.parse(text or "", languages)
    if known := labels.canonical(name):
        return Sighting(label=known, text=text)
    read = free_text.parse(name, languages)
    if text is None:
        return read
    # The lexicon's idea of the label still lets it coalesce; the person's words say the rest.
    return msgspec.structs.replace(read, text=text if read.label else f"{name}: {text}"[:MAX_TEXT_CHARS])
