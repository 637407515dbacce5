"""``shuttle-guide bench``: the five standard triggers (and yours) against the running guide."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from statistics import median
from typing import Any, get_args

from edge.cli.client import GuideClient
from edge.cli.show import show_table
from edge.config import Settings
from edge.messages import Stage
from edge.nearest_rank import nearest_rank

STANDARD_TRIGGERS = (
    "две собаки справа",
    "женщина с коляской слева",
    "велосипедист обгоняет",
    "дети машут руками",
    "закат над рисовым полем",
)
STAGES: tuple[Stage, ...] = get_args(Stage)[1:8]
"""From ``accepted`` to ``last_sample``: the others are of questions."""
CLOCKS = {"ttfa_ms": "time to first audio", "first_content_ms": "time to first content"}
PERCENTILES = (50, 90, 95)


def bench(options: argparse.Namespace, settings: Settings) -> int:
    """Needs a guide that is up; says so when its chattiness holds triggers back."""
    if options.moved is not None:
        print(
            "bench: what is measured on emulated clouds is no command of the guide any more; in its source "
            "tree: make bench, or python -m bench --help",
            file=sys.stderr,
        )
        return 2
    turns = asyncio.run(measure(settings, [*STANDARD_TRIGGERS, *options.text], options.rounds))
    spoken = [turn for turn in turns if turn and turn["outcome"] == "spoken"]
    result = {
        "triggers": len(turns),
        "spoken": len(spoken),
        "stages_ms": {
            stage: percentiles([t["stages_ms"][stage] for t in spoken if stage in t["stages_ms"]])
            for stage in STAGES
        },
        **{
            clock: percentiles([turn[clock] for turn in spoken if turn.get(clock) is not None])
            for clock in CLOCKS
        },
    }
    if options.as_json:
        print(json.dumps(result))
    else:
        _show(result)
    if len(spoken) < len(turns):
        print(
            f"bench: {len(turns) - len(spoken)} of {len(turns)} triggers were not spoken; with "
            "SHUTTLE_GUIDE_COMMENTATOR__CHATTINESS=unlimited the guide holds nothing back",
            file=sys.stderr,
        )
    return 0 if spoken else 1


async def measure(settings: Settings, texts: Sequence[str], rounds: int) -> list[dict[str, Any] | None]:
    """Ask for each text ``rounds`` times, one after the other; None where no turn came of it."""
    turns: list[dict[str, Any] | None] = []
    async with GuideClient(settings) as client:
        await client.wait_ready(10.0)
        for _ in range(rounds):
            for text in texts:
                try:
                    turns.append(await client.ask({"text": text}, timeout_s=15.0))
                except TimeoutError:
                    turns.append(None)
    return turns


def percentiles(values: Sequence[float]) -> dict[str, float] | None:
    """Median and nearest-rank percentiles of ``values`` in their unit; None without values."""
    if not values:
        return None
    ranked = sorted(values)
    return {f"p{p}": round(median(ranked) if p == 50 else nearest_rank(ranked, p), 1) for p in PERCENTILES}


def _show(result: dict[str, Any]) -> None:
    title = f"{result['spoken']} of {result['triggers']} triggers spoken; ms since the event arrived"
    columns = [f"p{p}" for p in PERCENTILES]
    clocks = {name: result[clock] for clock, name in CLOCKS.items()}
    rows = (result["stages_ms"] | clocks).items()
    show_table(
        title,
        ["stage", *columns],
        ([stage, *(f"{row[p]:.1f}" if row else "-" for p in columns)] for stage, row in rows),
    )
