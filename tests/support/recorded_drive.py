"""Hours of three shuttles' metrics without the hours: the guide's own ones, shown a drive moment by moment.

``s1`` is well, ``s2`` has every trouble, ``s3`` has been silent for an hour. The vitals are a board's.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from edge.bus.topology import PROCESSES
from edge.fleet.frame import AlarmName
from edge.messages import (
    Control,
    CostCeiling,
    Kind,
    Outcome,
    Playback,
    Priority,
    ProcessName,
    ProcessState,
    StageTime,
    Turn,
)
from edge.metrics import Metrics
from edge.telemetry.fleet.levels import fleet_levels
from edge.telemetry.fleet.outbox import Fill
from edge.telemetry.levels import guide_levels, machine_levels
from edge.vitals.vitals import Vitals, read_vitals
from tests.support.recorded_tree import RecordedTree

STEP_S = 30
HOURS = 3


@dataclass
class RecordedShuttle:
    """One of them, and what it counts."""

    name: str
    troubled: bool
    metrics: dict[ProcessName, Metrics] = field(
        default_factory=lambda: {process: Metrics(process) for process in PROCESSES}
    )
    refused: int = 0
    lost: int = 0


def openmetrics(end_at: float, seed: int = 7) -> Iterator[str]:
    """Lines of OpenMetrics of the hours before ``end_at`` (Unix seconds)."""
    chance = random.Random(seed)
    vitals = read_vitals(RecordedTree("jetson-orin-jp6"), Path("/"))
    shuttles = [RecordedShuttle("s1", False), RecordedShuttle("s2", True), RecordedShuttle("s3", False)]
    steps = HOURS * 3600 // STEP_S
    last_heard: dict[str, float] = {}
    for step in range(steps + 1):
        at = end_at - (steps - step) * STEP_S
        for shuttle in shuttles:
            if shuttle.name != "s3" or at < end_at - 3600:
                last_heard[shuttle.name] = at
                _drive(shuttle, step / steps, vitals, chance)
                yield from _samples(shuttle, at)
            labels = f'{{shuttle="{shuttle.name}"}}'
            yield f"shuttle:last_heard:timestamp_seconds{labels} {last_heard[shuttle.name]:.0f} {at:.3f}"
    yield "# EOF"


def _drive(shuttle: RecordedShuttle, part: float, vitals: Vitals, chance: random.Random) -> None:
    """Another half minute: what its processes tell meanwhile."""
    bad = shuttle.troubled and part > 0.5
    if chance.random() < 0.4:
        shuttle.metrics["commentator"].observe(_turn(bad, chance))
    shuttle.refused += 40 if bad else 0
    shuttle.lost += 2 if bad and part > 0.9 else 0
    warm = 8 * math.sin(part * 9) + (30 * part if shuttle.troubled else 0)
    now = msgspec.structs.replace(
        vitals,
        temperatures_c={zone: degrees + warm for zone, degrees in vitals.temperatures_c.items()},
        clock_synchronized=True,
        undervoltage_events=4 if bad else 0,
        throttled_by_heat=("cpu",) if bad else (),
        disk_free_mib=int(90_000 - 89_800 * part) if shuttle.troubled else 61_000,
    )
    raised: tuple[AlarmName, ...] = ("outbox",) if bad else ()
    fill = Fill(waiting=int(part * 900) if bad else 0, size=4096, lost={"turn": shuttle.lost}, last_seq=9)
    telemetry = {
        **machine_levels(now, 1 if bad else 0),
        **guide_levels(Control(microphone_off=bad), CostCeiling(level=1 if bad else 0), raised),
        **fleet_levels(fill, 0, connected=not bad),
        "broker_connected.device": 1.0,
    }
    commentator = {
        "money_today.groq": 0.4 * part,
        "ceiling_used.money": 0.9 * part,
        "budget_s.model.groq": 0.4,
    }
    levels: dict[ProcessName, dict[str, float]] = {"telemetry": telemetry, "commentator": commentator}
    facts = {
        "commentator": {"model.groq": "429: wait" if bad else "ok", "model.phrasebook": "ok"},
        "speaker": {"voice.piper": "ok", "voice.espeak": "ok"},
        "listener": {"recognizer.whisper": "ok"},
    }
    for process, metrics in shuttle.metrics.items():
        metrics.observe(
            ProcessState(
                process=process,
                instance="i",
                ready=True,
                status="ready",
                counters={"refused.event": shuttle.refused} if process == "ingest" else {},
                facts=facts.get(process, {}),
                levels=levels.get(process, {}),
            )
        )
    shuttle.metrics["speaker"].observe(
        Playback(
            instance="i", started_mono=1.0, turn_id=None, output="open", voice=None, muted=False, volume=1.0
        )
    )


def _turn(bad: bool, chance: random.Random) -> Turn:
    kinds: tuple[Kind, ...] = ("remark", "answer", "announcement")
    kind = chance.choice(kinds)
    outcomes: tuple[Outcome, ...] = ("failed", "interrupted") if bad else ("spoken", "spoken", "interrupted")
    late_s = chance.uniform(2.2, 4.0) if bad else chance.uniform(0.05, 0.6)
    asked: StageTime = StageTime("speech_end" if kind == "answer" else "received", 100.0)
    return Turn(
        turn_id="t",
        trigger_id="t",
        kind=kind,
        priority=Priority.REMARK,
        language="ru",
        text="",
        outcome=chance.choice(outcomes),
        models=("phrasebook",) if bad else ("groq",),
        voices=("espeak",) if bad else ("piper",),
        received_at=0.0,
        stages=(
            asked,
            StageTime("first_token", 100.0 + late_s / 2),
            StageTime("first_sample", 100.0 + late_s),
        ),
    )


def _samples(shuttle: RecordedShuttle, at: float) -> Iterator[str]:
    for process, metrics in shuttle.metrics.items():
        own = {"job": "shuttle-guide", "shuttle": shuttle.name, "instance": shuttle.name, "process": process}
        yield _line("up", own, 1, at)
        for family in metrics.registry.collect():
            for sample in family.samples:
                if not sample.name.endswith("_created"):
                    yield _line(sample.name, own | dict(sample.labels), sample.value, at)
    agent = {"job": "shuttle-metrics", "shuttle": shuttle.name, "instance": shuttle.name}
    yield _line("prometheus_remote_storage_highest_timestamp_in_seconds", agent, at, at)
    yield _line("prometheus_remote_storage_queue_highest_sent_timestamp_seconds", agent, at - 2, at)
    yield _line("prometheus_remote_storage_samples_failed_total", agent, 0, at)


def _line(name: str, labels: dict[str, str], value: float, at: float) -> str:
    told = ",".join(f'{key}="{text}"' for key, text in labels.items())
    return f"{name}{{{told}}} {value} {at:.3f}"
