"""In which order systems are tried. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")


def interleaved(systems: Sequence[T], rounds: int) -> Iterator[T]:
    """Each system once a round; each round begins with another one.

    Whatever drifts meanwhile (other programs, temperature) strikes all alike, and none is always tried
    right behind the same other.
    """
    for number in range(rounds):
        first = number % len(systems)
        turned = [*systems[first:], *systems[:first]]
        yield from turned if number // len(systems) % 2 == 0 else reversed(turned)
