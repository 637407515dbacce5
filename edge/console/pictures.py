"""Pictures of many turns: how long their first sound took over the day, and which rungs made them. Pure."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Literal

from edge.clock import HOUR_S
from edge.console.now import FirstSound
from edge.console.words import PageWords
from edge.svg import Canvas, Scale

WIDTH, HEIGHT = 440, 190
LEFT, BOTTOM, TOP = 46, 24, 8
DAY_S = 24 * HOUR_S
AHEAD_S = 60
MOST_DRAWN = 200
MOST_MEDIANS = 40
SHORTEST_S = 600
"""Turns of some minutes alone are not drawn at one edge."""
MOST_SHARES = 6


def first_sounds(points: Sequence[FirstSound], now_at: float, words: PageWords) -> str:
    """A point for each turn of the last day, of many only the slowest; the line goes through medians.

    A clock that was set meanwhile is nobody's wait: what lies ahead of it, or days behind, is left out.
    """
    ordered = sorted(point for point in points if now_at - DAY_S <= point.received_at <= now_at + AHEAD_S)
    begin = min([point.received_at for point in ordered] + [now_at - SHORTEST_S])
    canvas = Canvas(WIDTH, HEIGHT, words("engineer.sound_today"))
    across = Scale(max(1.0, now_at - begin), LEFT, WIDTH - 8)
    most = max([point.ttfa_ms for point in ordered] + [500.0]) * 1.1
    up = Scale(most, HEIGHT - BOTTOM, TOP)
    for number, ms in enumerate(up.ticks()):
        canvas.line(LEFT, up(ms), WIDTH - 8, up(ms), "tick")
        if number % 2 == 0:
            canvas.text(LEFT - 6, up(ms) + 4, f"{ms:.0f}", "figure end")
    hours = max(1, round((now_at - begin) / HOUR_S / 6))
    at = (begin // HOUR_S + 1) * HOUR_S
    while at < now_at:
        canvas.text(across(at - begin), HEIGHT - 6, time.strftime("%H:%M", time.localtime(at)), "axis")
        at += hours * HOUR_S
    for point in (max(some, key=lambda each: each.ttfa_ms) for some in _groups(ordered, MOST_DRAWN)):
        canvas.circle(
            across(max(0.0, point.received_at - begin)),
            up(point.ttfa_ms),
            3,
            f"point {point.kind}",
            tip=f"{time.strftime('%H:%M:%S', time.localtime(point.received_at))}, "
            f"{words(f'kind.{point.kind}')}: {words('page.ms', ms=f'{point.ttfa_ms:.0f}')}",
        )
    medians = [(_median(some, 0) - begin, _median(some, 1)) for some in _groups(ordered, MOST_MEDIANS)]
    for (from_s, from_ms), (to_s, to_ms) in pairwise(medians):
        canvas.line(across(from_s), up(from_ms), across(to_s), up(to_ms), "median")
    return canvas.to_xml()


def _groups(points: Sequence[FirstSound], most: int) -> list[Sequence[FirstSound]]:
    """Neighbours in time, so many to each that there are no more groups than that."""
    size = max(1, math.ceil(len(points) / most))
    return [points[at : at + size] for at in range(0, len(points), size)]


def _median(points: Sequence[FirstSound], of: Literal[0, 1]) -> float:
    return float(sorted(point[of] for point in points)[len(points) // 2])


def shares(names: Sequence[str | None], title: str, words: PageWords) -> str:
    """One bar, parted by who has made how many of the turns, with its names below."""
    counted = Counter(name or words("engineer.nobody") for name in names).most_common(MOST_SHARES)
    whole = sum(count for _, count in counted) or 1
    canvas = Canvas(WIDTH, 26 + 20 * len(counted), title)
    left = 0.0
    for index, (name, count) in enumerate(counted):
        width = WIDTH * count / whole
        canvas.rect(left, 0, width, 18, f"share s{index}", tip=f"{name}: {count}")
        canvas.rect(0, 28 + 20 * index, 12, 12, f"share s{index}", radius=2)
        canvas.text(20, 38 + 20 * index, f"{name}: {count} ({count / whole:.0%})", "legend")
        left += width
    return canvas.to_xml()


def drive(outcomes: Sequence[Mapping[str, Any]], duration_s: float, words: PageWords) -> str:
    """What became of a drive over its seconds: a row for each kind of turn, and one for what was dropped."""
    rows = [*dict.fromkeys(str(line["kind"]) for line in outcomes if line["what"] == "turn"), "dropped"]
    canvas = Canvas(WIDTH, 24 * len(rows) + BOTTOM, words("try.drive"))
    across = Scale(max(1.0, duration_s), LEFT * 2, WIDTH - 12)
    for number, at in enumerate(across.ticks()):
        canvas.line(across(at), 0, across(at), 24 * len(rows), "tick")
        if number % 2 == 0:
            canvas.text(across(at), 24 * len(rows) + 16, f"{at:.0f}", "axis")
    for index, row in enumerate(rows):
        name = words("engineer.drops") if row == "dropped" else words(f"kind.{row}")
        canvas.text(LEFT * 2 - 10, 24 * index + 17, name, "name")
        for line in outcomes:
            if row == (line["kind"] if line["what"] == "turn" else "dropped"):
                at = float(line.get("first_sound") or line["at"])
                kind = "part speak" if row == "dropped" else f"point {row}"
                canvas.circle(
                    across(at), 24 * index + 12, 4, kind, tip=str(line.get("text") or line["reason"])
                )
    return canvas.to_xml()
