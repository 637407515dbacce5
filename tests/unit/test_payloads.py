"""The JSON that the guide publishes: complete, relative to the right moment, and discreet where asked."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from edge.config import CommentatorSettings, Prices, Settings, TelemetrySettings
from edge.messages import (
    Control,
    CostCeiling,
    Kind,
    Playback,
    Priority,
    ProcessName,
    ProcessState,
    Spending,
    StageTime,
    Turn,
)
from edge.spending.books import Books
from edge.telemetry import payloads
from edge.telemetry.costs import cost_today
from tests.support.console_alone import ended_turn as told_turn

RECEIVED_MONO = 5000.0
Processes = dict[ProcessName, ProcessState]


def ended_turn(**changes: Any) -> Turn:
    stages = (
        StageTime("received", RECEIVED_MONO),
        StageTime("accepted", RECEIVED_MONO + 0.0012),
        StageTime("first_sample", RECEIVED_MONO + 0.48123),
        StageTime("first_content", RECEIVED_MONO + 0.9),
        StageTime("last_sample", RECEIVED_MONO + 3),
    )
    turn = Turn(
        turn_id="t1",
        trigger_id="cam1-77",
        kind="remark",
        priority=Priority.REMARK,
        language="ru",
        text="Две собаки!",
        outcome="spoken",
        models=("groq",),
        refused=("groq: it insults",),
        voices=("elevenlabs", "espeak"),
        received_at=1.8e9,
        stages=stages,
    )
    return msgspec.structs.replace(turn, **changes)


def published(turn: Turn, **settings: bool) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(payloads.turn(turn, TelemetrySettings(**settings)))
    return body


def test_a_turn_tells_everything_once_relative_to_received() -> None:
    assert published(ended_turn()) == {
        "schema": 1,
        "turn_id": "t1",
        "trigger_id": "cam1-77",
        "kind": "remark",
        "occasion": None,
        "priority": "remark",
        "language": "ru",
        "text": "Две собаки!",
        "outcome": "spoken",
        "reason": None,
        "refused": ["groq: it insults"],
        "sources": [],
        "rungs": {
            "model": "groq",
            "voice": "elevenlabs",
            "models": ["groq"],
            "voices": ["elevenlabs", "espeak"],
        },
        "received_at": 1.8e9,
        "merged": None,
        "stages_ms": {
            "received": 0.0,
            "accepted": 1.2,
            "first_sample": 481.2,
            "first_content": 900.0,
            "last_sample": 3000.0,
        },
        "ttfa_ms": 481.2,
        "first_content_ms": 900.0,
    }


def test_a_turn_without_sound_has_no_time_to_first_audio() -> None:
    silent = published(
        ended_turn(
            outcome="failed",
            reason="no voice",
            models=(),
            voices=(),
            stages=(StageTime("received", RECEIVED_MONO),),
        )
    )
    assert (silent["ttfa_ms"], silent["first_content_ms"]) == (None, None)
    assert silent["stages_ms"] == {"received": 0.0}
    assert (silent["outcome"], silent["reason"]) == ("failed", "no voice")
    assert (silent["rungs"]["model"], silent["rungs"]["voice"]) == (None, None)


def test_an_answer_is_timed_from_the_end_of_the_question() -> None:
    answer = ended_turn(
        kind="answer",
        priority=Priority.ANSWER,
        stages=(
            StageTime("speech_end", RECEIVED_MONO - 0.3),
            StageTime("received", RECEIVED_MONO),
            StageTime("first_sample", RECEIVED_MONO + 0.5),
        ),
    )
    body = published(answer)
    assert body["ttfa_ms"] == 800.0
    assert body["stages_ms"] == {"speech_end": -300.0, "received": 0.0, "first_sample": 500.0}


@pytest.mark.parametrize(
    ("kind", "settings", "text"),
    [
        ("remark", {}, "Две собаки!"),
        ("remark", {"turn_text": False}, None),
        ("announcement", {"turn_text": False, "answer_text": True}, None),
        ("answer", {}, None),
        ("answer", {"answer_text": True}, "Две собаки!"),
    ],
)
def test_what_was_said_is_published_only_where_allowed(
    kind: Kind, settings: dict[str, bool], text: str | None
) -> None:
    assert published(ended_turn(kind=kind), **settings)["text"] == text


@pytest.mark.parametrize("priority", Priority)
def test_the_priority_is_a_word(priority: Priority) -> None:
    assert published(ended_turn(priority=priority))["priority"] == priority.name.lower()


def process(name: Any, **changes: Any) -> ProcessState:
    return msgspec.structs.replace(
        ProcessState(process=name, instance="i", ready=True, status="at work"), **changes
    )


def test_ready_needs_every_expected_process() -> None:
    both: Processes = {"ingest": process("ingest"), "speaker": process("speaker")}
    assert json.loads(payloads.ready(both, ("ingest", "speaker"))) == {
        "schema": 1,
        "ready": True,
        "processes": {"ingest": True, "speaker": True},
    }
    missing = json.loads(payloads.ready(both, ("ingest", "commentator", "speaker")))
    assert (missing["ready"], missing["processes"]["commentator"]) == (False, False)
    unready: Processes = both | {"speaker": process("speaker", ready=False)}
    assert json.loads(payloads.ready(unready, ("ingest", "speaker")))["ready"] is False


def test_status_is_online_or_not() -> None:
    assert json.loads(payloads.status(True)) == {"schema": 1, "online": True}
    assert json.loads(payloads.status(False)) == {"schema": 1, "online": False}


def test_the_state_gathers_what_the_processes_say() -> None:
    processes: Processes = {
        "ingest": process("ingest", counters={"refused.malformed": 3, "dropped.expired": 2}),
        "commentator": process(
            "commentator",
            counters={"dropped.expired": 1, "dropped.cooldown": 5},
            facts={"model.groq": "ready"},
        ),
        "speaker": process("speaker", facts={"voice.piper": "open until 12:00", "output": "default"}),
    }
    playback = Playback(
        instance="i", started_mono=0.0, turn_id=None, output="open", voice="piper", muted=True, volume=0.4
    )
    control = Control(chattiness="low")
    body = json.loads(payloads.state(processes, playback, control, Settings(), now_at=1.8e9))
    assert body["dropped"] == {"expired": 3, "cooldown": 5}
    assert body["rungs"] == {"model.groq": "ready", "voice.piper": "open until 12:00"}
    assert body["processes"]["ingest"]["counters"]["refused.malformed"] == 3
    spoken = {key: body[key] for key in ("ts", "output", "voice", "muted", "volume", "chattiness")}
    assert spoken == {
        "ts": 1.8e9,
        "output": "open",
        "voice": "piper",
        "muted": True,
        "volume": 0.4,
        "chattiness": "low",
    }


def test_the_state_says_what_it_does_not_know_yet() -> None:
    settings = Settings(commentator=CommentatorSettings(chattiness="high"))
    body = json.loads(payloads.state({}, None, None, settings))
    assert (body["output"], body["muted"], body["volume"], body["chattiness"]) == (None, None, None, "high")


def test_the_state_tells_what_was_spent_today_and_what_of_it_has_no_price() -> None:
    books = Books()
    spent = {"groq.answer.requests": 2.0, "groq.answer.tokens_in": 1e6, "voice.answer.characters": 80.0}
    books.take(Spending(process="commentator", today="2026-11-29", days={"2026-11-29": spent}))
    prices = {"groq": Prices(per_million_tokens_in=0.5)}
    ceiling = CostCeiling(level=1, shares={"tokens": 0.9})
    cost = cost_today(books, "2026-11-29", prices, ceiling)
    body = json.loads(payloads.state({}, None, None, Settings(), cost=cost))["cost"]
    assert (body["date"], body["money"], body["unknown"]) == ("2026-11-29", 0.5, ["voice"])
    assert (body["ceiling_level"], body["ceilings"]) == (1, {"tokens": 0.9})
    assert [(each["service"], each["purpose"], each["money"]) for each in body["services"]] == [
        ("groq", "answer", 0.5),
        ("voice", "answer", None),
    ]
    assert body["services"][0]["tokens_in"] == 1_000_000
    assert json.loads(payloads.state({}, None, None, Settings()))["cost"] is None


def test_what_a_turn_cost_is_priced_and_a_fleet_is_not_told_a_byte_of_it() -> None:
    turn = told_turn()
    told = json.loads(
        payloads.turn(turn, TelemetrySettings(), {"groq": Prices(per_million_tokens_in=1000.0)})
    )
    assert [each["fate"] for each in told["tries"]] == ["skipped", "used", "lost", "used"]
    assert (told["tries"][0]["begun_ms"], told["tries"][1]["begun_ms"]) == (None, 10.0)
    assert told["tries"][1]["took_ms"] == 270.0
    assert told["cost"]["money"] == 0.32, "320 tokens at 1000 a million"
    assert told["cost"]["unknown"] == ["groq"], "what came out has no price"
    assert json.loads(payloads.turn(turn, TelemetrySettings())).keys() == told.keys() - {"tries", "cost"}
