"""What each part of the streaming way buys: it is left out, and the difference is measured."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

from bench.cloud_process import CloudProcess, running_clouds
from bench.measured_guide import environment_of
from bench.schedule import interleaved
from bench.statistics import Summary, summarize
from bench.streaming_way import StreamingWay, WayParts, all_at_once, by_sentence, longest_silence_ms
from bench.systems import SEEN, floor_between
from bench.table import plain_table
from edge.ladder import RungError

WHOLE = "everything"
LEFT_OUT: Mapping[str, WayParts] = {
    WHOLE: WayParts(),
    "model connected when asked": WayParts(model_kept_warm=False),
    "voice connected at the sighting": WayParts(voice_kept_warm=False),
    "voice connected at the text": WayParts(voice_kept_warm=False, voice_at_sighting=False),
    "nothing kept warm": WayParts(model_kept_warm=False, voice_kept_warm=False, voice_at_sighting=False),
    "first clause not cut early": WayParts(speak_whole=by_sentence),
    "spoken when all is written": WayParts(speak_whole=all_at_once),
    "next clause after the last": WayParts(made_while_playing=False),
    "no second rung": WayParts(hedged=False),
}
HEDGED_PROFILES = ("lossy",)
"""Elsewhere no rung is ever late, and a second one buys nothing."""


@dataclass
class Row:
    """What was measured of one way; a list entry a remark."""

    over_floor_ms: list[float] = field(default_factory=list)
    silence_ms: list[float] = field(default_factory=list)
    failures: int = 0


@dataclass(frozen=True)
class Ablation:
    """Way → what was measured. The first one has everything."""

    profile: str
    rows: Mapping[str, Row]

    def costs_ms(self, name: str, pick: Callable[[Summary], float]) -> float | None:
        """How much later the first content comes without this part."""
        here, whole = (summarize(self.rows[row].over_floor_ms) for row in (name, WHOLE))
        return None if here is None or whole is None else pick(here) - pick(whole)


async def measure(
    profile: str,
    rounds: int,
    folder: Path,
    broker_port: int,
    tell: Callable[[str], None],
    *,
    quiet_s: float,
) -> Ablation:
    """Each way in turn, ``rounds`` times.

    Args:
        folder: for settings, as ``broker_port`` is; nothing of the way uses either.
        tell: gets a line for whoever waits.
        quiet_s: before each remark nothing is asked for so long.
    """
    chosen = {name: parts for name, parts in LEFT_OUT.items() if parts.hedged or profile in HEDGED_PROFILES}
    rows = {name: Row() for name in chosen}
    async with running_clouds(profile) as clouds, contextlib.AsyncExitStack() as stack:
        ways: list[tuple[str, StreamingWay]] = []
        for name, parts in chosen.items():
            way = StreamingWay(environment_of(folder, broker_port, "ablation", clouds.environment), parts)
            await way.start()
            stack.push_async_callback(way.close)
            ways.append((name, way))
        for _, way in ways:
            with contextlib.suppress(RungError):
                await way.remark(SEEN)
        for number, (name, way) in enumerate(interleaved(ways, rounds)):
            if number % len(ways) == 0:
                tell(f"round {number // len(ways) + 1} of {rounds}")
            await asyncio.sleep(quiet_s)
            await _try(rows[name], way, clouds)
    return Ablation(profile, rows)


async def _try(row: Row, way: StreamingWay, clouds: CloudProcess) -> None:
    try:
        found = await way.remark(SEEN)
    except RungError:
        row.failures += 1
        return
    log = await clouds.log()
    floor = floor_between(log, clouds.profile, found.sighted_mono, found.first_sound_mono)
    if floor is None:  # spoken by a rung of this machine
        row.failures += 1
        return
    row.over_floor_ms.append((found.first_sound_mono - found.sighted_mono) * 1000 - floor.nominal_ms)
    row.silence_ms.append(longest_silence_ms(found.arrivals))


def show(console: Console, found: Ablation) -> None:
    """Print a table; the last columns are what the part that is left out buys."""
    table = plain_table(
        f"profile {found.profile}: the streaming way without one of its parts; ms",
        ("left out", "n", "over floor", "p95", "silence inside", "p95", "costs", "p95"),
    )
    for name, row in found.rows.items():
        costs = (found.costs_ms(name, lambda s: s.median), found.costs_ms(name, lambda s: s.p95))
        table.add_row(
            name if name != WHOLE else "nothing",
            str(len(row.over_floor_ms)) + (f" ({row.failures} failed)" if row.failures else ""),
            *_cells(row.over_floor_ms),
            *_cells(row.silence_ms),
            *("" if name == WHOLE or cost is None else f"{cost:+.1f}" for cost in costs),
        )
    console.print(table)


def as_data(found: Ablation) -> dict[str, Any]:
    """The figures for ``--json``."""
    return {
        "profile": found.profile,
        "ways": {
            name: {
                "failures": row.failures,
                "over_nominal_floor_ms": _data(row.over_floor_ms),
                "longest_silence_ms": _data(row.silence_ms),
            }
            for name, row in found.rows.items()
        },
    }


def _data(samples: Sequence[float]) -> dict[str, float] | None:
    summary = summarize(samples)
    return None if summary is None else {k: round(v, 2) for k, v in summary._asdict().items()}


def _cells(samples: Sequence[float]) -> tuple[str, str]:
    summary = summarize(samples)
    return ("-", "-") if summary is None else (f"{summary.median:.1f}", f"{summary.p95:.1f}")
