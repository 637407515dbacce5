"""The yardstick's figures as a table on a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from edge.bench.figures import (
    HELD_MEDIAN_MS,
    HELD_P95_MS,
    JOINED_WITHIN_MS,
    OVER_BOUND_MEDIAN_MS,
    OVER_BOUND_P95_MS,
    Figures,
    SystemFigures,
)
from edge.bench.statistics import Summary, summarize
from edge.bench.yardstick import Measured

PROMISES = (
    f"Promised with profile seed: pool ≤ {HELD_MEDIAN_MS:g}/{HELD_P95_MS:g} ms (median/p95); stream ≤ floor "
    f"+ {OVER_BOUND_MEDIAN_MS:g}/{OVER_BOUND_P95_MS:g}; opener: sound as pool, content as stream or "
    f"≤ {JOINED_WITHIN_MS:g} ms behind the opener."
)


def show(console: Console, measured: Measured, figures: Figures) -> None:
    """The floor is a row among the systems."""
    plan = measured.plan
    table = plain_table(
        f"profile {plan.profile}, sound to {plan.output}, {plan.trials} trials each, interleaved; "
        "ms from the publication to the first sample at the device",
        ("", "n", "first sound", "p95", "first content", "p95", "over floor", "p95", "tokens", "chars", ""),
    )
    if figures.floor:
        median, p95 = f"{figures.floor.median:.1f}", f"{figures.floor.p95:.1f}"
        table.add_row(
            "floor", str(figures.floor.n), median, p95, median, p95, "0", "", "", "", "", style="bold"
        )
    for system in figures.systems:
        table.add_row(*_row(system))
    console.print(table)
    if figures.floor_nominal_ms is not None:
        console.print(f"The floor from the profile's latencies alone: {figures.floor_nominal_ms:.1f} ms.")
    for name, filling in measured.filled.items():
        spent = filling.spent
        console.print(
            f"Ahead for {name}: {filling.entries} texts for {spent.tokens} tokens, "
            f"{spent.characters} characters."
        )
    for system in figures.systems:
        for reason in dict.fromkeys(system.failures):
            console.print(f"{system.name}: {system.failures.count(reason)} × {reason}", highlight=False)
    if late := summarize(measured.wake_up_late_ms):
        console.print(f"This machine woke idle threads {late.median:.1f} ms late, p95 {late.p95:.1f} ms.")
    if any(system.met is not None for system in figures.systems):
        console.print(PROMISES, highlight=False)


def plain_table(title: str, columns: Sequence[str]) -> Table:
    """Text to the left, figures to the right."""
    table = Table(title=title, title_justify="left")
    for index, column in enumerate(columns):
        table.add_column(column, justify="left" if index == 0 else "right")
    return table


def _row(system: SystemFigures) -> list[str]:
    return [
        system.name,
        str(len(system.trials)),
        *_cells(system.first_sound),
        *_cells(system.first_content),
        *_cells(system.over_floor, signed=True),
        str(system.spent.tokens),
        str(system.spent.characters),
        _verdict(system),
    ]


def _verdict(system: SystemFigures) -> str:
    parts = [f"{system.openers} openers"] if system.openers else []
    if system.failures:
        parts.append(f"[red]{len(system.failures)} failed[/red]")
    if system.met is not None:
        parts.append("[green]kept[/green]" if system.met else "[red]missed[/red]")
    return ", ".join(parts)


def _cells(summary: Summary | None, *, signed: bool = False) -> tuple[str, str]:
    if summary is None:
        return "-", "-"
    sign = "+" if signed else ""
    return f"{summary.median:{sign}.1f}", f"{summary.p95:{sign}.1f}"
