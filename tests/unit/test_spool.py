"""What was accepted from dispatch outlives the commentator."""

from __future__ import annotations

from pathlib import Path

from edge.commentator.spool import FILE_NAME, Spool
from edge.messages import Kind, Sighting, Trigger


def trigger(name: str, kind: Kind = "announcement", *, expires: float = 100.0) -> Trigger:
    return Trigger(
        trigger_id=name,
        kind=kind,
        text=None if kind == "remark" else "text",
        sighting=Sighting(label="dog") if kind == "remark" else None,
        received_mono=1.0,
        received_at=1e9,
        expires_mono=expires,
    )


def test_what_was_not_said_is_there_after_a_restart(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    said, waiting, warning = trigger("said"), trigger("waiting"), trigger("warning", "safety")
    for each in (said, waiting, warning, trigger("dog", "remark"), trigger("late", expires=2.0)):
        spool.add(each)
    spool.done(said)
    assert [left.trigger_id for left in Spool(tmp_path).left_over(now=5.0)] == ["waiting", "warning"]


def test_nothing_is_left_over_from_another_boot_or_from_rubbish(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.add(trigger("old"))
    assert Spool(tmp_path).left_over(now=0.5) == []
    (tmp_path / FILE_NAME).write_bytes(b"\xc1rubbish")
    assert Spool(tmp_path).left_over(now=5.0) == []
    assert Spool(tmp_path / "nowhere").left_over(now=5.0) == []
