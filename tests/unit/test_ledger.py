"""Each accepted trigger ends in exactly one published turn, whoever dies meanwhile."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from edge.commentator.exactly_once import ledger, left_behind
from edge.commentator.exactly_once.ledger import TurnLedger
from edge.commentator.exactly_once.spool import Spool
from edge.commentator.turn_record import Cut
from edge.messages import Dropped, Kind, Outcome, SpeechReport, StageTime, Trigger, Turn
from tests.support.told import playback


class Feed:
    def __init__(self) -> None:
        self.told: list[Turn] = []

    def publish(self, message: Turn) -> None:
        self.told.append(message)


class Commentator:
    """One life of the commentator: its ledger, what it told, and what it says anew."""

    def __init__(self, folder: Path) -> None:
        self.feed = Feed()
        life: Any = SimpleNamespace(feed=self.feed, counters=Counter())
        self.ledger = TurnLedger(life, Spool(folder), "ru")
        self.waiting = self.ledger.take_over(time.monotonic())
        self.anew: list[Trigger] = []

    def begins(self, trigger: Trigger) -> None:
        assert self.ledger.accept(trigger)
        self.ledger.begun(trigger, "ru")

    async def ends_what_was_left(self, *reports: SpeechReport) -> list[Turn]:
        self.ledger.note(playback(*reports))
        await self.ledger.end_left_behind(time.monotonic(), self.anew.append)
        return self.feed.told


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(left_behind, "REPORTS_WITHIN_S", 0.01)
    monkeypatch.setattr(ledger, "WATCHED_AGAIN_S", 0.0)


def trigger(kind: Kind = "remark", *, left_s: float = 60.0) -> Trigger:
    now = time.monotonic()
    return Trigger(kind=kind, text="text", received_mono=now, received_at=1e9, expires_mono=now + left_s)


def drop_of(trigger: Trigger) -> Dropped:
    return Dropped(trigger_id=trigger.trigger_id, kind=trigger.kind, reason="expired", received_at=1e9)


def turn_of(trigger: Trigger, outcome: Outcome = "failed") -> Turn:
    return Turn(
        turn_id=trigger.turn_id,
        trigger_id=trigger.trigger_id,
        kind=trigger.kind,
        priority=trigger.priority,
        language="ru",
        text="",
        outcome=outcome,
        received_at=1e9,
        stages=(),
    )


def report(trigger: Trigger, outcome: Outcome, heard: str) -> SpeechReport:
    return SpeechReport(
        turn_id=trigger.turn_id,
        outcome=outcome,
        reason=None if outcome == "spoken" else left_behind.REASON,
        spoken_text=heard,
        voices=("piper",),
        stages=(StageTime("first_sample", trigger.received_mono + 0.5),),
    )


@pytest.mark.parametrize("kind", ["remark", "place", "answer"])
async def test_a_turn_whose_author_was_killed_ends_once_with_what_was_heard(
    tmp_path: Path, kind: Kind
) -> None:
    killed = trigger(kind)
    Commentator(tmp_path).begins(killed)
    successor = Commentator(tmp_path)
    (turn,) = await successor.ends_what_was_left(report(killed, "failed", "Две собаки"))
    assert (turn.turn_id, turn.trigger_id, turn.kind) == (killed.turn_id, killed.trigger_id, kind)
    assert (turn.outcome, turn.reason, turn.text) == ("failed", left_behind.REASON, "Две собаки")
    assert {"received", "first_sample"} == dict(turn.stages).keys()
    assert (successor.anew, successor.waiting) == ([], [])
    assert await Commentator(tmp_path).ends_what_was_left() == [], "its end was told"


async def test_a_turn_of_which_the_speaker_knows_nothing_ends_all_the_same(tmp_path: Path) -> None:
    Commentator(tmp_path).begins(trigger())
    (turn,) = await Commentator(tmp_path).ends_what_was_left()
    assert (turn.outcome, turn.reason, turn.text) == ("failed", left_behind.REASON, "")


async def test_what_the_speaker_said_to_its_end_meanwhile_was_spoken(tmp_path: Path) -> None:
    remark, warning = trigger(), trigger("safety")
    killed = Commentator(tmp_path)
    killed.begins(remark)
    killed.begins(warning)
    successor = Commentator(tmp_path)
    told = await successor.ends_what_was_left(report(remark, "spoken", "a"), report(warning, "spoken", "b"))
    assert [(turn.outcome, turn.reason) for turn in told] == [("spoken", None)] * 2
    assert successor.anew == [], "and is not said a second time"


async def test_an_announcement_that_was_broken_off_is_said_anew_and_told_once(tmp_path: Path) -> None:
    announcement = trigger("announcement")
    Commentator(tmp_path).begins(announcement)
    successor = Commentator(tmp_path)
    assert await successor.ends_what_was_left(report(announcement, "failed", "Следующая")) == []
    (anew,) = successor.anew
    assert anew.trigger_id == announcement.trigger_id
    assert anew.turn_id != announcement.turn_id
    successor.ledger.begun(anew, "ru")
    successor.ledger.ended(anew, turn_of(anew, "spoken"))
    assert [turn.outcome for turn in successor.feed.told] == ["spoken"]


async def test_an_announcement_that_nobody_wants_any_more_ends_as_failed(tmp_path: Path) -> None:
    Commentator(tmp_path).begins(trigger("announcement", left_s=0.0))
    successor = Commentator(tmp_path)
    (turn,) = await successor.ends_what_was_left()
    assert (turn.outcome, successor.anew) == ("failed", [])


def test_what_was_to_be_said_anew_and_never_is_ends_as_it_was_tried(tmp_path: Path) -> None:
    commentator, lost = Commentator(tmp_path), trigger("announcement")
    commentator.begins(lost)
    anew = commentator.ledger.ended(lost, turn_of(lost), Cut.LOST)
    assert anew
    commentator.ledger.dropped(anew, drop_of(anew))
    assert [turn.turn_id for turn in commentator.feed.told] == [lost.turn_id]
    assert Spool(tmp_path).left_over(time.monotonic()) == []


def test_what_was_never_begun_is_dropped_without_a_turn(tmp_path: Path) -> None:
    commentator, waiting = Commentator(tmp_path), trigger("announcement")
    commentator.ledger.accept(waiting)
    commentator.ledger.dropped(waiting, drop_of(waiting))
    assert commentator.feed.told == []


def test_a_trigger_that_the_pipe_brings_again_after_the_restart_is_known(tmp_path: Path) -> None:
    remark, announcement = trigger(), trigger("announcement")
    killed = Commentator(tmp_path)
    killed.begins(remark)
    killed.ledger.accept(announcement)
    successor = Commentator(tmp_path)
    assert successor.waiting == [announcement], "it was accepted, so it is said"
    assert not successor.ledger.accept(remark)
    assert not successor.ledger.accept(announcement)
