"""A drive that is played into a running guide: what is sent, and whose each outcome is."""

from __future__ import annotations

import json
import time

import pytest

from edge.config import Settings
from edge.drive.lines import AnyLine, DroppedLine, MqttLine, Outcomes, Question
from edge.drive.resending import Resending
from edge.ingest.native import NativeDialect
from edge.messages import Trigger


def message(topic: str, payload: object, *, retain: bool = False) -> MqttLine:
    text = payload if isinstance(payload, str) else json.dumps(payload, ensure_ascii=False)
    return MqttLine(at=1.0, topic=topic, payload=text, retain=retain)


def dropped(trigger: int) -> DroppedLine:
    return DroppedLine(at=2.0, trigger=trigger, kind="remark", reason="cooldown")


def test_an_id_becomes_another_one_the_same_wherever_it_stands() -> None:
    lines = [
        message("announce", {"id": "a", "text": "The market.", "ts": 1_790_000_000}),
        message("announce", {"id": "a", "text": "The market."}),
        message("announce", {"id": 7, "text": "The temple."}),
        message("cmd/cancel", {"target": "a"}),
        message("cmd/cancel", {"target": 7}),
        message("cmd/cancel", " a "),
        message("cmd/cancel", "7"),
        message("cmd/cancel", "nobody"),
    ]
    first, second = Resending(lines), Resending(lines)
    own, double, other, *targets = (sent.payload for sent in first.messages)
    assert own == double
    assert json.loads(own).keys() == {"id", "text"}
    ours, theirs = json.loads(own)["id"], json.loads(other)["id"]
    assert len({ours, theirs, "a", "7"}) == 4
    assert [json.loads(target)["target"] for target in targets[:2]] == [ours, theirs]
    assert targets[2:] == [ours, theirs, "nobody"]
    assert json.loads(second.messages[0].payload)["id"] != ours


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("event", {"label": "dog", "ts": 1_790_000_000, "seen_at": 1_789_999_999}),
        ("announce", '\ufeff{"text": "The market.", "ts": 1790000000}'),
        ("event", '{"label": "\\ud83d", "text": "a dog", "ts": 1790000000}'),  # half a character
    ],
)
def test_what_was_of_use_that_day_is_of_use_again(topic: str, payload: object) -> None:
    (sent,) = Resending([message(topic, payload)]).messages
    parsed = NativeDialect(Settings()).parse(
        f"shuttle/demo/{topic}",
        sent.payload.encode(),
        retain=False,
        received_mono=time.monotonic(),
        received_at=1_790_000_600.0,
    )
    assert isinstance(parsed, Trigger)


def test_what_is_no_json_and_what_the_broker_may_keep_is_sent_as_it_came() -> None:
    vehicle = message("vehicle", {"doors_open": True}, retain=True)
    lines = [message("event", "a dog"), message("event", '{"label": '), vehicle]
    assert [sent.payload for sent in Resending(lines).messages] == [line.payload for line in lines]
    assert not any(sent.retain for sent in Resending([vehicle]).messages)
    assert Resending([message("event", "a dog", retain=True)]).messages == []


def test_outcomes_are_told_by_the_drives_numbers_and_others_apart() -> None:
    drive = [
        Question(at=0.5, id="q", text="What is that?"),
        message("event", "a cat", retain=True),
        message("event", "a dog"),
        message("event", "a bird"),
        message("event", "a dog"),
    ]
    resending = Resending(drive)
    came: list[AnyLine] = [
        message("event", "kept by the broker", retain=True),
        message("event", "a dog"),
        message("event", "somebody else's"),
        message("event", "a bird"),
        message("event", "a dog"),
        *(dropped(number) for number in (2, 3, 4, 5)),
    ]
    told: list[Outcomes] = resending.outcomes(came)
    assert [line.trigger for line in told] == [3, 0, 4, 5]
