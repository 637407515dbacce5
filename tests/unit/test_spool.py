"""What was accepted outlives the commentator until its end was told."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.commentator.exactly_once.spool import FILE_NAME, Spool
from edge.messages import Kind, Sighting, Trigger


def trigger(name: str, kind: Kind = "announcement") -> Trigger:
    return Trigger(
        trigger_id=name,
        kind=kind,
        text=None if kind == "remark" else "text",
        sighting=Sighting(label="dog") if kind == "remark" else None,
        received_mono=1.0,
        received_at=1e9,
        expires_mono=100.0,
    )


def left_over(folder: Path, now: float = 5.0) -> dict[str, bool]:
    """Trigger's id → whether its turn was begun."""
    return {left.trigger.trigger_id: left.begun for left in Spool(folder).left_over(now)}


def test_what_dispatch_said_is_there_after_a_restart_and_remarks_that_waited_are_not(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    said = trigger("said")
    for each in (said, trigger("waiting"), trigger("warning", "safety"), trigger("dog", "remark")):
        spool.add(each)
    spool.done(said)
    assert left_over(tmp_path) == {"waiting": False, "warning": False}


@pytest.mark.parametrize("kind", ["remark", "place", "answer", "announcement", "safety"])
def test_every_turn_that_was_begun_is_there_after_a_restart_until_it_ended(
    tmp_path: Path, kind: Kind
) -> None:
    spool = Spool(tmp_path)
    begun = trigger("begun", kind)
    spool.add(begun)
    spool.begin(begun)
    assert left_over(tmp_path) == {"begun": True}
    spool.done(begun)
    assert left_over(tmp_path) == {}


def test_what_is_left_over_stays_until_it_is_done_too(tmp_path: Path) -> None:
    Spool(tmp_path).begin(trigger("first"))
    successor = Spool(tmp_path)
    successor.left_over(5.0)
    successor.begin(trigger("second"))
    assert left_over(tmp_path) == {"first": True, "second": True}


def test_what_a_passenger_asked_is_in_no_file(tmp_path: Path) -> None:
    question = "what did I do last night"
    asked = Trigger(
        kind="answer", text=question, received_mono=1.0, received_at=1e9, expires_mono=9.0, turn_id="t"
    )
    Spool(tmp_path).begin(asked)
    assert question.encode() not in (tmp_path / FILE_NAME).read_bytes()


def test_nothing_is_left_over_from_another_boot_or_from_rubbish(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.add(trigger("old"))
    assert left_over(tmp_path, now=0.5) == {}
    kept = (tmp_path / FILE_NAME).read_bytes()
    for damaged in (b"\xc1rubbish", kept.replace(b"old", b"\xff\xff\xff"), b"\x91" * 100_000):
        (tmp_path / FILE_NAME).write_bytes(damaged)
        assert left_over(tmp_path) == {}
    assert left_over(tmp_path / "nowhere") == {}
