"""How long the longest hostile text holds a process up: functions and patterns, with the worst text found."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import NamedTuple

from tests.support.hostile_text import of_length, pieces_of, seconds, slowest
from tests.support.hostile_work import do_now, held_up_s, works
from tests.support.patterns import ROWS, Reached, all_patterns

TIMES = 5


class HeldUp(NamedTuple):
    """One way of foreign text."""

    name: str
    longest: int
    """Characters that can reach it."""
    bound: str
    ms: float
    """While which the event loop does nothing else, with the worst text that was found; the best of five."""


async def measure(tell: Callable[[str], None]) -> list[HeldUp]:
    """The functions in the order of their table, then the slowest of the patterns."""
    found: list[HeldUp] = []
    for work in works():
        tell(f"hostile text: {work.name}")
        worst_ms = 0.0
        for shape in await asyncio.to_thread(slowest, do_now(work), work.longest, work.pieces, work.name):
            text = of_length(shape[0], work.longest, *shape[1:])
            worst_ms = max(worst_ms, 1000 * min([await held_up_s(work, text) for _ in range(TIMES)]))
        bound = work.bound + (", in a thread" if work.in_thread else "")
        found.append(HeldUp(work.name, work.longest, bound, worst_ms))
    tell("hostile text: patterns")
    patterns = [
        HeldUp(key, row.longest, "", _pattern_ms(pattern, row))
        for key, pattern in all_patterns()
        if isinstance(row := ROWS[key], Reached)
    ]
    worst = max(patterns, key=lambda each: each.ms)
    return [*found, worst._replace(name=f"{len(patterns)} patterns, the slowest", bound=worst.name)]


def _pattern_ms(pattern: re.Pattern[str], row: Reached) -> float:
    def scan(text: str) -> object:
        return pattern.fullmatch(text) if row.whole_only else pattern.sub("", text)

    worst_ms = 0.0
    for shape in slowest(lambda text: scan(row.part(text)), row.longest, pieces_of(pattern), pattern.pattern):
        text = row.part(of_length(shape[0], row.longest, *shape[1:]))
        worst_ms = max(worst_ms, 1000 * min(seconds(scan, text) for _ in range(TIMES)))
    return worst_ms
