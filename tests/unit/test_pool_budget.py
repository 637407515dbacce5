"""The daily budget: over midnight, over steps of the clock, over restarts."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.speaker.pool.budget import DAY_S, BudgetState, DailyBudget
from edge.speaker.pool.ledger import FILE_NAME, CharacterLedger

TODAY = date(2026, 11, 20)


def budget(limit: int = 100, day: date = TODAY) -> DailyBudget:
    return DailyBudget(limit, BudgetState(day=day), now_mono=0.0)


def test_what_does_not_fit_into_today_is_not_taken() -> None:
    b = budget()
    assert b.take(60)
    assert not b.take(41)
    assert (b.take(40), b.left) == (True, 0)


def test_midnight_brings_a_new_budget() -> None:
    b = budget()
    b.take(100)
    b.turn(TODAY, 3600.0)
    assert b.left == 0
    b.turn(TODAY + timedelta(days=1), 3601.0)
    assert b.left == 100


def test_a_clock_that_goes_back_over_midnight_and_on_again_gives_no_second_budget() -> None:
    b = budget()
    b.take(100)
    b.turn(TODAY - timedelta(days=1), 10.0)
    assert b.left == 0
    b.turn(TODAY, 20.0)
    assert b.left == 0


def test_a_device_that_wakes_up_in_1970_goes_on_with_the_budget_that_it_had() -> None:
    b = budget()
    b.take(70)
    restarted = DailyBudget(100, b.state, now_mono=5.0)
    restarted.turn(date(1970, 1, 1), 6.0)
    assert restarted.left == 30
    restarted.turn(TODAY, 30.0)
    assert restarted.left == 30


def test_after_a_clock_that_had_gone_wild_was_set_right_a_day_of_running_brings_a_new_budget() -> None:
    b = budget(day=date(2031, 1, 1))
    b.take(100)
    b.turn(TODAY, DAY_S / 2)
    assert b.left == 0
    restarted = DailyBudget(100, b.state, now_mono=7.0)
    restarted.turn(TODAY, 7.0 + DAY_S / 2)
    assert restarted.left == 100
    restarted.turn(TODAY + timedelta(days=1), 8.0 + DAY_S / 2)
    assert restarted.state.day == TODAY + timedelta(days=1)


def test_what_was_not_voiced_after_all_is_given_back_and_no_more_than_was_taken() -> None:
    b = budget()
    b.take(30)
    b.give_back(30)
    b.give_back(30)
    assert b.left == 100


@given(
    st.lists(
        st.tuples(
            st.integers(min_value=-400, max_value=400),  # the calendar's step, in days
            st.floats(min_value=0, max_value=2 * DAY_S),  # how long it ran since
            st.integers(min_value=0, max_value=150),
        ),
        max_size=40,
    )
)
def test_no_calendar_gives_more_than_one_budget_for_each_new_day_or_day_of_running(
    steps: list[tuple[int, float, int]],
) -> None:
    b, now, today, latest, ran_s, taken, renewed = budget(), 0.0, TODAY, TODAY, 0.0, 0, 1
    for days, passed_s, wanted in steps:
        now, today, ran_s = now + passed_s, today + timedelta(days=days), ran_s + passed_s
        if today > latest:
            latest, renewed = today, renewed + 1
        b.turn(today, now)
        if b.take(wanted):
            taken += wanted
    assert taken <= 100 * (renewed + ran_s // DAY_S + len([d for d, *_ in steps if d > 0]))
    assert 0 <= b.left <= 100


def test_a_restart_gives_nothing_back(tmp_path: Path) -> None:
    ledger = opened(tmp_path)
    assert asyncio.run(ledger.take(60))
    again = opened(tmp_path)
    assert (again.budget.used, again.budget.left) == (60, 40)
    assert not asyncio.run(again.take(50))


@pytest.mark.parametrize("rubbish", [b"", b"{", b'{"day": 7}', b'{"day": "2026-11-20", "characters": -5}'])
def test_a_budget_that_cannot_be_read_is_used_up_for_today(tmp_path: Path, rubbish: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(rubbish)
    ledger = opened(tmp_path)
    assert ledger.budget.left == 0
    ledger.budget.turn(TODAY + timedelta(days=1), 1.0)
    assert ledger.budget.left == 100


def test_what_the_disk_did_not_take_note_of_is_not_used(tmp_path: Path) -> None:
    ledger = opened(tmp_path / "nowhere")
    with pytest.raises(OSError, match="nowhere"):
        asyncio.run(ledger.take(10))
    assert ledger.budget.left == 100


def test_the_state_on_disk_is_what_people_can_read(tmp_path: Path) -> None:
    asyncio.run(opened(tmp_path).take(60))
    state = msgspec.json.decode((tmp_path / FILE_NAME).read_bytes())
    assert (state["day"], state["characters"]) == ("2026-11-20", 60)


def opened(folder: Path) -> CharacterLedger:
    ledger = CharacterLedger(folder, limit=100)
    ledger.open(TODAY, 0.0)
    return ledger


def test_how_long_it_ran_outlives_a_restart_so_that_a_wild_clock_locks_nothing_for_good(
    tmp_path: Path,
) -> None:
    wild = CharacterLedger(tmp_path, limit=100)
    wild.open(date(2031, 1, 1), 0.0)
    asyncio.run(wild.take(100))
    for _ in range(3):  # days of ten hours, under a calendar that was set right
        ledger = opened(tmp_path)
        ledger.budget.turn(TODAY, 36_000.0)
        asyncio.run(ledger.save())
    assert opened(tmp_path).budget.left == 100
