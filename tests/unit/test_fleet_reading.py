"""What an operator reads of what shuttles tell."""

from __future__ import annotations

import json
from typing import Any

from edge.fleet.reading import FleetReader
from edge.fleet.roll import Roll


def frame(message_id: str, **body: Any) -> bytes:
    told = {"schema": 1, "id": message_id, "shuttle": "one", "boot": "b", "seq": 0, "ts": 1.0, "late": False}
    return json.dumps(told | {"body": body}).encode()


def test_what_comes_twice_is_read_once() -> None:
    reader = FleetReader()
    assert reader.read("guide/v1/one/turn", frame("a"))
    assert reader.read("guide/v1/one/turn", frame("a")) is None
    assert reader.refused == 0


def test_a_shuttle_goes_away_as_often_as_the_broker_says_so() -> None:
    """Its last will may have the same id each time."""
    reader, roll, seen = FleetReader(), Roll(), []
    for message_id, online in (("will", False), ("1", True), ("will", False)):
        message = reader.read("guide/v1/one/status", frame(message_id, online=online))
        assert message
        roll.take(message)
        seen.append(roll.rows[0].online)
    assert seen == [False, True, False]
