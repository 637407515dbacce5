"""Silent although events come: when that is an alarm, and when the guide is rightly silent."""

from __future__ import annotations

from typing import get_args

import pytest

from edge.messages import Control, Dropped, DropReason, Hearing, Outcome, StageTime, Turn
from edge.telemetry.alarms import LASTING, AlarmCauses, Alarms
from edge.telemetry.silence import MANY_UNSAID, OWN_QUIET_S, UnsaidThings
from tests.support.told import playback
from tests.unit.test_alarms import AT, known


def turn(outcome: Outcome = "failed", *, sounded: bool = False) -> Turn:
    return Turn(
        turn_id="t",
        trigger_id="t",
        kind="remark",
        priority=1,  # type: ignore[arg-type]
        language="ru",
        text="",
        outcome=outcome,
        received_at=AT,
        stages=(StageTime("accepted", 1.0), *([StageTime("first_sample", 2.0)] if sounded else [])),
    )


def dropped(reason: DropReason) -> Dropped:
    return Dropped(trigger_id="t", kind="remark", reason=reason, received_at=AT)


def test_turns_that_nobody_hears_are_silence_until_something_sounds() -> None:
    silence = UnsaidThings()
    for _ in range(MANY_UNSAID):
        assert silence.reason(0) == ""
        silence.ended(turn())
    assert silence.reason(0) == f"nothing was heard of {MANY_UNSAID} things that were to be said"
    silence.ended(turn("interrupted", sounded=True))
    assert silence.reason(0) == ""


def test_a_turn_that_was_replaced_before_it_sounded_is_no_silence() -> None:
    silence = UnsaidThings()
    for _ in range(20):
        silence.ended(turn("interrupted"))
    assert silence.reason(0) == ""


@pytest.mark.parametrize("reason", sorted({*get_args(DropReason)} - {"expired"}))
def test_what_is_rightly_refused_is_no_silence(reason: DropReason) -> None:
    silence = UnsaidThings()
    for events in range(100):
        silence.dropped(dropped(reason), float(events))
        assert silence.reason(events) == ""


def test_what_grows_old_without_a_reason_is_silence() -> None:
    silence = UnsaidThings()
    for _ in range(MANY_UNSAID):
        silence.dropped(dropped("expired"), 1000.0)
    assert silence.reason(0)
    silence.plays(playback(turn_id="t"))
    assert silence.reason(0) == ""


@pytest.mark.parametrize(
    "told",
    [
        Control(reversing=True),
        Control(doors_open=True),
        Control(radio_on=True),
        Control(muted=True),
        Hearing(level_dbfs=-20, speaking=True, barge_in=False),
    ],
)
def test_what_waits_for_the_vehicle_or_for_passengers_is_no_silence(told: Control | Hearing) -> None:
    silence = UnsaidThings()
    silence.note(told, 1000.0)
    for _ in range(20):
        silence.dropped(dropped("expired"), 1000.0 + OWN_QUIET_S)
    assert silence.reason(0) == ""


def test_events_of_which_nothing_becomes_are_silence() -> None:
    silence = UnsaidThings()
    assert silence.reason(500) == "", "they came before anybody counted"
    assert silence.reason(500 + MANY_UNSAID) == f"nothing became of {MANY_UNSAID} events"
    assert silence.reason(0), "ingest was started anew, and still nothing comes of anything"
    silence.dropped(dropped("cooldown"), 1.0)
    assert silence.reason(1) == ""


def test_it_is_raised_after_minutes_and_cleared_with_the_next_sound() -> None:
    alarms, causes = Alarms({}), AlarmCauses()
    found = causes.of(known(silent="nothing was heard"), 0.0)
    assert [*found] == ["silent"]
    assert alarms.follow(found, 0.0, AT) == []
    (raised,) = alarms.follow(found, LASTING["silent"].raise_after_s, AT + 180)
    assert (raised.name, raised.raised, raised.since) == ("silent", True, AT)
    (over,) = alarms.follow({}, 181.0, AT + 181)
    assert (over.name, over.raised) == ("silent", False)


def test_a_loudspeaker_that_is_not_heard_is_an_alarm_and_one_that_is_not_judged_is_none() -> None:
    for heard, names in ((False, ["not_heard"]), (True, []), (None, [])):
        hearing = Hearing(level_dbfs=-50, speaking=False, barge_in=False, guide_heard=heard)
        assert [*AlarmCauses().of(known(hearing=hearing), 0.0)] == names
