"""Which of the remarks that are held fits a sighting. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from edge.commentator.pool.patterns import fitting_patterns
from edge.commentator.pool.variety import Spoken
from edge.lexicon.free_text import parse
from edge.messages import PoolEntry, Sighting

FAR_M = 40.0
"""What is so far away is worth saying so; a remark written ahead cannot."""
UNSURE_BELOW = 0.5
"""A detector that doubts: the model is told nothing of it either, but a ready joke is too sure of itself."""

MissReason = Literal[
    "free_text", "far", "unsure", "no_label", "nothing_held", "other_number_or_side", "repeated"
]


class Hit(NamedTuple):
    """A remark that may be said."""

    entry: PoolEntry
    near: bool
    """The pattern names less than was seen: no number, or no side."""


class Miss(NamedTuple):
    """Why none may be said."""

    reason: MissReason


def match(sighting: Sighting, entries: Iterable[PoolEntry], spoken: Spoken) -> Hit | Miss:
    """The most specific remark, of these the one written last.

    Args:
        entries: remarks in the language that shall be spoken.
        spoken: nothing like what was heard lately is said.
    """
    if reason := _beyond_any_remark(sighting):
        return Miss(reason)
    patterns = fitting_patterns(sighting)
    of_label = [e for e in entries if e.text.pattern and e.text.pattern.label == patterns[0].label]
    if not of_label:
        return Miss("nothing_held")
    repeated = False
    for rank, pattern in enumerate(patterns):
        fitting = [entry for entry in of_label if entry.text.pattern == pattern]
        for entry in sorted(fitting, key=lambda entry: entry.text.written_at, reverse=True):
            if not spoken.has_heard_lately(entry.text.text):
                return Hit(entry, near=rank > 0)
            repeated = True
    return Miss("repeated" if repeated else "other_number_or_side")


def _beyond_any_remark(sighting: Sighting) -> MissReason | None:
    """Whether something was seen that no remark about label, number and side can tell."""
    if sighting.text is not None and not _is_told_by_fields(sighting):
        return "free_text"
    if not fitting_patterns(sighting):
        return "no_label"
    if sighting.distance_m is not None and sighting.distance_m > FAR_M:
        return "far"
    if sighting.confidence is not None and sighting.confidence < UNSURE_BELOW:
        return "unsure"
    return None


def _is_told_by_fields(sighting: Sighting) -> bool:
    """The words say no more than label, number and side do, and nothing else than they."""
    read = parse(sighting.text or "")
    return read.text is None and (read.label, read.count, read.side) == (
        sighting.label,
        sighting.count,
        sighting.side,
    )
