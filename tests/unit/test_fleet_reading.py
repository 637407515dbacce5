"""What an operator reads of what shuttles tell."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pytest

from edge.cli.fleet import scope_of
from edge.cli.fleet_options import expected_of, moment, texts_of
from edge.fleet.command_roll import CommandRoll
from edge.fleet.reading import FleetMessage, FleetReader
from edge.fleet.roll import Roll
from edge.operator_error import OperatorError


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


def receipt(shuttle: str, command: str, state: str, reason: str | None = None) -> FleetMessage:
    told = {"id": f"{command}.{state}", "shuttle": shuttle, "boot": "b", "seq": 0, "ts": 1.0, "late": False}
    body = {"command": command, "state": state, "reason": reason}
    message = FleetReader().read(f"guide/v1/{shuttle}/receipt", json.dumps(told | {"body": body}).encode())
    assert message
    return message


def test_answers_tell_who_has_played_it_and_who_has_not() -> None:
    answers = CommandRoll("c", ["one", "two"])
    assert answers.states == {"one": ("silent", None), "two": ("silent", None)}
    for state in ("accepted", "duplicate", "played", "duplicate"):
        answers.take(receipt("one", "c", state))
    answers.take(receipt("two", "another", "played"))
    answers.take(receipt("three", "c", "accepted"))
    assert answers.states == {"one": ("played", None), "two": ("silent", None), "three": ("accepted", None)}
    assert not answers.complete
    answers.take(receipt("two", "c", "refused", "too loud"))
    assert answers.complete, "of who was not expected nobody knows how many come"
    assert answers.states["two"] == ("refused", "too loud")


def test_without_somebody_expected_nobody_knows_when_all_have_answered() -> None:
    answers = CommandRoll("c")
    answers.take(receipt("one", "c", "played"))
    assert not answers.complete


def test_who_is_expected_and_tells_nothing_has_a_row() -> None:
    roll = Roll(["two"])
    message = FleetReader().read("guide/v1/one/status", frame("a", online=True))
    assert message
    roll.take(message)
    assert [(row.shuttle, row.online, row.told_at) for row in roll.rows] == [
        ("two", None, 0.0),
        ("one", True, 1.0),
    ]


def test_options_of_an_operator(tmp_path: Path) -> None:
    (tmp_path / "shuttle").mkdir()
    (tmp_path / "shuttle" / "seven.toml").touch()
    assert expected_of(None) == []
    assert expected_of("two, one,two") == ["one", "two"]
    assert expected_of(str(tmp_path)) == ["seven"]
    many = [f"shuttle-{number:03}" for number in range(900)]
    assert expected_of(",".join(many)) == many
    for text in ("", ",", "a/b", "all", "a.b"):
        with pytest.raises(OperatorError, match="--expect"):
            expected_of(text)
    for to, group in (("", None), ("+", None), ("a/b", None), ("a\nb", None), (None, ""), ("one", "#")):
        with pytest.raises(OperatorError, match="the name of a shuttle or a group"):
            scope_of(argparse.Namespace(all=False, to=to, group=group))
    assert scope_of(argparse.Namespace(all=False, to="one", group=None)) == "one"
    assert scope_of(argparse.Namespace(all=False, to=None, group="beach")) == "group/beach"
    assert moment(None, 5.0) is None
    assert moment("90", 5.0) == 95.0
    assert moment("1970-01-01T00:01:00+00:00", 5.0) == 60.0
    for text in ("soon", "-3", "9" * 400, "0001-01-01T00:00"):
        with pytest.raises(OperatorError, match="--not-before"):
            moment(text, 5.0)
    given = argparse.Namespace(text=None, texts=["ru=Стоп=да", "en=Stop."], language=None)
    assert texts_of(given) == {"ru": "Стоп=да", "en": "Stop."}
    for text, texts, language in (
        (None, None, None),
        ("a", ["en=b"], None),
        (None, ["en"], None),
        (None, ["en=b"], "en"),
    ):
        with pytest.raises(OperatorError):
            texts_of(argparse.Namespace(text=text, texts=texts, language=language))
