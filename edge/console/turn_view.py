"""A turn as the engineer sees it: its stretches of time, where most was lost, and pictures of both. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

from edge.console.words import PageWords
from edge.messages import Stage
from edge.svg import Canvas, Scale
from edge.telemetry.payloads import RungTold, TurnPayload

TurnPart = Literal["understand", "accept", "write", "voice", "play", "opener", "speak"]
ENDS: tuple[tuple[Stage, TurnPart], ...] = (
    ("received", "understand"),
    ("accepted", "accept"),
    ("first_text", "write"),
    ("first_audio", "voice"),
    ("first_sample", "play"),
    ("first_content", "opener"),
    ("last_sample", "speak"),
)
"""Stage → the part of a turn that ends there."""
WAITING: tuple[TurnPart, ...] = ("understand", "accept", "write", "voice", "play")
"""Parts in which somebody waits and hears nothing."""

WIDTH = 640
ROW = 22
LABEL = 150
FIGURE = 70
SCALE_STEP_MS = 500.0
MOST_LABEL = 18
"""Letters that fit beside a bar."""


class Stretch(NamedTuple):
    """One part of a turn; milliseconds behind ``received``."""

    part: TurnPart
    begin_ms: float
    end_ms: float

    @property
    def ms(self) -> float:
        return self.end_ms - self.begin_ms


class _Row(NamedTuple):
    """One line of the waterfall."""

    name: str
    begin_ms: float
    ms: float
    kind: str


def stretches(turn: TurnPayload) -> list[Stretch]:
    """The stretches in the order of time.

    A stage that came earlier than one before it (an opener sounds before the first text is there) has none.
    """
    reached = turn.stages_ms
    at = reached.get("speech_end", 0.0) if turn.kind == "answer" else 0.0
    found = []
    for stage, part in ENDS:
        if stage in reached and reached[stage] > at:
            found.append(Stretch(part, at, reached[stage]))
            at = reached[stage]
    return found


def slowest(turn: TurnPayload) -> Stretch | None:
    """The longest part of the wait; None: nobody waited."""
    waited = [each for each in stretches(turn) if each.part in WAITING]
    return max(waited, key=lambda each: each.ms, default=None)


def is_late(turn: TurnPayload, slow_turn_ms: int) -> bool:
    waited_ms = turn.first_content_ms
    return waited_ms is not None and waited_ms > slow_turn_ms


def troubles(turn: TurnPayload) -> list[RungTold]:
    """Rungs that were begun in vain or passed over, so that others were begun beside or behind them."""
    return [each for each in turn.tries or () if each.fate not in ("used", "dropped")]


def bar(turn: TurnPayload, longest_ms: float, words: PageWords) -> str:
    """One line: the wait by parts, and the beginning of the speech, on a scale that several turns share."""
    title = ", ".join(f"{words(f'part.{each.part}')} {_ms(each.ms, words)}" for each in stretches(turn))
    canvas = Canvas(WIDTH, 14, title or words("engineer.no_sound"), stretched=True)
    scale = Scale(longest_ms, 0, WIDTH)
    begin_ms = min((each.begin_ms for each in stretches(turn)), default=0.0)
    for each in stretches(turn):
        left, right = (scale(min(at - begin_ms, longest_ms)) for at in (each.begin_ms, each.end_ms))
        if right > left:
            canvas.rect(left, 0, max(1.0, right - left), 14, f"part {each.part}", tip=_tip(each, words))
    return canvas.to_xml()


def waterfall(turn: TurnPayload, words: PageWords) -> str:
    """A row for each part, then one for each rung: when it began, and how long it took."""
    rows = [
        *(
            _Row(words(f"part.{each.part}"), each.begin_ms, each.ms, f"part {each.part}")
            for each in stretches(turn)
        ),
        *(
            _Row(each.rung, each.begun_ms, each.took_ms or 0.0, f"try {each.fate}")
            for each in turn.tries or ()
            if each.begun_ms is not None
        ),
    ]
    begin_ms = min((each.begin_ms for each in rows), default=0.0)
    whole_ms = max((each.begin_ms + each.ms - begin_ms for each in rows), default=1.0)
    canvas = Canvas(
        WIDTH, ROW * max(1, len(rows)) + 18, f"{words(f'kind.{turn.kind}')}: {_ms(whole_ms, words)}"
    )
    scale = Scale(max(1.0, whole_ms), LABEL, WIDTH - FIGURE)
    for at_ms in scale.ticks():
        canvas.line(scale(at_ms), 0, scale(at_ms), ROW * len(rows), "tick")
        if at_ms % (5 * next(iter([*scale.ticks()][1:2]), 1.0)) == 0:
            canvas.text(scale(at_ms), ROW * len(rows) + 14, f"{at_ms:.0f}", "axis")
    for index, each in enumerate(rows):
        top = ROW * index
        left, right = scale(each.begin_ms - begin_ms), scale(each.begin_ms + each.ms - begin_ms)
        canvas.text(LABEL - 8, top + 15, _short(each.name), "name")
        canvas.rect(left, top + 4, max(1.5, right - left), ROW - 8, each.kind, radius=2)
        canvas.text(right + 6, top + 15, _ms(each.ms, words), "figure")
    return canvas.to_xml()


def scale_of(turns: Sequence[TurnPayload]) -> float:
    """What the bars of these turns share: milliseconds until the last of them is heard, and some more.

    In steps, so that one turn more seldom has all of them drawn anew.
    """
    waits = [sum(each.ms for each in stretches(turn) if each.part != "speak") for turn in turns]
    return math.ceil(max([*waits, 400.0]) * 1.25 / SCALE_STEP_MS) * SCALE_STEP_MS


def _tip(stretch: Stretch, words: PageWords) -> str:
    return f"{words(f'part.{stretch.part}')} {_ms(stretch.ms, words)}"


def _short(name: str) -> str:
    return name if len(name) <= MOST_LABEL else f"{name[: MOST_LABEL - 1]}…"


def _ms(ms: float, words: PageWords) -> str:
    return words("page.ms", ms=f"{ms:.0f}")
