"""``python -m bench.listener_vad``: utterances found in a noisy cabin, false alarms, its cost."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.statistics import Summary, summarize
from edge.config import hearing
from edge.listener.segmenter import Segmenter
from edge.listener.vad import Vad, VadError
from edge.listener.vad_factory import make_vad
from tests.support.cabin import NOISE_ALONE_RMS, Sound, brown_noise, cabin, frames_of
from tests.support.detection import Detection, detect, false_segments

SNRS_DB = (20.0, 10.0, 5.0, 0.0)
FOUND_PERCENT = {10.0: 95.0, 0.0: 90.0}
OFFSET_MS = 150.0
LATE_MS = 20.0
CPU_PERCENT = 1.0
FALSE_SEGMENTS = 1
NOISE_MINUTES = 10
SEEDS = (1, 2, 3)
OPTIONS = hearing.Endpointing(silence_after_short_s=hearing.Endpointing().silence_s)
"""One silence for all utterances, so that it can be told what was handed over late."""
COLUMNS = (
    *("SNR, dB", "n", "found, %", "with end, %"),
    *("|onset|, ms", "p95", "|offset|, ms", "p95"),
    *("late by own end, ms", "max", "by the true end, ms", "p95"),
    *("false", ""),
)


@dataclass(frozen=True)
class Found:
    """What one detector found at one signal-to-noise ratio."""

    utterances: int
    detections: Sequence[Detection]
    false_segments: int

    @property
    def found_percent(self) -> float:
        """Utterances for which there is a segment."""
        return 100 * len(self.detections) / self.utterances

    @property
    def ended_percent(self) -> float:
        """Utterances for which there is a segment that ends within ``OFFSET_MS`` of the truth."""
        return 100 * sum(abs(each.offset_ms) <= OFFSET_MS for each in self.detections) / self.utterances

    @property
    def summaries(self) -> dict[str, Summary | None]:
        """Summaries in ms; ``late`` is what hand-over took beyond the silence that is waited for."""
        silence_ms = 1000 * OPTIONS.silence_s
        return {
            "onset": summarize([abs(each.onset_ms) for each in self.detections]),
            "offset": summarize([abs(each.offset_ms) for each in self.detections]),
            "late_by_own_end": summarize([each.waited_ms - silence_ms for each in self.detections]),
            "late_by_true_end": summarize([each.handover_ms - silence_ms for each in self.detections]),
        }


def find(vad: hearing.VadSettings, snr_db: float) -> Found:
    results = []
    utterances = 0
    for seed in SEEDS:
        heard = cabin(snr_db, seed)
        utterances += len(heard.truths)
        results.append(detect(Segmenter(make_vad(vad), OPTIONS), heard))
    detections = [detection for result in results for detection in result.detections]
    return Found(utterances, detections, sum(result.false_segments for result in results))


def cpu_percent(vad: Vad, noise: Sound) -> tuple[float, float]:
    """Percent of one core: for the detector alone, and for everything up to the events."""
    frames = list(frames_of(noise))
    segmenter = Segmenter(vad, OPTIONS)
    times = [time.process_time()]
    for frame in frames:
        vad.probability(frame.samples)
    times.append(time.process_time())
    for frame in frames:
        segmenter.feed(frame)
    times.append(time.process_time())
    seconds = frames[-1].mono
    return 100 * (times[1] - times[0]) / seconds, 100 * (times[2] - times[1]) / seconds


def measure(options: hearing.VadSettings, noise_minutes: int, console: Console) -> dict[str, Any]:
    """All figures of one detector, told and returned."""
    vad = make_vad(options)
    table = Table(
        title=f"{vad.name} (target: {FOUND_PERCENT[10.0]:g} % found at 10 dB, {FOUND_PERCENT[0.0]:g} % at 0, "
        f"their end within {OFFSET_MS:g} ms; handed over ≤ {LATE_MS:g} ms late)",
        title_justify="left",
    )
    for column in COLUMNS:
        table.add_column(column, justify="right")
    data: dict[str, Any] = {}
    for snr_db in SNRS_DB:
        found = find(options, snr_db)
        summaries = found.summaries
        cells = [
            f"{snr_db:g}",
            str(found.utterances),
            f"{found.found_percent:.1f}",
            f"{found.ended_percent:.1f}",
        ]
        for name, summary in summaries.items():
            tail = summary and (summary.max if name == "late_by_own_end" else summary.p95)
            cells += [f"{summary.median:.0f}", f"{tail:.0f}"] if summary else ["–", "–"]
        met = found.ended_percent >= FOUND_PERCENT.get(snr_db, 0.0)
        table.add_row(*cells, str(found.false_segments), _mark(met))
        data[f"{snr_db:g} dB"] = {
            "utterances": found.utterances,
            "found_percent": found.found_percent,
            "ended_percent": found.ended_percent,
            "false_segments": found.false_segments,
            **{f"{name}_ms": summary and summary._asdict() for name, summary in summaries.items()},
        }
    console.print(table)
    noise = brown_noise(60 * noise_minutes, NOISE_ALONE_RMS, seed=0)
    wrong = false_segments(Segmenter(make_vad(options), OPTIONS), noise)
    vad_percent, all_percent = cpu_percent(vad, noise[: 60 * 16_000])
    console.print(
        f"{noise_minutes} min of noise: {wrong} false segments (target: ≤ {FALSE_SEGMENTS}) "
        f"{_mark(wrong <= FALSE_SEGMENTS)}; {vad_percent:.2f} % of a core (target: ≤ {CPU_PERCENT:g}) "
        f"{_mark(vad_percent <= CPU_PERCENT)}, {all_percent:.2f} % with endpointing\n"
    )
    return data | {
        "noise": {"minutes": noise_minutes, "false_segments": wrong},
        "cpu_percent": {"vad": vad_percent, "vad_and_endpointing": all_percent},
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.listener_vad", description=__doc__)
    parser.add_argument("--engine", nargs="+", choices=("silero", "webrtc"), default=("silero", "webrtc"))
    parser.add_argument("--noise-minutes", type=int, default=NOISE_MINUTES, help="default: %(default)s")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")
    options = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 140)
    data = {}
    for engine in options.engine:
        try:
            data[engine] = measure(hearing.VadSettings(engine=engine), options.noise_minutes, console)
        except VadError as error:
            print(f"bench: {error}", file=sys.stderr)
            return 1
    if options.json:
        options.json.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    return 0


def _mark(met: bool) -> str:
    return "[green]met[/green]" if met else "[red]missed[/red]"


if __name__ == "__main__":
    sys.exit(main())
