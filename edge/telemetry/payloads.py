"""The JSON that the guide publishes: ``turn``, ``status``, ``ready`` and ``state``. Pure; no I/O.

The structs are the contract; ``docs/schema`` is generated from them (``edge.telemetry.schema``).
"""

from __future__ import annotations

import functools
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Literal, ParamSpec, cast

import msgspec
from msgspec import UNSET, Meta, UnsetType

from edge.config import Prices, Settings, TelemetrySettings
from edge.fleet.frame import AlarmName, UnixTime
from edge.messages import (
    SCHEMA_VERSION,
    Chattiness,
    Control,
    Kind,
    Language,
    Merged,
    Occasion,
    Outcome,
    Playback,
    Priority,
    ProcessName,
    ProcessState,
    RungFate,
    RungStage,
    RungTry,
    Stage,
    Turn,
)
from edge.telemetry.costs import CostToday, TurnCost, turn_cost
from edge.timeline import time_to_ms
from edge.vitals.heat import HeatLevel
from edge.vitals.vitals import Vitals

DROPPED_PREFIX = "dropped."
"""Counters of dropped triggers, by reason, in ``ProcessState.counters``."""
RUNG_PREFIXES = ("model.", "answers.", "voice.", "recognizer.")
"""States of rungs in ``ProcessState.facts``."""

Given = ParamSpec("Given")
RoundedMilliseconds = Annotated[float, Meta(description="Milliseconds with one decimal.")]


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """What every published JSON carries."""

    schema: int = SCHEMA_VERSION


class Rungs(msgspec.Struct, frozen=True, kw_only=True):
    """The rungs that wrote and spoke."""

    model: str | None
    """The language model whose words were heard first; null: none was asked (announcements, safety)."""
    voice: str | None
    """The voice that was heard first; null: there was no sound."""
    models: tuple[str, ...]
    """All that had a part, in order."""
    voices: tuple[str, ...]


class RungTold(msgspec.Struct, frozen=True, kw_only=True):
    """One rung that was begun for a turn, or passed over."""

    stage: RungStage
    rung: str
    fate: RungFate
    """``used``: its output was taken. ``cut``: that broke off or stalled, and another one went on. ``lost``:
    another one's output was there sooner. ``hung``: it gave nothing in its budget, nor until another one did.
    ``failed``: with a reason, before any output. ``dropped``: its turn was over before. ``skipped``: it was
    passed over, since its breaker was open or it rests."""
    reason: str | None
    begun_ms: RoundedMilliseconds | None
    """Relative to ``received``; negative: on a guess, before the question's end was certain. null: it was not
    begun."""
    took_ms: RoundedMilliseconds | None
    """Until its first output or, without one, until it was given up; null: it still worked, or never did."""


class TurnPayload(Payload, frozen=True, kw_only=True):
    """One ended turn, on ``shuttle/{id}/turn``."""

    turn_id: str
    trigger_id: str
    """The ``id`` of the message that caused the turn, where it brought one."""
    kind: Kind
    occasion: Occasion | None
    """What an answer reacts to where that was no question; else null."""
    priority: Kind
    language: Language
    text: str | None
    """What was really spoken; null where the operator has switched that off."""
    outcome: Outcome
    reason: str | None
    """Why it was not spoken to its end."""
    refused: tuple[str, ...]
    """Why the output gate stopped a model's reply, with the model's rung; none of the words."""
    sources: tuple[str, ...]
    """Pages of the knowledge folder that an answer could draw on, or the one that it quotes; empty where
    answers are not told."""
    rungs: Rungs
    received_at: UnixTime
    """When the trigger came; of several sightings that were merged, the newest."""
    merged: Merged | None
    """How many sightings were merged, and since when; null: one alone."""
    stages_ms: dict[Stage, RoundedMilliseconds]
    """When each stage was reached, relative to ``received``; only those that were."""
    ttfa_ms: RoundedMilliseconds | None
    """Time to first audio: first sample handed to the audio device − received (answers: − end of the
    question); null: there was no sound."""
    first_content_ms: RoundedMilliseconds | None
    """The same for the first sample of the answer itself, after an opener."""
    tries: tuple[RungTold, ...] | UnsetType = UNSET
    """The rungs that were begun, or passed over: models, then voices. A fleet is not told."""
    cost: TurnCost | UnsetType = UNSET
    """What it cost. A fleet is not told: it has the day's sum in ``state``."""


class StatusPayload(Payload, frozen=True, kw_only=True):
    """Whether the guide is there, on ``shuttle/{id}/status``, retained; also its last will."""

    online: bool


class AlarmPayload(Payload, frozen=True, kw_only=True):
    """Something that an operator must know of, on ``shuttle/{id}/alarm/{name}``, retained."""

    name: AlarmName
    raised: bool
    since: UnixTime | None
    """Since when; null: it is not raised."""
    reason: str | None


class ReadyPayload(Payload, frozen=True, kw_only=True):
    """Whether every process is ready, on ``shuttle/{id}/ready``, retained."""

    ready: bool
    processes: dict[ProcessName, bool]


class ProcessHealth(msgspec.Struct, frozen=True, kw_only=True):
    """One process, in ``StatePayload``."""

    ready: bool
    status: str
    """One line for people."""
    counters: dict[str, int]
    """Since the process started."""
    facts: dict[str, str]
    """What is really used."""


