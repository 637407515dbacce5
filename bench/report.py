"""The figures as tables on a terminal, and as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

from bench import ablation
from bench.beside_filling import BesideFilling
from bench.dead_cloud import Hung, Survival
from bench.drive import DriveFigures
from bench.figures import as_data, figures_of
from bench.footprint import Footprint
from bench.hop import AT_SPEAKER
from bench.hostile import HeldUp
from bench.latency import OURS, Latencies, LatencySample
from bench.picture import draw
from bench.pool import PoolTimes
from bench.spoken_form import Spelling
from bench.statistics import Summary, summary_of
from bench.table import plain_table
from bench.table import show as show_yardstick
from bench.yardstick import PROTOTYPES, Measured

OVER_FLOOR_MEDIAN_MS, OVER_FLOOR_P95_MS = 15.0, 40.0
HOP_MEDIAN_MS, HOP_P99_MS = 3.0, 10.0
BESIDE_FILLING_MS = 10.0
BREAKER_OPEN_MS = 150.0
HUNG_MS = (1000.0, 700.0)
PSS_MB = 250.0
POOLED_PERCENT = 60.0
POOL_HIT_P95_MS = 30.0
FILLING_P95_MS = 10.0
SEAM_MIN_MS, SEAM_MAX_MS = 0.0, 120.0
IDLE_PERCENT = 2.0
HELD_UP_MS = 20.0
SPELLED_MS = 2.0
SPELLING_MB = 45.0


@dataclass
class BenchReport:
    """Collects what the scenarios found."""

    console: Console
    data: dict[str, Any] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    """Systems of ours that were not heard once; a prototype that falls silent is a finding."""

    def yardstick(self, found: Measured, svg: Path | None) -> None:
        figures = figures_of(found)
        ours = (system for system in figures.systems if system.name not in PROTOTYPES)
        self.silent |= {system.name for system in ours if not system.trials}
        show_yardstick(self.console, found, figures)
        self.data.setdefault("yardstick", {})[found.plan.profile] = as_data(found, figures)
        if svg:
            svg.write_text(draw(found, figures), encoding="utf-8")

    def ablation(self, found: ablation.Ablation) -> None:
        ablation.show(self.console, found)
        self.data.setdefault("ablation", {})[found.profile] = ablation.as_data(found)

    def beside_filling(self, found: BesideFilling) -> None:
        alone, beside = summary_of(found.alone_ms), summary_of(found.beside_ms)
        table = plain_table(
            f"Filling the pool beside live turns ({found.filled} texts): first content over the floor, ms "
            f"(target: p95 ≤ {BESIDE_FILLING_MS:g} later)",
            ("", "n", "median", "p95", "p99", "max", ""),
        )
        table.add_row("alone", *_cells(alone), "")
        table.add_row("beside filling", *_cells(beside), _mark(beside.p95 - alone.p95 <= BESIDE_FILLING_MS))
        self.console.print(table)
        self.data["beside_filling_ms"] = {"alone": alone._asdict(), "beside": beside._asdict()}

    def latencies(self, found: Latencies) -> None:
        table = plain_table(
            f"{found.profile}: publication → first sample, ms over the streaming floor "
            f"(target: median ≤ {OVER_FLOOR_MEDIAN_MS:g}, p95 ≤ {OVER_FLOOR_P95_MS:g})",
            ("situation", "design", "n", "median", "p95", "over nominal", "total", "× guide", ""),
        )
        data: dict[str, Any] = {}
        for situation, designs in found.samples.items():
            ours_ms = _median([sample.total_ms for sample in designs[OURS]])
            for design, samples in designs.items():
                over = summary_of([sample.over_ms for sample in samples])
                nominal_ms = _median([sample.over_nominal_ms for sample in samples])
                total_ms = _median([sample.total_ms for sample in samples])
                met = over.median <= OVER_FLOOR_MEDIAN_MS and over.p95 <= OVER_FLOOR_P95_MS
                table.add_row(
                    situation,
                    design,
                    str(over.n),
                    f"{over.median:.1f}",
                    f"{over.p95:.1f}",
                    f"{nominal_ms:.1f}",
                    f"{total_ms:.0f}",
                    f"{total_ms / ours_ms:.2f}",
                    _mark(met) if design == OURS else "",
                )
                data.setdefault(situation, {})[design] = {
                    "over_floor_ms": over._asdict(),
                    "over_nominal_floor_ms": nominal_ms,
                    "total_ms": total_ms,
                    "ratio_to_guide": total_ms / ours_ms,
                    "samples_over_floor_ms": [round(sample.over_ms, 2) for sample in samples],
                }
        self.console.print(table)
        self._parts(found)
        self.data.setdefault("latency", {})[found.profile] = data

    def hop(self, passed_ms: Mapping[str, Sequence[float]]) -> None:
        table = plain_table(
            f"The hop by itself, ms (target: median ≤ {HOP_MEDIAN_MS:g}, p99 ≤ {HOP_P99_MS:g})",
            ("from the publication to", "n", "median", "p95", "p99", "max", ""),
        )
        for name, samples in passed_ms.items():
            summary = summary_of(samples)
            met = summary.median <= HOP_MEDIAN_MS and summary.p99 <= HOP_P99_MS
            table.add_row(name, *_cells(summary), _mark(met) if name == AT_SPEAKER else "")
            self.data.setdefault("hop_ms", {})[name] = summary._asdict()
        self.console.print(table)

    def survivals(self, found: Sequence[Survival]) -> None:
        table = plain_table(
            "The cloud dead: a whole remark each time",
            ("all fail together", "fault", "first sound, ms", "written → spoken by", "heard"),
        )
        for each in found:
            heard = f"[red]{each.defect}[/red]" if each.defect else "[green]whole[/green]"
            table.add_row(each.services, each.fault, _ms(each.first_sound_ms), each.rungs, heard)
        self.console.print(table)
        self.data["dead_cloud"] = [
            {
                "services": each.services,
                "fault": each.fault,
                "first_sound_ms": each.first_sound_ms,
                "rungs": each.rungs,
                "defect": each.defect or None,
            }
            for each in found
        ]

    def hung(self, found: Sequence[Hung]) -> None:
        table = plain_table(
            f"Hung from the start: first sound, ms (target: ≤ {HUNG_MS[0]:g}, then ≤ {HUNG_MS[1]:g})",
            ("profile", "hang together", "first turn", "second turn", "written → spoken by", ""),
        )
        data = self.data["hung_from_the_start"] = []
        for each in found:
            turns = each.first, each.second
            times = [turn.until_ms("first_sample") for turn in turns]
            rungs = [f"{'+'.join(t.turn.models)} → {'+'.join(t.turn.voices)}" for t in turns]
            met = all(time <= limit for time, limit in zip(times, HUNG_MS, strict=True))
            cells = (each.profile, each.services, *(f"{time:.0f}" for time in times), ", ".join(rungs))
            table.add_row(*cells, _mark(met))
            data.append({"profile": each.profile, "services": each.services, "first_sound_ms": times})
        self.console.print(table)

    def breaker_open(self, first_sound_ms: Sequence[float]) -> None:
        summary = summary_of(first_sound_ms)
        table = plain_table(
            f"No cloud, breakers open: publication → first sound, ms (target: ≤ {BREAKER_OPEN_MS:g})",
            ("", "n", "median", "p95", "p99", "max", ""),
        )
        table.add_row("local rungs", *_cells(summary), _mark(summary.max <= BREAKER_OPEN_MS))
        self.console.print(table)
        self.data["breaker_open_ms"] = summary._asdict()

    def footprint(self, output: str, found: Footprint) -> None:
        table = plain_table(
            f"Sound to {output} (target: ≤ {PSS_MB:g} MB PSS, ≤ {IDLE_PERCENT:g} % of a core idle)",
            ("process", "PSS, MB", "idle, % of a core", "by thread"),
        )
        for name, threads in found.idle_percent.items():
            busy = sorted(
                ((share, thread) for thread, share in threads.items() if share >= 0.05), reverse=True
            )
            table.add_row(
                name,
                f"{found.pss_mb[name]:.1f}",
                f"{sum(threads.values()):.2f}",
                ", ".join(f"{thread} {share:.2f}" for share, thread in busy),
            )
        met = found.total_pss_mb <= PSS_MB and found.total_idle_percent <= IDLE_PERCENT
        table.add_row("all", f"{found.total_pss_mb:.1f}", f"{found.total_idle_percent:.2f}", _mark(met))
        self.console.print(table)
        self.data.setdefault("footprint", {})[output] = {
            "pss_mb": dict(found.pss_mb),
            "idle_percent": {name: dict(threads) for name, threads in found.idle_percent.items()},
            "total_pss_mb": found.total_pss_mb,
            "total_idle_percent": found.total_idle_percent,
        }

    def pool(self, found: PoolTimes) -> None:
        table = plain_table(
            "The pool, from the speaker's pipe to the first sample, ms",
            ("", "n", "median", "p95", "p99", "max", ""),
        )
        live = summary_of(found.live_ms)
        rows = [
            ("a held remark", found.hit_ms, POOL_HIT_P95_MS),
            ("a held opener", found.opener_ms, POOL_HIT_P95_MS),
            ("a remark that the cloud speaks", found.live_ms, None),
            ("… while the pool is filled", found.live_beside_filling_ms, live.p95 + FILLING_P95_MS),
        ]
        for name, samples, p95_at_most_ms in rows:
            summary = summary_of(samples)
            target = "" if p95_at_most_ms is None else f" (target: p95 ≤ {p95_at_most_ms:.0f})"
            verdict = "" if p95_at_most_ms is None else _mark(summary.p95 <= p95_at_most_ms)
            table.add_row(name + target, *_cells(summary), verdict)
        self.console.print(table)
        gaps_ms = [seam.gap_ms for seam in found.seams]
        steps_db = [abs(seam.step_db) for seam in found.seams]
        seams = plain_table(
            f"The seam between opener and remark (target: {SEAM_MIN_MS:g} to {SEAM_MAX_MS:g} ms of silence)",
            ("n", "least, ms", "median, ms", "most, ms", "largest step, dB", "whole", ""),
        )
        whole = sum(seam.whole for seam in found.seams)
        met = min(gaps_ms) >= SEAM_MIN_MS and max(gaps_ms) <= SEAM_MAX_MS and whole == len(found.seams)
        seams.add_row(
            str(len(gaps_ms)),
            *(f"{value:.0f}" for value in (min(gaps_ms), _median(gaps_ms), max(gaps_ms))),
            f"{max(steps_db):.2f}",
            str(whole),
            _mark(met),
        )
        self.console.print(seams)
        self.data["pool"] = {
            "hit_ms": found.hit_ms,
            "opener_ms": found.opener_ms,
            "live_ms": found.live_ms,
            "live_beside_filling_ms": found.live_beside_filling_ms,
            "seams": [seam._asdict() for seam in found.seams],
        }

    def drive(self, days: Mapping[str, DriveFigures]) -> None:
        table = plain_table(
            f"Two hours of driving, simulated (target: pool ≥ {POOLED_PERCENT:g} %, none heard twice)",
            (
                "",
                "remarks",
                "from the pool",
                "near hits",
                "heard twice",
                "characters",
                "requests",
                "tokens",
                "",
            ),
        )
        for day, found in days.items():
            met = found.share * 100 >= POOLED_PERCENT and not found.heard_twice
            table.add_row(
                day,
                str(found.remarks),
                f"{found.share:.0%}",
                str(found.near),
                str(found.heard_twice),
                str(found.characters),
                str(found.requests),
                str(found.tokens),
                _mark(met),
            )
            self.data.setdefault("drive", {})[day] = asdict(found) | {"share": round(found.share, 3)}
        self.console.print(table)

    def hostile(self, found: Sequence[HeldUp]) -> None:
        table = plain_table(
            f"How long the worst text that was found holds up the event loop (target: ≤ {HELD_UP_MS:g} ms)",
            ("what is done with it", "characters", "bound", "ms", ""),
        )
        for each in found:
            table.add_row(
                each.name, str(each.longest), each.bound, f"{each.ms:.1f}", _mark(each.ms <= HELD_UP_MS)
            )
        self.console.print(table)
        self.data["hostile"] = [each._asdict() for each in found]

    def spoken_form(self, found: Sequence[Spelling], memory_mb: float) -> None:
        table = plain_table(
            f"From the written to the spoken form (target: p95 ≤ {SPELLED_MS:g} ms a clause)",
            ("language", "clauses", "median ms", "p95 ms", "most ms", "p95 ms again", ""),
        )
        for each in found:
            table.add_row(
                each.language,
                str(each.first_ms.n),
                *(f"{ms:.2f}" for ms in (each.first_ms.median, each.first_ms.p95, each.first_ms.max)),
                f"{each.again_ms.p95:.2f}",
                _mark(each.first_ms.p95 <= SPELLED_MS),
            )
        self.console.print(table)
        self.console.print(
            f"All languages' rules take {memory_mb:.1f} MB of memory (target: ≤ {SPELLING_MB:g} MB)"
            f" {_mark(memory_mb <= SPELLING_MB)}"
        )
        self.data["spoken_form"] = {
            "memory_mb": memory_mb,
            "first_ms": {each.language: each.first_ms._asdict() for each in found},
            "again_ms": {each.language: each.again_ms._asdict() for each in found},
        }

    def noise(self, late_ms: Sequence[float]) -> None:
        summary = summary_of(late_ms)
        self.console.print(
            f"Meanwhile this machine woke an idle thread {summary.median:.1f} ms late (median), "
            f"p95 {summary.p95:.1f}, p99 {summary.p99:.1f}, at most {summary.max:.1f} ms."
        )
        self.data["wake_up_late_ms"] = summary._asdict()

    def _parts(self, found: Latencies) -> None:
        """Where the guide's time over the floor went."""
        situations = {name: designs[OURS] for name, designs in found.samples.items()}
        table = plain_table(
            f"{found.profile}: where the guide's time over the floor goes, median ms", ("part", *situations)
        )
        names = list(dict.fromkeys(name for samples in situations.values() for name in samples[0].parts_ms))
        for name in names:
            table.add_row(name, *(f"{_part(samples, name):.1f}" for samples in situations.values()))
        self.console.print(table)
        self.data.setdefault("parts_ms", {})[found.profile] = {
            situation: {name: round(_part(samples, name), 2) for name in names}
            for situation, samples in situations.items()
        }


def _part(samples: Sequence[LatencySample], name: str) -> float:
    return _median([sample.parts_ms[name] for sample in samples])


def _median(values: Sequence[float]) -> float:
    return summary_of(values).median


def _cells(summary: Summary) -> list[str]:
    return [
        str(summary.n),
        *(f"{value:.1f}" for value in (summary.median, summary.p95, summary.p99, summary.max)),
    ]


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}"


def _mark(met: bool) -> str:
    return "[green]met[/green]" if met else "[red]missed[/red]"
