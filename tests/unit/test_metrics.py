"""What a process tells on its feed becomes metrics; nothing of what is said or heard becomes a label."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, get_args

import msgspec
import pytest
from prometheus_client import CollectorRegistry, generate_latest

from edge.bus.topology import PROCESSES
from edge.config import Settings
from edge.fleet.frame import AlarmName
from edge.messages import (
    Control,
    CostCeiling,
    Playback,
    PoolEntry,
    PoolHoldings,
    PoolText,
    Priority,
    ProcessState,
    Progress,
    Spending,
    StageTime,
    Turn,
)
from edge.metric_levels import LEVELS
from edge.metrics import BUCKETS_S, Metrics, serve
from edge.telemetry.fleet.levels import fleet_levels
from edge.telemetry.fleet.outbox import Fill
from edge.telemetry.levels import guide_levels, machine_levels
from edge.vitals.vitals import Vitals
from tests.support.ports import free_port

PAGE = Path(__file__).parents[2] / "docs/metrics.md"
TURN = Turn(
    turn_id="turn-id",
    trigger_id="trigger-id",
    kind="remark",
    priority=Priority.REMARK,
    language="ru",
    text="Две собаки!",
    outcome="spoken",
    models=("groq", "phrasebook"),
    voices=("elevenlabs",),
    received_at=1.8e9,
    stages=(
        StageTime("received", 100.0),
        StageTime("accepted", 100.004),
        StageTime("first_token", 100.38),
        StageTime("first_sample", 100.48),
        StageTime("last_sample", 103.0),
    ),
)


def value(registry: CollectorRegistry, name: str, **labels: str) -> float | None:
    return registry.get_sample_value(f"shuttle_guide_{name}", labels)


def test_a_turn_is_timed_by_stage_kind_and_rung() -> None:
    metrics = Metrics("commentator")
    metrics.observe(TURN)
    metrics.observe(TURN)
    own = metrics.registry
    labels = {"stage": "first_sample", "kind": "remark", "rung": "elevenlabs"}
    assert value(own, "turn_stage_seconds_count", **labels) == 2
    assert value(own, "turn_stage_seconds_sum", **labels) == pytest.approx(0.96)
    assert value(own, "turn_stage_seconds_bucket", le="0.5", **labels) == 2
    assert value(own, "turn_stage_seconds_bucket", le="0.4", **labels) == 0
    token = {"stage": "first_token", "kind": "remark", "rung": "groq"}
    assert value(own, "turn_stage_seconds_count", **token) == 2
    ended = {"kind": "remark", "outcome": "spoken", "model": "groq", "voice": "elevenlabs"}
    assert value(own, "turns_total", **ended) == 2


def test_an_answer_is_timed_from_the_end_of_the_question() -> None:
    metrics = Metrics("commentator")
    stages = (StageTime("received", 101.0), StageTime("speech_end", 100.0), StageTime("first_sample", 101.5))
    metrics.observe(msgspec.structs.replace(TURN, kind="answer", stages=stages))
    labels = {"stage": "first_sample", "kind": "answer", "rung": "elevenlabs"}
    assert value(metrics.registry, "turn_stage_seconds_sum", **labels) == pytest.approx(1.5)


def test_a_turn_without_sound_is_counted() -> None:
    metrics = Metrics("commentator")
    metrics.observe(msgspec.structs.replace(TURN, outcome="failed", models=(), voices=(), stages=()))
    labels = {"kind": "remark", "outcome": "failed", "model": "none", "voice": "none"}
    assert value(metrics.registry, "turns_total", **labels) == 1


def test_counters_and_breakers_come_from_the_state() -> None:
    metrics = Metrics("ingest")
    for cooldown, groq in ((1, "ok"), (3, "429: wait")):
        metrics.observe(
            ProcessState(
                process="ingest",
                instance="i",
                ready=True,
                status="ready",
                counters={"dropped.cooldown": cooldown, **({"refused.event": 2} if cooldown == 3 else {})},
                facts={"model.groq": groq, "model.phrasebook": "ok", "knowledge": "none"},
            )
        )
        refused = cooldown - 1
        assert value(metrics.registry, "refused_messages_total") == refused
    own = metrics.registry
    assert value(own, "ready") == 1
    assert value(own, "events_total", event="dropped.cooldown") == 3
    assert value(own, "rung_usable", stage="model", rung="groq") == 0
    assert value(own, "rung_usable", stage="model", rung="phrasebook") == 1


def test_what_rungs_are_waited_for_and_what_the_day_leaves_are_levels() -> None:
    metrics = Metrics("commentator")
    for budget_s, left in ((1.2, 600.0), (0.45, 599.0)):
        levels = {"budget_s.model.groq": budget_s, "ahead_left.requests": left}
        state = ProcessState(process="commentator", instance="i", ready=True, status="ready", levels=levels)
        metrics.observe(state)
    assert value(metrics.registry, "rung_budget_seconds", stage="model", rung="groq") == 0.45
    assert value(metrics.registry, "ahead_left", of="requests") == 599


def test_the_speaker_tells_its_device_and_its_pool() -> None:
    metrics = Metrics("speaker")
    metrics.observe(
        Playback(
            instance="i", started_mono=1.0, turn_id=None, output="open", voice=None, muted=False, volume=1.0
        )
    )
    entry = PoolEntry(text=PoolText(use="remark", language="ru", text="Собака!"), duration_ms=900, voice="v")
    metrics.observe(PoolHoldings(instance="i", voice="v", entries=(entry,), characters_left=120))
    assert value(metrics.registry, "output_open") == 1
    assert value(metrics.registry, "pool_entries") == 1
    assert value(metrics.registry, "pool_characters_left") == 120


def test_what_is_spent_today_is_a_gauge_that_a_new_day_empties() -> None:
    metrics = Metrics("speaker")
    days = {"2026-11-28": {"voice.remark.characters": 9.0}, "2026-11-29": {"voice.remark.characters": 4.0}}
    labels = {"service": "voice", "purpose": "remark", "unit": "characters"}
    for today, expected in (("2026-11-28", 9.0), ("2026-11-29", 4.0), ("2026-11-30", None)):
        metrics.observe(Spending(process="speaker", today=today, days=days))
        assert value(metrics.registry, "spent_today", **labels) == expected


def test_money_and_ceilings_are_levels_and_what_has_no_price_is_no_nought() -> None:
    metrics = Metrics("commentator")
    for levels in ({"money_today.groq": 0.5, "ceiling_used.money": 0.25}, {"ceiling_used.money": 0.3}):
        metrics.observe(
            ProcessState(process="commentator", instance="i", ready=True, status="ready", levels=levels)
        )
    assert value(metrics.registry, "ceiling_used_ratio", of="money") == 0.3
    assert value(metrics.registry, "money_today", service="groq") is None


def test_vitals_become_metrics_in_base_units() -> None:
    vitals = Vitals(
        temperatures_c={"cpu-thermal": 61.5},
        power_mw={"VDD_IN": 14_250},
        power_mode="25W",
        undervoltage_events=3,
        overcurrent_events=0,
        current_peak_events=None,
        throttled_by_heat=("cpu", "gpu"),
        gpu_load=None,
        load_1m=1.5,
        memory_total_mib=7600,
        memory_available_mib=1024,
        disk_free_mib=2,
        clock_synchronized=False,
    )
    control, ceiling = Control(microphone_off=True), CostCeiling(level=1)
    own = told(machine_levels(vitals, 2) | guide_levels(control, ceiling, {"disk"}))
    raised = {name: value(own, "alarm_raised", alarm=name) for name in get_args(AlarmName)}
    assert raised == {name: float(name == "disk") for name in get_args(AlarmName)}
    assert value(own, "temperature_celsius", zone="cpu-thermal") == 61.5
    assert value(own, "power_watts", rail="VDD_IN") == 14.25
    assert value(own, "slowdowns_total", cause="undervoltage") == 3
    assert value(own, "slowdowns_total", cause="current_peaks") is None
    single = {
        "throttled_zones": 2,
        "heat_level": 2,
        "gpu_load_ratio": None,
        "memory_available_bytes": 1 << 30,
        "disk_free_bytes": 2 << 20,
        "clock_synchronized": 0,
        "muted": 0,
        "microphone_off": 1,
        "ceiling_level": 1,
    }
    assert {name: value(own, name) for name in single} == single


def test_what_the_fleet_was_not_told_is_counted_by_kind() -> None:
    fill = Fill(waiting=7, size=900, lost={"alarm/disk": 1, "alarm/clock": 2, "turn": 5}, last_seq=9)
    own = told(fleet_levels(fill, 4, connected=False))
    lost = {kind: value(own, "outbox_lost_total", kind=kind) for kind in ("turn", "receipt", "alarm")}
    assert lost == {"turn": 9, "receipt": 0, "alarm": 3}
    assert (value(own, "outbox_messages"), value(own, "outbox_bytes")) == (7, 900)
    assert value(own, "broker_connected", broker="fleet") == 0


def test_a_counter_that_nobody_has_read_yet_does_not_begin_at_nought() -> None:
    """It would seem to rise by all that was ever lost."""
    own = told(fleet_levels(None, 0, connected=True))
    assert value(own, "outbox_lost_total", kind="turn") is None


def told(levels: dict[str, float]) -> CollectorRegistry:
    """Telemetry's metrics, when these are its levels."""
    metrics = Metrics("telemetry")
    metrics.observe(
        ProcessState(process="telemetry", instance="i", ready=True, status="ready", levels=levels)
    )
    return metrics.registry


