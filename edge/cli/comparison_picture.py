"""The picture of a comparison: a bar for each pair, from the trigger to its first sound. Pure."""

from __future__ import annotations

from statistics import median

from edge.cli.comparison import Pair, Results
from edge.svg import Canvas, Scale

WIDTH, LEFT, RIGHT, TOP, ROW, BAR = 720.0, 220.0, 690.0, 44.0, 30.0, 16.0
STAGES = (("token", "first token"), ("clause", "first clause"), ("sound", "first sound"))
STYLE = """
text { font: 12px sans-serif; fill: #222 } .name { text-anchor: end } .tick { text-anchor: middle }
.grid { stroke: #ccc } .token { fill: #9ab } .clause { fill: #579 } .sound { fill: #c73 }
.p95 { stroke: #c73 } .best { font-weight: bold; text-anchor: end }
@media (prefers-color-scheme: dark) { text { fill: #ddd } .grid { stroke: #444 } }
"""


def picture(results: Results, best: Pair | None) -> str:
    """An SVG file. Bars end at the median time to the first sound, thin lines at its p95.

    Raises:
        ValueError: no pair has had a turn.
    """
    told = sorted(
        ((pair, result) for pair, result in results.items() if result.turns),
        key=lambda item: item[1].first_sound_s(50),
    )
    if not told:
        raise ValueError("no pair has had a turn")
    scale = Scale(max(result.first_sound_s(95) for _, result in told) * 1000, LEFT, RIGHT)
    bottom = TOP + ROW * len(told)
    canvas = Canvas(WIDTH, bottom + 28, "From the trigger to the first sound, ms", STYLE)
    for at, (kind, name) in enumerate(STAGES):
        canvas.rect(LEFT + at * 120, 12, 12, 12, kind)
        canvas.text(LEFT + at * 120 + 18, 22, name)
    for tick in scale.ticks():
        canvas.line(scale(tick), TOP - 8, scale(tick), bottom, "grid")
        canvas.text(scale(tick), bottom + 16, f"{tick:g}", "tick")
    for number, (pair, result) in enumerate(told):
        top = TOP + number * ROW
        canvas.text(LEFT - 10, top + 13, str(pair), "best" if pair == best else "name")
        begun_ms = 0.0
        for kind, until_ms in (
            ("token", median(turn.first_token_s for turn in result.turns) * 1000),
            ("clause", median(turn.first_clause_s for turn in result.turns) * 1000),
            ("sound", result.first_sound_s(50) * 1000),
        ):
            width = scale(until_ms) - scale(begun_ms)
            canvas.rect(scale(begun_ms), top, width, BAR, kind, tip=f"{kind}: {until_ms:.0f} ms")
            begun_ms = until_ms
        middle = top + BAR / 2
        canvas.line(scale(begun_ms), middle, scale(result.first_sound_s(95) * 1000), middle, "p95")
    return canvas.to_xml()
