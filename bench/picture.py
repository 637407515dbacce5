"""The yardstick as a picture: a turn stage by stage, and each trial's first sound and first content. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from bench.figures import Figures, SystemFigures
from bench.statistics import summarize
from bench.trial import Point, SystemName
from bench.yardstick import Measured
from edge.svg import Canvas, Scale

WIDTH, LEFT, RIGHT = 960.0, 160.0, 930.0
HEAD, ROW, STRIP_ROW, BETWEEN = 118.0, 46.0, 44.0, 74.0
"""Heights: title and legend, a system's row in either panel, axis and title between the panels."""
BEYOND = 1.04
"""How much wider the axis is than the latest first content."""

BarPart = Literal["hop", "model", "clause", "voice", "out", "opener"]
MEANING: dict[BarPart, str] = {
    "hop": "on the way: broker, pipes, director",
    "model": "model's first token",
    "clause": "text for the voice",
    "voice": "voice",
    "out": "to the loudspeaker",
    "opener": "opener sounds",
}
SHOWN: dict[SystemName, tuple[str, str]] = {
    "pool": ("pool", "written, voiced ahead"),
    "opener": ("opener", "the stream behind it"),
    "stream": ("stream", "model and voice, live"),
    "seed-v1": ("seed-v1", "one after the other"),
    "seed-v5": ("seed-v5", "by sentences"),
}
LIGHT = {
    "paper": "#ffffff",
    "ink": "#1d2433",
    "soft": "#667085",
    "grid": "#e4e7ec",
    "floor": "#d6336c",
    "hop": "#98a2b3",
    "model": "#5b5bd6",
    "clause": "#a9a9f2",
    "voice": "#12a594",
    "out": "#f0a020",
    "opener": "#86c96b",
}
DARK = LIGHT | {
    "paper": "#12161f",
    "ink": "#e8ecf4",
    "soft": "#98a2b3",
    "grid": "#2a3140",
    "floor": "#ff5c93",
    "hop": "#667085",
    "model": "#7b7bf0",
    "clause": "#4a4aa6",
    "opener": "#5fa348",
}
SHAPES = """
text { font: 13px system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
.title { font-size: 19px; font-weight: 600; } .heading { font-size: 14px; font-weight: 600; }
.soft, .value, .floor-name { font-size: 12px; } .what, .tick, .unit { font-size: 11px; }
.name, .what, .unit, .value-end { text-anchor: end; } .name { font-weight: 600; }
.tick { text-anchor: middle; }
.floor { stroke-width: 1.5; stroke-dasharray: 5 4; } .sound { fill-opacity: 0.75; }
.content { fill: none; stroke-width: 1.4; } .sound-median, .content-median { stroke-width: 3; }
"""


def _colours(of: dict[str, str]) -> str:
    filled = "".join(f".{part} {{ fill: {of[part]}; }} " for part in ("paper", *MEANING))
    return (
        f"text {{ fill: {of['ink']}; }} .soft, .what, .tick, .unit {{ fill: {of['soft']}; }} "
        f".grid {{ stroke: {of['grid']}; }} .floor {{ stroke: {of['floor']}; }} "
        f".floor-name {{ fill: {of['floor']}; }} .sound {{ fill: {of['voice']}; }} "
        f".content, .content-median {{ stroke: {of['model']}; }} .sound-median {{ stroke: {of['voice']}; }} "
        + filled
    )


STYLE = f"{SHAPES}{_colours(LIGHT)}\n@media (prefers-color-scheme: dark) {{ {_colours(DARK)} }}\n"


class BarSegment(NamedTuple):
    """A part of a turn, in ms since the publication."""

    part: BarPart
    start_ms: float
    end_ms: float


def draw(measured: Measured, figures: Figures) -> str:
    """An SVG file. Systems without a trial that counts are left out."""
    systems = [each for each in figures.systems if each.trials]
    strips_at = HEAD + ROW * len(systems) + BETWEEN
    height = strips_at + STRIP_ROW * len(systems) + 66
    canvas = Canvas(WIDTH, height, "From the sighting to the first sound and the first content", STYLE)
    canvas.rect(0, 0, WIDTH, height, "paper")
    _head(canvas, measured)
    latest_ms = max((t.first_content_ms for each in systems for t in each.trials), default=100.0)
    scale = Scale(latest_ms * BEYOND, LEFT, RIGHT)
    floor_ms = figures.floor.median if figures.floor else None

    _axis(canvas, scale, HEAD, HEAD + ROW * len(systems))
    for index, each in enumerate(systems):
        _waterfall(canvas, scale, each, HEAD + ROW * index)
    _floor(canvas, scale, floor_ms, HEAD, HEAD + ROW * len(systems))

    canvas.text(24, strips_at - 14, "Each trial", "heading")
    canvas.circle(24 + 92, strips_at - 18, 4, "sound")
    canvas.text(24 + 102, strips_at - 14, "first sound", "soft")
    canvas.circle(24 + 192, strips_at - 18, 4, "content")
    canvas.text(24 + 202, strips_at - 14, "first content; the bars are medians", "soft")
    _axis(canvas, scale, strips_at, strips_at + STRIP_ROW * len(systems))
    for index, each in enumerate(systems):
        _strip(canvas, scale, each, strips_at + STRIP_ROW * index)
    _floor(canvas, scale, floor_ms, strips_at, strips_at + STRIP_ROW * len(systems))
    canvas.text(
        LEFT,
        height - 14,
        "floor = model's first content token + its first clause + voice's first byte, of the same replies",
        "soft",
    )
    return canvas.to_xml()