def test_the_page_names_every_metric_with_its_labels_and_who_tells_it() -> None:
    rows = re.findall(r"^\| (`.+?) \| (.*?) ?\| (.+?) \| ", PAGE.read_text("utf-8"), re.MULTILINE)
    names = re.compile(r"`([a-z0-9_]+)`")
    documented = {
        name: (set(names.findall(labels)), set(PROCESSES) if of == "all" else set(of.split(", ")))
        for cell, labels, of in rows
        for name in names.findall(cell)
        if name != "build_info"
    }
    made: dict[str, tuple[set[str], set[str]]] = {
        level.metric + "_total" * level.only_rises: (set(level.labels), set()) for level in LEVELS.values()
    }
    for process in PROCESSES:
        for family in families(Metrics(process)):
            made.setdefault(family.name, (family.labels, set()))[1].add(process)
    levels = {level.metric + "_total" * level.only_rises for level in LEVELS.values()}
    assert {name: labels for name, (labels, _) in documented.items()} == {
        name: labels for name, (labels, _) in made.items()
    }
    assert [
        name for name, (_, of) in documented.items() if name not in levels and not of <= made[name][1]
    ] == []


class Family(NamedTuple):
    """One that a process registers."""

    name: str
    labels: set[str]


def families(metrics: Metrics) -> Iterator[Family]:
    """All but levels, and what the client library measures by itself."""
    for family in metrics.registry.collect():
        name = family.name.removeprefix("shuttle_guide_")
        if name.startswith(("process_", "build")):
            continue
        labels = OF_COUNTERS[name] if name in OF_COUNTERS else labels_of(metrics, family.name)
        yield Family(name + "_total" * (family.type == "counter"), labels)


