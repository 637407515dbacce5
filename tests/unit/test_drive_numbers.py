"""Triggers of a drive are numbered alike by whoever plays it and whoever records it."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from edge.config import Settings
from edge.drive.lines import AnyLine, Begin, MqttLine, Outcomes, Question
from edge.drive.recorder import Recorder
from edge.drive.simulation import simulate
from edge.messages import Caption, Dropped
from tests.support.incoming import incoming

BEGIN = Begin(at=0.0, began_at=1_790_000_000.0, settings={"shuttle.language": "en"})
ANNOUNCED = '{"id": "a", "text": "The market."}'
AHEAD: dict[str, list[AnyLine]] = {
    "nothing": [],
    "refused": [MqttLine(at=1.0, topic="event", payload='{"label": ')],
    "refused with the id of what follows": [MqttLine(at=1.0, topic="event", payload='{"id": "last"}')],
    "kept by the broker": [MqttLine(at=1.0, topic="announce", payload="The market.", retain=True)],
    "an untold question": [Question(at=1.0, id="q")],
    "a question": [Question(at=1.0, id="q", text="What is that?")],
    "a typed question": [MqttLine(at=1.0, topic="ask", payload="What is that?")],
    "a refused typed question": [MqttLine(at=1.0, topic="ask", payload="")],
    "a doubled id": [MqttLine(at=1.0 + n, topic="announce", payload=ANNOUNCED) for n in range(2)],
    "no trigger": [MqttLine(at=1.0, topic="cmd/volume", payload="40%")],
}
LAST = MqttLine(at=30.0, topic="event", payload='{"id": "last", "label": "dog"}')


def caption(asked: Question) -> Caption:
    return Caption(
        segment_id=asked.id, text="…", question=asked.text, language="en", final=True, addressed=True
    )


def numbers(outcomes: list[Outcomes]) -> list[int]:
    return [line.trigger for line in outcomes]


@pytest.mark.parametrize("what", AHEAD)
def test_each_line_that_may_be_a_trigger_is_counted_in_a_replay(what: str) -> None:
    came = AHEAD[what]
    *_, last = numbers(simulate([BEGIN, *came, LAST]))
    assert last == 1 + (0 if what == "no trigger" else len(came))


@pytest.mark.parametrize("what", AHEAD)
def test_a_recording_counts_them_alike(what: str) -> None:
    recorder = Recorder(Settings(), utterances=True)
    for line in (*AHEAD[what], LAST):
        match line:
            case MqttLine():
                recorder._came(replace(incoming(line.topic, line.payload), retain=line.retain))
            case Question():
                recorder._lines_of(caption(line))
    told = Dropped(trigger_id="last", kind="remark", reason="cooldown", received_at=time.time())
    *_, played = simulate([BEGIN, *AHEAD[what], LAST])
    assert recorder._number_of(told) == played.trigger


def test_a_second_one_with_the_same_id_is_told_under_the_number_of_the_first() -> None:
    assert numbers(simulate([BEGIN, *AHEAD["a doubled id"]])) == [1, 1]
