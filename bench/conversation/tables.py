"""The conversation's figures as tables on a terminal, and as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.conversation.answering import QuestionTimes
from bench.conversation.engine import Overhead
from bench.conversation.over_its_voice import StopsUnderstood
from bench.conversation.self_hearing import SelfHearing
from bench.conversation.yielding import Yielding
from bench.statistics import summary_of

LOWERED_P95_MS, SILENT_P95_MS = 60.0, 100.0
OURS_MEDIAN_MS = 30.0
ENGINE_PERCENT = 5.0


def show_self_hearing(console: Console, found: SelfHearing) -> dict[str, Any]:
    attenuation = summary_of(found.attenuation_db)
    cost = ", ".join(f"{name} {share:.1f} %" for name, share in found.cpu_percent.items())
    console.print(
        f"{found.remarks} remarks through the software canceller: {found.turns} turns by itself (target: 0) "
        f"{_mark(found.turns == 0)}, {found.interrupted} interrupted, {found.utterances.total()} utterances "
        f"{dict(found.utterances)}, {found.ducks} times lowered for nobody; echo {attenuation.median:.0f} dB "
        f"lower (median; worst {min(found.attenuation_db):.0f}); of a core: {cost}\n"
    )
    return {
        "remarks": found.remarks,
        "turns": found.turns,
        "interrupted": found.interrupted,
        "utterances": dict(found.utterances),
        "ducks": found.ducks,
        "attenuation_db": {"median": attenuation.median, "min": min(found.attenuation_db)},
        "cpu_percent": found.cpu_percent,
    }


def show_yielding(console: Console, found: Sequence[Yielding]) -> list[dict[str, Any]]:
    table = Table(
        title=f"From the decision to the monitor, ms (target: p95 ≤ {LOWERED_P95_MS:g} lowered by 6 dB, "
        f"≤ {SILENT_P95_MS:g} silent)",
        title_justify="left",
    )
    for column in ("speaker.buffer_ms", "", "n", "median", "p95", "max", "target"):
        table.add_column(column, justify="right")
    data = []
    for each in found:
        for name, samples, target_ms in (
            ("lowered", each.lowered_ms, LOWERED_P95_MS),
            ("silent", each.silent_ms, SILENT_P95_MS),
        ):
            summary = summary_of(samples)
            cells = (f"{summary.median:.0f}", f"{summary.p95:.0f}", f"{summary.max:.0f}")
            table.add_row(str(each.buffer_ms), name, str(summary.n), *cells, _mark(summary.p95 <= target_ms))
            data.append({"buffer_ms": each.buffer_ms, "what": name, **summary._asdict()})
    console.print(table)
    return data


def show_answering(console: Console, found: Sequence[QuestionTimes]) -> dict[str, Any]:
    ours = summary_of([each.ours_ms for each in found])
    total = summary_of([each.total_ms for each in found])
    console.print(
        f"End of speech → first sample of the answer: {total.median:.0f} ms (median of {total.n}), of which "
        f"ours {ours.median:.1f}, p95 {ours.p95:.1f} (target: median ≤ {OURS_MEDIAN_MS:g}) "
        f"{_mark(ours.median <= OURS_MEDIAN_MS)}\n"
    )
    return {"total_ms": total._asdict(), "ours_ms": ours._asdict()}


def show_engine(console: Console, found: Overhead) -> dict[str, Any]:
    console.print(
        f"A recognition costs {found.percent:.1f} % more than the bare engine's call "
        f"(target: ≤ {ENGINE_PERCENT:g}) {_mark(found.percent <= ENGINE_PERCENT)}\n"
    )
    return {"percent": found.percent, "bare_ms": found.bare_ms, "ours_ms": found.ours_ms}


def show_over_its_voice(console: Console, found: Sequence[StopsUnderstood]) -> list[dict[str, Any]]:
    for each in found:
        console.print(
            f"'Stop' {each.above_echo_db} dB above the echo: heard {each.found}, understood {each.stopped} "
            f"of {each.trials}"
        )
    console.print()
    return [asdict(each) for each in found]


def _mark(met: bool) -> str:
    return "[green]met[/green]" if met else "[red]missed[/red]"
