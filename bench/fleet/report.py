"""The figures as a table of 80 columns, and as plain data."""

from __future__ import annotations

from typing import NamedTuple

from rich import box
from rich.console import Console
from rich.table import Table

from bench.fleet import phases
from bench.fleet.phases import Answered, Idle, Storm
from bench.fleet.wire import Bytes, WireCost
from bench.statistics import summarize

WIDTH = 80
ACCEPTED_P99_S, FOLLOWED_P99_S = 2.0, 5.0
STORM_S = 30.0
HOUR = {"heartbeat": 60, "ping": 120, "turn": 30, "command": 2, "alarm": 1}
"""Messages of a shuttle at work, for the sum: a heartbeat a minute, a turn every other minute."""


class Figure(NamedTuple):
    """One line of the table."""

    name: str
    value: float | None
    """None: not measured here."""
    unit: str
    goal: float | None = None
    """At most so much."""

    @property
    def met(self) -> bool | None:
        return None if self.goal is None or self.value is None else self.value <= self.goal


def of_wire(wire: WireCost) -> list[Figure]:
    hour = 0
    figures = []
    for kind in ("connect", "heartbeat", "ping", "turn", "command", "alarm"):
        cost: Bytes = getattr(wire, kind)
        figures += [
            Figure(f"wire: {kind}, up", cost.up, "bytes"),
            Figure(f"wire: {kind}, down", cost.down, "bytes"),
        ]
        hour += (cost.up + cost.down) * HOUR.get(kind, 0)
    return [*figures, Figure("wire: an hour at work", hour / 1000, "kB")]


def of_answers(name: str, found: Answered, p99_s: float) -> list[Figure]:
    lacking = Figure(f"{name}: none from", found.missing, "", 0)
    summary = summarize(found.after_s)
    if summary is None:
        return [lacking]
    return [
        Figure(f"{name}: median", summary.median, "s"),
        Figure(f"{name}: p99", summary.p99, "s", p99_s),
        Figure(f"{name}: the last", summary.max, "s"),
        Figure(f"{name}: CPU of a shuttle", found.cpu_ms, "ms"),
        lacking,
    ]


def of_storm(storm: Storm | None) -> list[Figure]:
    if storm is None:
        return [Figure("storm: not our broker to restart", None, "")]
    over_s = phases.TOLD_WITHIN_S if storm.over_s is None else storm.over_s
    return [
        Figure("storm: the broker was away", storm.away_s, "s"),
        Figure("storm: all back, all turns told", over_s, "s", STORM_S),
        Figure("storm: turns lost", storm.lost, "", 0),
        Figure("storm: came twice, read once", storm.again, ""),
    ]


def of_idle(idle: Idle) -> list[Figure]:
    return [
        Figure("telemetry: RSS of a process", idle.rss_mb, "MB"),
        Figure("telemetry: PSS of a process", idle.pss_mb, "MB"),
        Figure("telemetry: idle, of a core", idle.cpu_percent, "%"),
        Figure("broker: memory of a session", idle.broker_kb_per_session, "kB"),
        Figure("broker: idle fleet, of a core", idle.broker_cpu_percent, "%"),
        Figure("operator: messages of an idle fleet", idle.messages_per_s, "/s"),
    ]


def show(console: Console, title: str, figures: list[Figure]) -> None:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("", no_wrap=True)
    for column in ("measured", "at most", ""):
        table.add_column(column, justify="right", no_wrap=True)
    for figure in figures:
        verdict = {None: "", True: "[green]kept[/green]", False: "[red]not[/red]"}[figure.met]
        at_most = "" if figure.goal is None else _number(figure.goal, figure.unit)
        table.add_row(figure.name, _number(figure.value, figure.unit), at_most, verdict)
    console.print(table)


def as_data(figures: list[Figure]) -> dict[str, dict[str, float | str | bool | None]]:
    return {
        figure.name: {"value": figure.value, "unit": figure.unit, "goal": figure.goal, "met": figure.met}
        for figure in figures
    }


def _number(value: float | None, unit: str) -> str:
    if value is None:
        return "-"
    shown = f"{value:,.0f}" if abs(value) >= 100 or float(value).is_integer() else f"{value:.2f}"
    return f"{shown} {unit}".rstrip()