def segments_of(system: SystemFigures) -> Iterator[BarSegment]:
    """The median turn. A point that it has not got takes no time."""
    points = system.points_ms
    ends: list[tuple[BarPart, tuple[Point, ...]]] = [
        ("hop", ("model_asked", "accepted")),
        ("model", ("first_token",)),
        ("clause", ("first_text", "voice_asked") if "first_token" in points else ()),
        ("voice", ("first_audio", "first_content") if "voice_asked" in points else ()),
        ("out", ("first_content",)),
    ]
    now_ms = 0.0
    for part, names in ends:
        end_ms = next((points[name] for name in names if name in points), now_ms)
        if end_ms > now_ms:
            yield BarSegment(part, now_ms, end_ms)
            now_ms = end_ms


def _head(canvas: Canvas, measured: Measured) -> None:
    plan, profile = measured.plan, measured.profile
    canvas.text(24, 34, "From the sighting to the first sound", "title")
    late = summarize(measured.wake_up_late_ms)
    conditions = (
        f"emulated clouds, profile {plan.profile}: first token {profile.first_token_s * 1000:.0f} ms, voice "
        f"{profile.voice_first_byte_s * 1000:.0f} ms · {plan.trials} trials each, interleaved · sound to "
        f"{plan.output}" + (f" · wake-ups late by {late.median:.1f} ms" if late else "")
    )
    canvas.text(24, 54, conditions, "soft")
    canvas.text(24, 84, "A turn, stage by stage (medians)", "heading")
    x = 24.0
    for part, meaning in MEANING.items():
        canvas.rect(x, 94, 10, 10, part, radius=2)
        canvas.text(x + 15, 103, meaning, "soft")
        x += 34 + 6.3 * len(meaning)


def _axis(canvas: Canvas, scale: Scale, top: float, bottom: float) -> None:
    for value in scale.ticks():
        canvas.line(scale(value), top, scale(value), bottom, "grid")
        canvas.text(scale(value), bottom + 16, f"{value:g}", "tick")
    canvas.text(RIGHT, bottom + 32, "ms since the sighting was published", "unit")


def _floor(canvas: Canvas, scale: Scale, floor_ms: float | None, top: float, bottom: float) -> None:
    if floor_ms is not None:
        canvas.line(scale(floor_ms), top - 4, scale(floor_ms), bottom, "floor")
        canvas.text(scale(floor_ms) + 5, top + 8, f"floor {floor_ms:.0f}", "floor-name")


def _name(canvas: Canvas, system: SystemFigures, middle: float) -> None:
    name, what = SHOWN[system.name]
    canvas.text(LEFT - 12, middle, name, "name")
    canvas.text(LEFT - 12, middle + 14, what, "what")


def _waterfall(canvas: Canvas, scale: Scale, system: SystemFigures, top: float) -> None:
    _name(canvas, system, top + ROW / 2 - 1)
    opener_end = summarize([t.opener_end_ms for t in system.trials if t.opener_end_ms is not None])
    sound_ms, content_ms = system.points_ms["first_sample"], system.points_ms["first_content"]
    bar_top, bar_height = top + 14, 20.0
    if opener_end:
        canvas.rect(
            scale(sound_ms), top + 11, scale(opener_end.median) - scale(sound_ms), 10, "opener", radius=2
        )
        bar_top, bar_height = top + 24, 12.0
    for part, start_ms, end_ms in segments_of(system):
        tip = f"{MEANING[part]}: {end_ms - start_ms:.0f} ms"
        canvas.rect(scale(start_ms), bar_top, scale(end_ms) - scale(start_ms), bar_height, part, tip=tip)
    told = f"{content_ms:.0f} ms" if not opener_end else f"sound {sound_ms:.0f}, content {content_ms:.0f} ms"
    beside = scale(content_ms) + 8
    if beside + 6.5 * len(told) > RIGHT:
        canvas.text(RIGHT, top + 11, told, "value value-end")
    else:
        canvas.text(beside, bar_top + bar_height - (5 if bar_height > 15 else 2), told, "value")


def _strip(canvas: Canvas, scale: Scale, system: SystemFigures, top: float) -> None:
    middle = top + STRIP_ROW / 2
    _name(canvas, system, middle - 1)
    for index, trial in enumerate(system.trials):
        off = (index % 5 - 2) * 1.6  # so that equals lie beside each other
        canvas.circle(
            scale(trial.first_sound_ms), middle - 7 + off, 3, "sound", tip=f"{trial.first_sound_ms:.1f} ms"
        )
        canvas.circle(
            scale(trial.first_content_ms),
            middle + 9 + off,
            3,
            "content",
            tip=f"{trial.first_content_ms:.1f} ms",
        )
    for summary, kind, y in (
        (system.first_sound, "sound-median", middle - 7),
        (system.first_content, "content-median", middle + 9),
    ):
        if summary:
            canvas.line(scale(summary.median), y - 7, scale(summary.median), y + 7, kind)
