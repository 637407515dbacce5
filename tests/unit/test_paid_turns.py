"""What a camera can make the guide spend is bounded; what an ordinary day needs is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.clock import Moment
from edge.commentator.paid_turns import MAX_CAMERAS, PaidTurns
from edge.config import CommentatorSettings
from edge.messages import Kind, Sighting, Trigger
from edge.spending.ledger_file import LedgerFile

MONDAY, TUESDAY = "2026-11-23", "2026-11-24"
SETTINGS = CommentatorSettings(paid_turns_per_hour=10, paid_turns_per_day=25)


def trigger(camera: str | None = None, kind: Kind = "remark") -> Trigger:
    return Trigger(
        kind=kind,
        topic="shuttle/demo/event" if kind == "remark" else "",
        sighting=Sighting(text="text", camera=camera) if kind == "remark" else None,
        text=None if kind == "remark" else "text",
        received_mono=0.0,
        received_at=1e9,
        expires_mono=5.0,
    )


def moment(mono: float = 0.0, date: str = MONDAY) -> Moment:
    return Moment(mono, 0.0, date, 12)


def paid_turns(settings: CommentatorSettings = SETTINGS, path: Path = Path("unused")) -> PaidTurns:
    spending = LedgerFile(path)
    spending.open(moment())
    return PaidTurns(settings, spending)


def taken(turns: PaidTurns, each: Trigger, times: int, now: float = 0.0, date: str = MONDAY) -> int:
    return sum(turns.take(each, moment(now, date)) is None for _ in range(times))


def test_no_ordinary_day_meets_the_defaults() -> None:
    """Fourteen hours, a remark by a model each half minute, and a question a minute."""
    turns = paid_turns(CommentatorSettings())
    for second in range(0, 14 * 3600, 30):
        assert turns.take(trigger(), moment(second, MONDAY)) is None
        if second % 60 == 0:
            assert turns.take(trigger(kind="answer"), moment(second, MONDAY)) is None


def test_a_camera_that_varies_its_words_all_day_buys_what_a_day_may_cost_and_no_more() -> None:
    turns = paid_turns(CommentatorSettings())
    paid = sum(turns.take(trigger("front"), moment(second, MONDAY)) is None for second in range(0, 86_400, 5))
    assert paid == CommentatorSettings().paid_turns_per_day


def test_an_hour_has_its_bound_and_the_next_has_it_again() -> None:
    turns = paid_turns()
    assert taken(turns, trigger(), 100) == 10
    assert taken(turns, trigger(), 100, now=3599.0) == 0
    assert taken(turns, trigger(), 100, now=3600.0) == 10


def test_one_camera_leaves_the_others_theirs_and_new_names_buy_nothing() -> None:
    turns = paid_turns()
    assert taken(turns, trigger("front"), 100) == 10
    assert taken(turns, trigger("rear"), 100) == 10
    assert sum(taken(turns, trigger(f"invented {number}"), 10) for number in range(100)) == 0
    assert taken(turns, trigger(), 10) == 0, "nor does a name left out"


def test_remarks_do_not_use_up_what_answers_may_cost() -> None:
    turns = paid_turns()
    taken(turns, trigger(), 100)
    assert taken(turns, trigger(kind="answer"), 100) == 10


def test_a_day_is_kept_over_restarts_and_given_once_however_the_clock_steps(tmp_path: Path) -> None:
    paid = {MONDAY: 0, TUESDAY: 0}
    for _ in range(10):
        spending = LedgerFile(tmp_path / "spent.json")
        spending.open(moment())
        turns = PaidTurns(SETTINGS, spending)
        for date in (MONDAY, TUESDAY, MONDAY):
            paid[date] += taken(turns, trigger("front"), 10, date=date)
        spending.close(moment())
    assert paid == {MONDAY: 25, TUESDAY: 25}


def test_each_bound_is_news_once_a_day() -> None:
    turns = paid_turns()
    news = []
    for date in (MONDAY, TUESDAY):
        for hour in range(5):
            for _ in range(50):
                refusal = turns.take(trigger("front"), moment(hour * 3600.0, date))
                if refusal and refusal.is_news:
                    news.append((date, refusal.bound, refusal.who))
    who = "remark shuttle/demo/event, camera front"
    assert news == [(day, bound, who) for day in (MONDAY, TUESDAY) for bound in ("hour", "day")]


def test_names_without_end_take_no_memory_without_end() -> None:
    settings = CommentatorSettings(paid_turns_per_hour=100_000, paid_turns_per_day=100_000)
    spending = LedgerFile(Path("unused"))
    turns = PaidTurns(settings, spending)
    for number in range(1000):
        assert turns.take(trigger(f"camera {number}"), moment(0.0, MONDAY)) is None
    assert len(spending.ledger.spent(MONDAY)) <= MAX_CAMERAS + 2
    assert len(turns._hours) <= MAX_CAMERAS + 2
    assert turns.today(MONDAY) == 1000
    assert turns.take(trigger("of the next day"), moment(0.0, TUESDAY)) is None
    name = "paid_turns remark shuttle/demo/event, camera of the next day"
    assert spending.ledger.spent(TUESDAY)[name] == 1


def test_a_ledger_that_cannot_be_read_does_not_silence_the_models_for_a_day(tmp_path: Path) -> None:
    path = tmp_path / "spent.json"
    path.write_text("{")
    assert taken(paid_turns(path=path), trigger(), 1) == 1


@pytest.mark.parametrize("bound", ["paid_turns_per_hour", "paid_turns_per_day"])
def test_nothing_may_be_allowed(bound: str) -> None:
    turns = paid_turns(CommentatorSettings(**{bound: 0}))  # type: ignore[arg-type]
    assert taken(turns, trigger(), 10) == 0
