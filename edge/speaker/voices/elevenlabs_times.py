"""Reading the alignment in ElevenLabs' messages: characters, and when they sound. Pure."""

from __future__ import annotations

from typing import Any, NamedTuple

from edge.foreign_numbers import finite

MOST_CHARS = 4000
LATEST_MS = 120_000
"""No turn is as long as this."""


class CharacterTimes(NamedTuple):
    """The characters that one message's sound speaks."""

    chars: list[str]
    times_ms: list[tuple[float, float]] | None
    """Start and end of each, from the beginning of the message's sound; None: no usable times came."""


def read_alignment(value: Any) -> CharacterTimes | None:
    """Read an ``alignment`` object from the service; anything unusable is None.

    Times that no sound has (before its beginning, beyond any turn, running backwards) are none.
    """
    chars = value.get("chars") if isinstance(value, dict) else None
    if not isinstance(chars, list) or not 0 < len(chars) <= MOST_CHARS:
        return None
    if not all(isinstance(char, str) for char in chars):
        return None
    starts, durations = value.get("charStartTimesMs"), value.get("charDurationsMs")
    if not (_times(starts, len(chars)) and _times(durations, len(chars)) and starts == sorted(starts)):
        return CharacterTimes(chars, None)
    return CharacterTimes(
        chars, [(start, start + long) for start, long in zip(starts, durations, strict=True)]
    )


def _times(values: Any, count: int) -> bool:
    return (
        isinstance(values, list)
        and len(values) == count
        and all((ms := finite(value)) is not None and 0 <= ms <= LATEST_MS for value in values)
    )
