"""The JSON of ``spoken``: the guide's own words, and when each begins to sound. Pure; no I/O."""

from __future__ import annotations

from typing import cast

import msgspec

from edge.fleet.frame import UnixTime
from edge.messages import GuideWords, Kind, Language, Outcome, Priority
from edge.telemetry.payloads import Payload


class SpokenWordTime(msgspec.Struct, frozen=True, kw_only=True):
    """One written word, or several that are said as one ("5 km")."""

    start: int
    """Offsets in ``text``, in characters (code points): of its first one, and behind its last."""
    end: int
    begins_at: UnixTime | None
    """When its sound begins, as far as is known; may lie ahead. null: the sound stands still before it."""
    estimated: bool
    """The voice does not tell; it follows from the lengths of the words around it."""


class SpokenPayload(Payload, frozen=True, kw_only=True):
    """What sounds, on ``shuttle/{id}/spoken``: when it begins, with each change, and when it has ended."""

    ts: UnixTime
    turn_id: str | None
    """null: nothing sounds."""
    kind: Kind | None
    language: Language | None
    text: str
    """As it is written, so far."""
    words: tuple[SpokenWordTime, ...]
    """The words that have sound, in order. What is behind them has none yet, or never gets any."""
    ends_at: UnixTime | None
    """When the sound that is there so far is over."""
    ducked: bool
    """Lowered, since something more important gets ready."""
    outcome: Outcome | None
    """How it ended; null: it has not."""


def spoken_payload(words: GuideWords, unix_minus_mono_s: float, now_at: float) -> SpokenPayload:
    """What the speaker tells on its feed, for people elsewhere.

    Args:
        unix_minus_mono_s: what turns this boot's monotonic seconds into Unix time.
        now_at: Unix seconds.
    """

    def unix(mono: float | None) -> float | None:
        return None if mono is None else round(mono + unix_minus_mono_s, 3)

    kind = None if words.priority is None else cast(Kind, Priority(words.priority).name.lower())
    return SpokenPayload(
        ts=round(now_at, 3),
        turn_id=words.turn_id,
        kind=kind,
        language=words.language,
        text=words.text,
        words=tuple(
            SpokenWordTime(
                start=word.start, end=word.end, begins_at=unix(word.begins_mono), estimated=word.estimated
            )
            for word in words.words
        ),
        ends_at=unix(words.ends_mono),
        ducked=words.ducked,
        outcome=words.outcome,
    )
