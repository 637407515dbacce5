"""What the console keeps of the feeds: news are told from repetitions, and nothing grows without bound."""

from __future__ import annotations

import pytest

from edge.config import Settings
from edge.console.now import MOST_DROPS, MOST_LIVE, MOST_TURNS, GuideNow
from edge.messages import (
    Control,
    Dropped,
    Feed,
    Hearing,
    Playback,
    ProcessState,
    Progress,
    Spending,
    Stage,
)
from edge.telemetry.payloads import AlarmPayload
from tests.support.console_alone import ended_turn
from tests.support.told import playback


@pytest.fixture
def now() -> GuideNow:
    return GuideNow(Settings())


def state(process: str = "speaker", *, ready: bool = True) -> ProcessState:
    return ProcessState(process=process, instance="i", ready=ready, status="well")  # type: ignore[arg-type]


def progress(turn_id: str, stage: Stage = "accepted", trigger_id: str | None = None) -> Progress:
    return Progress(turn_id=turn_id, trigger_id=trigger_id, stage=stage, mono=1.0, since_received_ms=12.0)


@pytest.mark.parametrize(
    "message",
    [
        state(),
        playback(turn_id="t"),
        Control(muted=True),
        Hearing(level_dbfs=-30, speaking=True, barge_in=False),
        Spending(process="speaker", today="2026-11-29", days={}),
    ],
)
def test_what_a_heartbeat_repeats_is_no_news(now: GuideNow, message: Feed) -> None:
    assert now.take(message, 0.0)
    assert not now.take(message, 1.0)


def test_a_level_of_sound_alone_changes_no_page(now: GuideNow) -> None:
    assert now.take(Hearing(level_dbfs=-30, speaking=True, barge_in=False), 0.0)
    assert not now.take(Hearing(level_dbfs=-20, speaking=True, barge_in=False), 0.5)


def test_who_is_silent_for_long_counts_as_away(now: GuideNow) -> None:
    now.take(state(), 0.0)
    now.take(state("ingest"), 2.0)
    assert now.forget_silent(4.0)
    assert now.states.keys() == {"ingest"}
    assert "speaker" in now.missing
    assert not now.forget_silent(4.5)


def test_a_speaker_that_is_gone_says_nothing_any_more(now: GuideNow) -> None:
    now.take(playback(turn_id="t"), 0.0)
    assert now.forget_silent(60.0)
    assert now.playback is None


def test_a_live_turn_ends_with_its_turn_and_does_not_come_again(now: GuideNow) -> None:
    now.take(progress("t1", trigger_id="sent"), 0.0)
    now.take(progress("t1", "first_sample"), 0.1)
    assert now.live["t1"].trigger_id == "sent"
    assert now.live["t1"].stages_ms.keys() == {"accepted", "first_sample"}
    now.take(ended_turn("t1"), 1.0)
    assert not now.live
    assert not now.take(progress("t1", "last_sample"), 1.1), "the speaker's news came later"
    assert not now.live


def test_nothing_grows_without_bound(now: GuideNow) -> None:
    for number in range(1000):
        now.take(progress(f"l{number}"), 0.0)
        now.take(ended_turn(f"t{number}"), 0.0)
        now.take(Dropped(trigger_id=str(number), kind="remark", reason="expired", received_at=1.0), 0.0)
    assert (len(now.live), len(now.turns), len(now.drops)) == (MOST_LIVE, MOST_TURNS, MOST_DROPS)


def test_an_answer_is_kept_without_its_words_unless_the_operator_tells_them(now: GuideNow) -> None:
    now.take(ended_turn(kind="answer", text="Something private."), 0.0)
    assert now.turns[-1].text is None


def test_an_alarm_that_is_told_again_is_no_news(now: GuideNow) -> None:
    alarm = AlarmPayload(name="disk", raised=True, since=1.0, reason="3 MiB are free")
    now.take_alarm(alarm)
    before = now.versions["alarms"]
    now.take_alarm(alarm)
    assert now.versions["alarms"] == before


def test_the_guide_lacks_nothing_when_only_the_console_is_not_heard_of(now: GuideNow) -> None:
    for name in ("ingest", "listener", "commentator", "speaker", "telemetry"):
        now.take(state(name), 0.0)
    assert now.missing == []
    assert isinstance(now.playback, Playback | None)
