"""The labels that the guide knows: COCO's 80 classes and what else is met around here."""

from __future__ import annotations

import re
from functools import cache

from edge.package_tables import read_table


@cache
def _parents() -> dict[str, str | None]:
    """Every known label → its parent."""
    document = read_table(__package__, "labels.toml")
    extras = {label: extra.get("parent") for label, extra in document["extras"].items()}
    return dict.fromkeys(document["coco"]) | extras


def known_labels() -> tuple[str, ...]:
    """All labels, COCO's first."""
    return tuple(_parents())


def parent_of(label: str) -> str | None:
    """The label whose remarks ``label`` may borrow (``woman`` → ``person``)."""
    return _parents()[label]


def canonical(label: str) -> str | None:
    """The known label that a detector meant ("Traffic_Light" → ``traffic light``), or None."""
    name = " ".join(re.split(r"[\s_-]+", label.strip().lower()))
    return name if name in _parents() else None
