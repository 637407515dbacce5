"""What a day may cost: over midnight, over steps of the clock, over restarts."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter, defaultdict
from datetime import date, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.atomic_file import write_whole
from edge.clock import Moment
from edge.spending import ledger_file
from edge.spending.ledger import MOST_NAMES, OTHERS, REMEMBERED_DATES, RENEWED_AFTER_S, Day, DayLedger
from edge.spending.ledger_file import LedgerFile

TODAY = date(2026, 11, 20)
TOMORROW = TODAY + timedelta(days=1)
TOO_DEEP = b'{"2026-11-20": {"further": ' + b"[" * 100_000
FILE_NAME = "spent-speaker.json"
IN_1970 = date(1970, 1, 1)
LIMIT = 100.0


def moment(day: date = TODAY, mono: float = 0.0) -> Moment:
    return Moment(mono, 0.0, day.isoformat(), 12)


def take(ledger: DayLedger, now: Moment, amount: float) -> bool:
    if ledger.first_beyond(now, {"tokens": amount}, {"tokens": LIMIT}):
        return False
    ledger.spend(now, {"tokens": amount})
    return True


def restarted(ledger: DayLedger) -> DayLedger:
    return DayLedger(msgspec.json.decode(msgspec.json.encode(ledger.days), type=dict[str, Day]))


def test_what_does_not_fit_into_today_is_not_taken() -> None:
    ledger = DayLedger()
    assert take(ledger, moment(), 60)
    assert not take(ledger, moment(), 41)
    assert take(ledger, moment(), 40)
    assert ledger.left(moment(), "tokens", LIMIT) == 0
    assert ledger.first_beyond(moment(), {}, {"tokens": LIMIT}) == "tokens", "nothing is left"


def test_names_have_amounts_and_limits_of_their_own_and_the_first_that_is_beyond_is_told() -> None:
    ledger = DayLedger()
    ledger.spend(moment(), {"requests": 1, "money": 0.25})
    ledger.spend(moment(), {"requests": 1, "tokens": 7})
    assert ledger.spent("2026-11-20") == {"requests": 2, "money": 0.25, "tokens": 7}
    limits = {"requests": 3, "money": 0.3}
    assert ledger.first_beyond(moment(), {"requests": 1}, limits) is None
    assert ledger.first_beyond(moment(), {"requests": 1, "money": 0.1}, limits) == "money"
    assert ledger.first_beyond(moment(), {"requests": 2, "money": 0.1}, limits) == "requests"


def test_midnight_brings_a_new_allowance_and_a_clock_set_back_no_second_one() -> None:
    ledger = DayLedger()
    assert take(ledger, moment(), 100)
    assert not take(ledger, moment(mono=3600.0), 1)
    assert take(ledger, moment(TOMORROW, 3601.0), 100)
    assert not take(ledger, moment(TODAY, 3602.0), 1)
    assert not take(ledger, moment(TOMORROW, 3603.0), 1)


def test_the_longest_date_has_one_allowance() -> None:
    ledger = DayLedger()
    take(ledger, moment(), 100)
    assert not take(ledger, moment(mono=25 * 3600.0), 1), "as where summer time ends"


def test_a_board_that_begins_each_boot_in_1970_is_given_an_allowance_for_each_day_of_running() -> None:
    ledger, given_s = DayLedger(), []
    for boot in range(6):  # of ten hours, without a network
        ledger = restarted(ledger)
        for second in range(0, 36_000, 60):
            if take(ledger, moment(IN_1970, second), 100):
                given_s.append(boot * 36_000 + second)
    assert [round(at_s / RENEWED_AFTER_S) for at_s in given_s] == [0, 1, 2]


def test_what_was_spent_is_known_also_after_the_allowance_was_renewed() -> None:
    ledger = DayLedger()
    take(ledger, moment(IN_1970), 100)
    assert take(ledger, moment(IN_1970, RENEWED_AFTER_S), 70)
    assert ledger.spent("1970-01-01") == {"tokens": 170}
    assert ledger.used(moment(IN_1970, RENEWED_AFTER_S), "tokens") == 70


def test_what_was_not_used_after_all_is_given_back_and_no_more_than_was_taken() -> None:
    ledger = DayLedger()
    take(ledger, moment(), 30)
    ledger.correct("2026-11-20", {"tokens": -30})
    ledger.correct("2026-11-20", {"tokens": -30})
    ledger.correct("2026-11-19", {"tokens": -30})
    assert ledger.left(moment(), "tokens", LIMIT) == LIMIT
    assert ledger.spent("2026-11-19") == {}


@given(
    st.lists(
        st.tuples(
            st.integers(min_value=0, max_value=5),  # the date that the clock shows
            st.floats(min_value=0, max_value=2 * RENEWED_AFTER_S),  # for how long
            st.integers(min_value=1, max_value=100),  # what is wanted
            st.booleans(),  # a restart
        ),
        max_size=60,
    )
)
def test_no_clock_and_no_restart_gives_more_than_one_allowance_for_each_date_and_day_of_running(
    steps: list[tuple[int, float, int, bool]],
) -> None:
    ledger, mono = DayLedger(), 0.0
    spent: Counter[str] = Counter()
    ran_s: defaultdict[str, float] = defaultdict(float)
    for number, for_s, wanted, restart in steps:
        if restart:
            ledger, mono = restarted(ledger), 0.0
        shown = TODAY + timedelta(days=number)
        while take(ledger, moment(shown, mono), wanted):
            spent[shown.isoformat()] += wanted
        mono += for_s
        ledger.look(moment(shown, mono))
        ran_s[shown.isoformat()] += for_s
    for shown_date, amount in spent.items():
        assert amount <= LIMIT * (1 + ran_s[shown_date] // RENEWED_AFTER_S)
        assert amount == ledger.spent(shown_date)["tokens"]


def test_at_least_a_month_is_remembered_and_the_dates_that_were_used_longest_ago_are_forgotten() -> None:
    ledger = DayLedger()
    for number in range(REMEMBERED_DATES + 5):
        ledger.spend(moment(TODAY + timedelta(days=number)), {"tokens": 1})
    assert len(ledger.days) == REMEMBERED_DATES >= 31
    assert (TODAY + timedelta(days=REMEMBERED_DATES + 4)).isoformat() in ledger.days
    assert TODAY.isoformat() not in ledger.days


def test_names_without_end_take_no_memory_without_end_and_are_bounded_together() -> None:
    ledger = DayLedger()
    for number in range(2 * MOST_NAMES):
        ledger.spend(moment(), {f"camera {number}": 1})
    assert len(ledger.spent("2026-11-20")) == MOST_NAMES + 1
    assert ledger.spent("2026-11-20")[OTHERS] == MOST_NAMES
    assert ledger.first_beyond(moment(), {"invented": 1}, {"invented": 10}) == "invented"


# --- on disk ---


def opened(folder: Path, now: Moment | None = None) -> LedgerFile:
    file = LedgerFile(folder / FILE_NAME)
    file.open(now or moment())
    return file


def on_disk(folder: Path) -> dict[str, float]:
    """What the day's file tells; empty: there is none yet."""
    try:
        days = msgspec.json.decode((folder / FILE_NAME).read_bytes(), type=dict[str, Day])
    except FileNotFoundError:
        return {}
    return days["2026-11-20"].amounts if "2026-11-20" in days else {}


