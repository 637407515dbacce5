"""``shuttle/{id}/announce`` and ``/safety``: words that are spoken as they are; ``/ask``: a question."""

from __future__ import annotations

from typing import Literal

from edge.ingest.body import (
    Body,
    decode_json,
    decode_text,
    expires_mono,
    identifier,
    is_json,
    unix_time,
    words,
)
from edge.ingest.parsed import Arrival, RefusedError
from edge.messages import Kind, Language, ShortText, StageTime, Trigger


class SafetyBody(Body, kw_only=True, frozen=True):
    """A safety announcement: replaces what is being said at once, and is heard even when muted."""

    text: ShortText
    language: Language | None = None
    """The language of the text; default: the shuttle's."""


class AnnounceBody(SafetyBody, kw_only=True, frozen=True):
    """An announcement."""

    chime: bool = False
    """A chime goes before the words."""


class AskBody(Body, kw_only=True, frozen=True):
    """A question that somebody has typed, answered as if a passenger had asked it."""

    text: ShortText
    language: Language | None = None
    """The language of the text; default: what its words tell."""


def parse_speech(
    arrival: Arrival, *, kind: Literal["announcement", "safety"], default_ttl_s: float
) -> Trigger:
    """The trigger of something to be said literally.

    Raises:
        RefusedError: see the reason.
    """
    if arrival.retain:
        # It would be spoken again at every reconnection.
        raise RefusedError("retained", "announcements are for now; publish them without retain")
    if is_json(arrival.payload):
        body: SafetyBody = decode_json(arrival, SafetyBody if kind == "safety" else AnnounceBody)
    else:
        body = AnnounceBody(text=decode_text(arrival.payload))
    chime = isinstance(body, AnnounceBody) and body.chime
    return _trigger(arrival, body, kind, default_ttl_s, chime=chime)


def parse_question(arrival: Arrival, *, default_ttl_s: float) -> Trigger:
    """The trigger of an answer; the question ended when it came.

    Raises:
        RefusedError: see the reason.
    """
    if arrival.retain:
        raise RefusedError("retained", "questions are for now; publish them without retain")
    body = (
        decode_json(arrival, AskBody)
        if is_json(arrival.payload)
        else AskBody(text=decode_text(arrival.payload))
    )
    asked = (StageTime("speech_end", arrival.received_mono),)
    return _trigger(arrival, body, "answer", default_ttl_s, stages=asked)


def _trigger(
    arrival: Arrival,
    body: SafetyBody | AskBody,
    kind: Kind,
    default_ttl_s: float,
    *,
    chime: bool = False,
    stages: tuple[StageTime, ...] = (),
) -> Trigger:
    return Trigger(
        trigger_id=identifier(body.id),
        kind=kind,
        text=words(body.text),
        language=body.language,
        chime=chime,
        stages=stages,
        received_mono=arrival.received_mono,
        received_at=arrival.received_at,
        expires_mono=expires_mono(
            arrival,
            since=unix_time(arrival, "ts", body.ts),
            ttl_s=default_ttl_s if body.ttl is None else body.ttl,
        ),
    )
