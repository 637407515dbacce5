"""Sightings as patterns: label × count class × side. Pure."""

from __future__ import annotations

from edge.lexicon.labels import canonical
from edge.messages import Count, CountClass, Pattern, Sighting

_SEVERAL: CountClass = "several"
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


def exact_pattern(sighting: Sighting) -> Pattern | None:
    """The narrowest pattern that the sighting fits; None where it has no label."""
    label = label_of(sighting)
    if not label:
        return None
    return Pattern(label=label, count=count_class(sighting.count), side=sighting.side)


def wider_patterns(pattern: Pattern) -> tuple[Pattern, ...]:
    """Patterns that fit all that this one fits, and more, the most specific first."""
    counts = (pattern.count,) if pattern.count in ("one", "several") else (pattern.count, _SEVERAL)
    sides = (pattern.side, None) if pattern.side else (None,)
    fitting = (Pattern(label=pattern.label, count=count, side=side) for count in counts for side in sides)
    return tuple(other for other in fitting if other != pattern)


def fitting_patterns(sighting: Sighting) -> tuple[Pattern, ...]:
    """Every pattern that the sighting fits, the most specific first; none where it has no label.

    A pattern that names less than was seen fits too: "several dogs" fits two dogs on the right.
    """
    exact = exact_pattern(sighting)
    return () if exact is None else (exact, *wider_patterns(exact))
