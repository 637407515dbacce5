"""Which entries go when there are too many, too old or too large ones. Pure, ages are passed in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from edge.speaker.pool.entry import EntryHeader

RemovalReason = Literal["too_old", "no_room"]


class Stored(NamedTuple):
    """An entry on disk."""

    header: EntryHeader
    size_bytes: int


class StoreLimits(NamedTuple):
    """What the pool may be."""

    max_bytes: int
    max_age_s: float
    """The age at which remarks go. Openers, bridges and endings do not age."""


def to_remove(
    entries: Mapping[str, Stored], limits: StoreLimits, ages_s: Mapping[str, float]
) -> dict[str, RemovalReason]:
    """Entry id → why it has to go.

    Worth least is the oldest remark of the pattern that has most; what is played again and again is worth
    more than any remark.

    Args:
        ages_s: of all entries.
    """
    removed: dict[str, RemovalReason] = {
        entry_id: "too_old"
        for entry_id, (header, _) in entries.items()
        if header.text.use == "remark" and ages_s[entry_id] > limits.max_age_s
    }
    left = {entry_id: stored for entry_id, stored in entries.items() if entry_id not in removed}
    too_much = sum(stored.size_bytes for stored in left.values()) - limits.max_bytes
    while too_much > 0:
        victim = _worth_least(left, ages_s)
        too_much -= left.pop(victim).size_bytes
        removed[victim] = "no_room"
    return removed


def _worth_least(entries: Mapping[str, Stored], ages_s: Mapping[str, float]) -> str:
    crowd: dict[object, int] = {}
    for header in _headers(entries):
        crowd[_group(header)] = crowd.get(_group(header), 0) + 1

    def worth(entry_id: str) -> tuple[bool, int, float, float, str]:
        header = entries[entry_id].header
        crowded = crowd[_group(header)]
        return header.text.use != "remark", -crowded, -ages_s[entry_id], header.voiced_at, entry_id

    return min(entries, key=worth)


def _group(header: EntryHeader) -> object:
    """Entries that stand for each other."""
    text = header.text
    return text.use, text.language, text.pattern, text.kind


def _headers(entries: Mapping[str, Stored]) -> Iterable[EntryHeader]:
    return (stored.header for stored in entries.values())
