"""In a replay dispatch's words are taken back as in the guide."""

from __future__ import annotations

import json

import pytest

from edge.drive.lines import Begin, MqttLine
from edge.drive.report import decision
from edge.drive.simulation import simulate

BEGIN = Begin(at=0.0, began_at=1_790_000_000.0, settings={"shuttle.language": "en"})


def dictated(at: float, own_id: str, text: str, *, topic: str = "announce") -> MqttLine:
    return MqttLine(at=at, topic=topic, payload=json.dumps({"id": own_id, "text": text}))


def taken_back(at: float, payload: str) -> MqttLine:
    return MqttLine(at=at, topic="cmd/cancel", payload=payload)


@pytest.mark.parametrize("target", ["b", '{"target": "b"}'])
def test_what_waits_is_dropped_and_what_sounds_ends(target: str) -> None:
    came = [
        dictated(1.0, "a", "The bus to the market leaves in a minute."),
        dictated(1.5, "b", "The bus to the temple is full."),
        taken_back(2.0, target),
        taken_back(3.0, "a"),
    ]
    dropped, ended = simulate([BEGIN, *came])
    assert (dropped.at, decision(dropped)) == (2.0, "2 announcement: dropped, cancelled")
    assert (ended.at, decision(ended, words=False)) == (
        3.0,
        "1 announcement: interrupted (cancelled) in en",
    )


def test_a_warning_and_what_nobody_knows_are_not_taken_back() -> None:
    came = [
        dictated(1.0, "a", "Hold on, please.", topic="safety"),
        *(taken_back(1.2, target) for target in ("a", "nobody", "")),
    ]
    (ended,) = simulate([BEGIN, *came])
    assert decision(ended) == "1 safety: spoken in en, as given: «Hold on, please.»"
