"""The ledgers of all three processes together, over midnight, steps of the clock, restarts and lost files."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.clock import Moment
from edge.config import CostSettings
from edge.messages import CeilingLevel, ProcessName
from edge.meter import TOLD_DATES, news_of
from edge.spending.books import Books
from edge.spending.ceiling import level_of, shares
from edge.spending.ledger import RENEWED_AFTER_S
from edge.spending.ledger_file import LedgerFile
from edge.spending.lines import names_of

TODAY = date(2026, 11, 29)
TOMORROW = TODAY + timedelta(days=1)
IN_1970 = date(1970, 1, 1)
CEILING = CostSettings(characters_per_day=300)
PAYING: tuple[ProcessName, ...] = ("commentator", "speaker", "listener")


def moment(day: date, mono: float = 0.0) -> Moment:
    return Moment(mono, 0.0, day.isoformat(), 12)


class ThreeProcesses:
    """Their ledgers on one disk; time is passed in."""

    def __init__(self, folder: Path, now: Moment) -> None:
        self._folder = folder
        self._open(now)

    def _open(self, now: Moment) -> None:
        self.ledgers = {process: LedgerFile(self._folder / f"spent-{process}.json") for process in PAYING}
        for ledger in self.ledgers.values():
            ledger.open(now)

    def restart(self, now: Moment) -> None:
        for ledger in self.ledgers.values():
            ledger.close(now)
        self._open(now)

    def spend(self, process: ProcessName, now: Moment, characters: int) -> None:
        self.ledgers[process].note(now, names_of("voice", "answer", {"characters": characters}))

    def books(self, now: Moment) -> Books:
        books = Books()
        for process, ledger in self.ledgers.items():
            ledger.ledger.look(now)
            books.take(news_of(process, ledger.ledger.days, now.date))
        return books

    def level(self, now: Moment) -> CeilingLevel:
        books = self.books(now)
        if books.is_unknown(now.date):
            return 2
        return level_of(shares(books.used(now.date), CEILING, {}))

    def spent(self, now: Moment) -> float:
        return sum(amounts["characters"] for amounts in self.books(now).spent(now.date).values())


@pytest.fixture
def guide(tmp_path: Path) -> ThreeProcesses:
    return ThreeProcesses(tmp_path, moment(TODAY))


def test_all_of_them_together_reach_the_ceiling_and_a_restart_takes_nothing_back(
    guide: ThreeProcesses,
) -> None:
    now = moment(TODAY)
    for process, level in zip(PAYING, (0, 0, 1), strict=True):
        guide.spend(process, now, 80)
        assert guide.level(now) == level
    guide.restart(now)
    assert (guide.spent(now), guide.level(now)) == (240, 1)
    guide.spend("speaker", now, 60)
    guide.restart(now)
    assert guide.level(now) == 2


def test_midnight_begins_a_new_day_for_all_and_the_old_one_stays_known(guide: ThreeProcesses) -> None:
    for process in PAYING:
        guide.spend(process, moment(TODAY), 100)
    after = moment(TOMORROW, 60.0)
    assert guide.level(after) == 0
    # One process has told nothing since midnight, another has.
    guide.spend("speaker", after, 250)
    assert guide.level(after) == 1
    guide.restart(after)
    assert guide.books(after).dates == [TOMORROW.isoformat(), TODAY.isoformat()]
    assert (guide.spent(moment(TODAY)), guide.spent(after)) == (300, 250)


def test_a_clock_that_steps_back_and_forth_over_midnight_gives_no_day_twice(guide: ThreeProcesses) -> None:
    for mono, day in enumerate([TODAY, TOMORROW, TODAY, IN_1970, TOMORROW, TODAY, IN_1970]):
        now = moment(day, float(mono))
        while guide.level(now) < 2:
            guide.spend(PAYING[mono % 3], now, 60)
        guide.restart(now)
    assert [guide.spent(moment(day)) for day in (TODAY, TOMORROW, IN_1970)] == [300, 300, 300]


def test_a_board_that_begins_each_boot_in_1970_is_not_left_without_for_good(guide: ThreeProcesses) -> None:
    start = moment(IN_1970)
    guide.spend("speaker", start, 300)
    assert guide.level(start) == 2
    later = moment(IN_1970, RENEWED_AFTER_S + 1)
    assert guide.level(later) == 0
    assert guide.spent(later) == 300, "told, though it is held against nothing any more"


@pytest.mark.parametrize("today", [IN_1970, TODAY], ids=["later dates", "earlier dates"])
def test_however_many_dates_are_known_what_is_spent_today_counts(guide: ThreeProcesses, today: date) -> None:
    for number in range(1, TOLD_DATES + 5):
        day = TODAY + timedelta(days=number if today == IN_1970 else -number)
        guide.spend("speaker", moment(day, float(number)), 300)
    now = moment(today, 100.0)
    assert guide.level(now) == 0
    guide.spend("speaker", now, 300)
    guide.restart(now)
    assert (guide.spent(now), guide.level(now)) == (300, 2)
    assert len(guide.books(now).dates) <= TOLD_DATES + 1


@pytest.mark.parametrize("process", PAYING)
def test_what_one_of_them_cannot_read_counts_as_all_of_the_day(
    guide: ThreeProcesses, tmp_path: Path, process: ProcessName
) -> None:
    now = moment(TODAY)
    guide.spend("speaker", now, 10)
    guide.restart(now)
    (tmp_path / f"spent-{process}.json").write_text("{")
    guide = ThreeProcesses(tmp_path, now)
    assert guide.level(now) == 2
    assert guide.level(moment(TOMORROW)) == 0


Steps = st.lists(
    st.tuples(
        st.sampled_from(PAYING),
        st.sampled_from([TODAY, TOMORROW, IN_1970]),
        st.integers(1, 400),
        st.booleans(),
    ),
    max_size=25,
)


@given(Steps)
@settings(max_examples=60, deadline=None)
def test_no_order_of_days_and_restarts_loses_a_character(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[ProcessName, date, int, bool]]
) -> None:
    guide = ThreeProcesses(tmp_path_factory.mktemp("guide"), moment(TODAY))
    expected: dict[date, int] = {}
    for mono, (process, day, characters, restarts) in enumerate(steps):
        now = moment(day, float(mono))
        guide.spend(process, now, characters)
        expected[day] = expected.get(day, 0) + characters
        if restarts:
            guide.restart(now)
        assert guide.spent(now) == expected[day]
        assert guide.level(now) == (2 if expected[day] >= 300 else 1 if expected[day] >= 240 else 0)
