"""Sightings as patterns: label × count class × side. Pure."""

from __future__ import annotations

from edge.lexicon.labels import canonical
from edge.messages import Count, CountClass, Pattern, Sighting

_CLASS_OF_NUMBER: dict[int, CountClass] = {1: "one", 2: "two", 3: "three"}
NUMBER_OF_CLASS: dict[CountClass, int] = {name: number for number, name in _CLASS_OF_NUMBER.items()}
"""``several`` has none."""


def label_of(sighting: Sighting) -> str | None:
    """The lexicon's name of what was seen, or the site's own; None where there is only text."""
    if sighting.label is None:
        return None
    return canonical(sighting.label) or " ".join(sighting.label.lower().split())


def count_class(count: Count) -> CountClass:
    """The narrowest class: four and more are ``several``."""
    return "several" if isinstance(count, str) else _CLASS_OF_NUMBER.get(count, "several")


def fitting_patterns(sighting: Sighting) -> tuple[Pattern, ...]:
    """Every pattern that the sighting fits, the most specific first; none where it has no label.

    A pattern that names less than was seen fits too: "several dogs" fits two dogs on the right.
    """
    label = label_of(sighting)
    if not label or len(label) > 64:
        return ()
    exact = count_class(sighting.count)
    classes: list[CountClass] = [exact] if exact in ("one", "several") else [exact, "several"]
    sides = [sighting.side, None] if sighting.side else [None]
    return tuple(Pattern(label=label, count=count, side=side) for count in classes for side in sides)