class StatePayload(Payload, frozen=True, kw_only=True):
    """How the guide is, on ``shuttle/{id}/state``, retained, now and then and on change."""

    ts: UnixTime
    processes: dict[ProcessName, ProcessHealth]
    output: Literal["open", "absent"] | None
    """The audio device; null: the speaker has not said yet (so too the next three)."""
    voice: str | None
    """The voice that spoke last."""
    muted: bool | None
    volume: Annotated[float, Meta(ge=0, le=1)] | None
    chattiness: Chattiness
    microphone_off: bool | None
    """Nobody is listened to; null: ingest has not said yet."""
    dropped: dict[str, int]
    """Triggers that led to no turn, by reason, since the processes started."""
    rungs: dict[str, str]
    """State of each rung, like ``"model.groq": "ok"``, or why it is skipped."""
    vitals: Vitals | None
    """The machine; null: not read yet."""
    heat_level: HeatLevel
    """1: the local language model, captions and guesses rest because of heat. 2: recognition too."""
    cost: CostToday | None
    """null: not heard yet."""


def turn_payload(
    ended: Turn, settings: TelemetrySettings, prices: Mapping[str, Prices] | None = None
) -> TurnPayload:
    """What may be told of an ended turn.

    Args:
        prices: of the services; None: neither what it cost nor which rungs were tried is told.
    """
    reached: dict[Stage, float] = {}
    for stage, mono in ended.stages:
        reached.setdefault(stage, mono)
    with_text = settings.answer_text if ended.kind == "answer" else settings.turn_text
    received_mono = reached.get("received")
    return TurnPayload(
        turn_id=ended.turn_id,
        trigger_id=ended.trigger_id,
        kind=ended.kind,
        occasion=ended.occasion,
        priority=cast(Kind, Priority(ended.priority).name.lower()),
        language=ended.language,
        text=ended.text if with_text else None,
        outcome=ended.outcome,
        reason=ended.reason,
        refused=ended.refused,
        sources=ended.sources if with_text else (),
        rungs=Rungs(
            model=next(iter(ended.models), None),
            voice=next(iter(ended.voices), None),
            models=ended.models,
            voices=ended.voices,
        ),
        received_at=ended.received_at,
        merged=ended.merged,
        stages_ms={}
        if received_mono is None
        else {stage: _ms(mono - received_mono) for stage, mono in reached.items()},
        ttfa_ms=time_to_ms("first_sample", ended.kind, ended.stages),
        first_content_ms=time_to_ms("first_content", ended.kind, ended.stages),
        tries=UNSET if prices is None else tuple(_told(each, received_mono) for each in ended.tries),
        cost=UNSET if prices is None else turn_cost(ended.spent, prices),
    )


def _told(tried: RungTry, received_mono: float | None) -> RungTold:
    begun, until = tried.begun_mono, tried.until_mono
    return RungTold(
        stage=tried.stage,
        rung=tried.rung,
        fate=tried.fate,
        reason=tried.reason,
        begun_ms=None if begun is None or received_mono is None else _ms(begun - received_mono),
        took_ms=None if begun is None or until is None else _ms(until - begun),
    )


def alarm(name: AlarmName, raised: tuple[float, str] | None) -> bytes:
    """One alarm: since when it is raised, and why; None: it is not."""
    since, reason = raised or (None, None)
    return msgspec.json.encode(AlarmPayload(name=name, raised=raised is not None, since=since, reason=reason))


def status(online: bool) -> bytes:
    return msgspec.json.encode(StatusPayload(online=online))


def ready(processes: Mapping[ProcessName, ProcessState], expected: Iterable[ProcessName]) -> bytes:
    """Ready when each of ``expected`` says so; one that has not been heard of is not.

    Args:
        processes: the last state of each process that is alive.
    """
    each = {name: name in processes and processes[name].ready for name in expected}
    return msgspec.json.encode(ReadyPayload(ready=all(each.values()), processes=each))


def state_payload(
    processes: Mapping[ProcessName, ProcessState],
    playback: Playback | None,
    control: Control | None,
    settings: Settings,
    vitals: Vitals | None = None,
    now_at: float | None = None,
    *,
    heat_level: HeatLevel = 0,
    cost: CostToday | None = None,
) -> StatePayload:
    """All that is known of the guide's health; None: that has not been heard (or read) yet."""
    dropped: Counter[str] = Counter()
    rungs: dict[str, str] = {}
    for process in processes.values():
        for name, count in process.counters.items():
            if name.startswith(DROPPED_PREFIX):
                dropped[name.removeprefix(DROPPED_PREFIX)] += count
        rungs |= {name: fact for name, fact in process.facts.items() if name.startswith(RUNG_PREFIXES)}
    return StatePayload(
        ts=time.time() if now_at is None else now_at,
        processes={
            name: msgspec.convert(process, ProcessHealth, from_attributes=True)
            for name, process in processes.items()
        },
        output=playback.output if playback else None,
        voice=playback.voice if playback else None,
        muted=playback.muted if playback else None,
        volume=playback.volume if playback else None,
        chattiness=(control and control.chattiness) or settings.commentator.chattiness,
        microphone_off=control.microphone_off if control else None,
        dropped=dict(dropped),
        rungs=rungs,
        vitals=vitals,
        heat_level=heat_level,
        cost=cost,
    )


def _json_of(payload: Callable[Given, Payload]) -> Callable[Given, bytes]:
    """What ``payload`` makes, as JSON."""

    @functools.wraps(payload)
    def encoded(*given: Given.args, **named: Given.kwargs) -> bytes:
        return msgspec.json.encode(payload(*given, **named))

    return encoded


turn = _json_of(turn_payload)
state = _json_of(state_payload)


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
