"""Triggers of a drive are numbered alike by whoever plays it and whoever records it."""

from __future__ import annotations

import pytest

from edge.drive.lines import AnyLine, Begin, MqttLine, Outcomes, Question
from edge.drive.simulation import simulate

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


def numbers(outcomes: list[Outcomes]) -> list[int]:
    return [line.trigger for line in outcomes]


@pytest.mark.parametrize("what", AHEAD)
def test_each_line_that_may_be_a_trigger_is_counted_in_a_replay(what: str) -> None:
    came = AHEAD[what]
    *_, last = numbers(simulate([BEGIN, *came, LAST]))
    assert last == 1 + (0 if what == "no trigger" else len(came))


def test_a_second_one_with_the_same_id_is_told_under_the_number_of_the_first() -> None:
    assert numbers(simulate([BEGIN, *AHEAD["a doubled id"]])) == [1, 1]
