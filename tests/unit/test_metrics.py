"""What a process tells on its feed becomes metrics; nothing of what is said or heard becomes a label."""

from __future__ import annotations

import msgspec
import pytest
from prometheus_client import CollectorRegistry, generate_latest

from edge.config import Settings
from edge.messages import (
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
from edge.metrics import BUCKETS_S, Metrics, serve
from tests.support.ports import free_port

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
                counters={"dropped.cooldown": cooldown},
                facts={"model.groq": groq, "model.phrasebook": "ok", "knowledge": "none"},
            )
        )
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
