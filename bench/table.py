"""The yardstick's figures as a table on a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from bench.figures import (
    HELD_MEDIAN_MS,
    HELD_P95_MS,
    JOINED_WITHIN_MS,
    OVER_BOUND_MEDIAN_MS,
    OVER_BOUND_P95_MS,
    Figures,
    SystemFigures,
)
from bench.statistics import Summary, summarize
from bench.yardstick import Measured

PROMISES = (
    f"Promised with profile seed: pool ≤ {HELD_MEDIAN_MS:g}/{HELD_P95_MS:g} ms (median/p95); stream ≤ floor "
    f"+ {OVER_BOUND_MEDIAN_MS:g}/{OVER_BOUND_P95_MS:g}; opener: sound as pool, content as stream or "
    f"≤ {JOINED_WITHIN_MS:g} ms behind the opener."
)


def show(console: Console, measured: Measured, figures: Figures) -> None:
    """The floor is a row among the systems."""
    plan = measured.plan
    console.print(
        f"Profile {plan.profile}, sound to {plan.output}, {plan.trials} trials each, interleaved.",
        highlight=False,
    )
    table = Table(
        title="ms from the publication to the first sample at the device, median / p95",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )
    table.add_column("", no_wrap=True)
    for column in ("first sound", "first content", "over the floor", "tokens", "chars", "promise"):
        table.add_column(column, justify="right", no_wrap=True)
    if figures.floor:
        table.add_row("floor", _cell(figures.floor), _cell(figures.floor), style="bold")
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
        if system.openers:
            console.print(f"{system.name}: {system.openers} openers in {len(system.trials)} trials.")
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
    verdict = {None: "", True: "[green]kept[/green]", False: "[red]missed[/red]"}
    return [
        system.name,
        _cell(system.first_sound),
        _cell(system.first_content),
        _cell(system.over_floor, sign="+"),
        str(system.spent.tokens),
        str(system.spent.characters),
        verdict[system.met],
    ]


def _cell(summary: Summary | None, *, sign: str = "") -> str:
    if summary is None:
        return "-"
    return " / ".join(f"{value:{sign}.{_digits(value)}f}" for value in (summary.median, summary.p95))


def _digits(value: float) -> int:
    return 1 if abs(value) < 100 else 0
