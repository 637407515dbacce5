"""What the director takes for the same: an object, a kind of thing, words of dispatch's. Pure."""

from __future__ import annotations

from typing import NamedTuple

from edge.messages import Count, Priority, Sighting, Trigger


class TrackedObject(NamedTuple):
    """What a tracker follows. Its ids are its camera's own."""

    camera: str | None
    object_id: str


def object_of(sighting: Sighting) -> TrackedObject | None:
    return TrackedObject(sighting.camera, sighting.object_id) if sighting.object_id is not None else None


def says_it(waiting: Trigger, new: Trigger) -> bool:
    """What waits has the words of this announcement or safety message: once is enough for both."""
    same_words = (waiting.kind, waiting.language, waiting.text) == (new.kind, new.language, new.text)
    return same_words and new.priority >= Priority.ANNOUNCEMENT


def kind_of(sighting: Sighting) -> str:
    """What the cooldown is counted for: the label, or the words of a sighting that has none."""
    return sighting.label or (sighting.text or "").casefold()


def similar(one: Sighting, other: Sighting) -> bool:
    same_place = one.side == other.side
    return same_place and one.label == other.label and (one.text or "") == (other.text or "")


def together(old: Sighting, new: Sighting) -> Count:
    """Different tracked objects add up; without ids they may be the same ones, so the larger count stays."""
    if isinstance(old.count, str) or isinstance(new.count, str):
        return "several"
    if old.object_id and new.object_id:
        return min(old.count + new.count, 1000)
    return max(old.count, new.count)