async def test_the_disk_knows_of_it_before_it_is_used(tmp_path: Path) -> None:
    folder = tmp_path / "made"
    await opened(folder).spend(moment(), {"tokens": 60})
    assert opened(folder).ledger.left(moment(), "tokens", LIMIT) == 40
    assert msgspec.json.decode((folder / FILE_NAME).read_bytes())["2026-11-20"]["amounts"] == {"tokens": 60}


@pytest.mark.parametrize(
    "rubbish",
    [
        b"",
        b"{",
        b"[]",
        b'{"2026-11-20": 7}',
        b'{"2026-11-20": {"amounts": {"tokens": -5}}}',
        b'{"\xff": {}}',
        TOO_DEEP,
    ],
)
async def test_what_cannot_be_read_is_used_up_for_the_day_also_after_a_restart(
    tmp_path: Path, rubbish: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / FILE_NAME).write_bytes(rubbish)
    file = opened(tmp_path)
    keeping = asyncio.create_task(file.keep())
    while (tmp_path / FILE_NAME).read_bytes() == rubbish:
        await asyncio.sleep(0.01)
    keeping.cancel()
    for each in (file, opened(tmp_path)):
        assert each.ledger.left(moment(), "tokens", LIMIT) == 0
        assert each.ledger.left(moment(TOMORROW), "tokens", LIMIT) == LIMIT
    assert "nothing more is made ahead today" in caplog.text


async def test_what_the_disk_did_not_take_note_of_is_not_spent(tmp_path: Path) -> None:
    file = opened(tmp_path / "other")
    (tmp_path / "other").write_bytes(b"")
    with pytest.raises(OSError, match="other"):
        await file.spend(moment(), {"tokens": 10})
    assert file.ledger.left(moment(), "tokens", LIMIT) == LIMIT


async def test_what_could_not_wait_for_the_disk_is_on_it_soon_and_what_was_not_used_is_taken_off(
    tmp_path: Path,
) -> None:
    file = opened(tmp_path)
    keeping = asyncio.create_task(file.keep())
    file.note(moment(), {"tokens": 10})
    file.correct("2026-11-20", {"tokens": -3})
    while on_disk(tmp_path) != {"tokens": 7}:
        await asyncio.sleep(0.01)
    keeping.cancel()


async def test_what_the_disk_did_not_take_is_written_when_it_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_file, "REST_S", 0.01)
    file = opened(tmp_path / "absent")
    (tmp_path / "absent").write_text("no folder")
    keeping = asyncio.create_task(file.keep())
    file.note(moment(), {"tokens": 10})
    await asyncio.sleep(0.1)
    (tmp_path / "absent").unlink()
    while on_disk(tmp_path / "absent") != {"tokens": 10}:
        await asyncio.sleep(0.01)
    keeping.cancel()


async def test_an_orderly_end_keeps_what_was_noted_and_how_long_the_device_ran(tmp_path: Path) -> None:
    file = opened(tmp_path)
    file.note(moment(), {"tokens": 10})
    file.close(moment(mono=100.0))
    assert opened(tmp_path).ledger.days == {"2026-11-20": Day({"tokens": 10}, ran_s=100.0)}


async def test_a_write_that_is_still_under_way_does_not_undo_the_last_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, ended = threading.Event(), threading.Event()

    def slow(path: Path, content: bytes) -> None:
        if not begun.is_set():
            begun.set()
            time.sleep(0.2)  # the disk is slow just then
            write_whole(path, content)
            ended.set()
        else:
            write_whole(path, content)

    monkeypatch.setattr(ledger_file, "write_whole", slow)
    file = opened(tmp_path)
    file.note(moment(), {"tokens": 10})
    keeping = asyncio.create_task(file.keep())
    await asyncio.to_thread(begun.wait)
    file.note(moment(), {"tokens": 20})
    keeping.cancel()
    file.close(moment())
    await asyncio.to_thread(ended.wait)
    assert opened(tmp_path).ledger.spent("2026-11-20") == {"tokens": 30}