OF_COUNTERS: dict[str, set[str]] = {"events": {"event"}, "refused_messages": set()}


def labels_of(metrics: Metrics, name: str) -> set[str]:
    collector = metrics.registry._names_to_collectors[name]
    return set(getattr(collector, "_labelnames", ()))


def test_no_id_and_no_word_becomes_a_label() -> None:
    metrics = Metrics("commentator")
    metrics.observe(TURN)
    metrics.observe(Progress(turn_id="turn-id", stage="accepted", mono=1.0, since_received_ms=1.0))
    text = generate_latest(metrics.registry).decode()
    assert not any(secret in text for secret in ("turn-id", "trigger-id", "собаки"))


def test_the_buckets_reach_from_a_pool_hit_to_ten_seconds() -> None:
    assert (BUCKETS_S[0], BUCKETS_S[-1]) == (0.005, 10.0)
    assert list(BUCKETS_S) == sorted(BUCKETS_S)


def test_a_port_that_is_taken_is_one_line_and_no_more(caplog: pytest.LogCaptureFixture) -> None:
    settings = msgspec.convert({"metrics": {"port": free_port()}}, Settings).metrics
    serve(Metrics("ingest"), "ingest", settings)
    serve(Metrics("ingest"), "ingest", settings)
    (record,) = caplog.records
    assert str(settings.port) in record.getMessage()
