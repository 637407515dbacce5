"""Undervoltage, overcurrent and heat: read, told, and made episodes of."""

from __future__ import annotations

import logging
import shutil
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from edge.config import Settings
from edge.doctor.machine import check_machine
from edge.journal_events import MessageId
from edge.telemetry import payloads
from edge.telemetry.machine_watch import tell_slowdowns
from edge.vitals.board import read_board
from edge.vitals.slowdowns import (
    QUIET_S,
    Change,
    Episodes,
    SlowdownCounts,
    read_slowdown_counts,
    read_throttled_by_heat,
)
from edge.vitals.tree import Tree
from edge.vitals.vitals import Vitals, describe, read_vitals
from tests.support.recorded_tree import DATA, RecordedTree

JP6, JP7 = RecordedTree("jetson-orin-jp6"), RecordedTree("jetson-orin-jp7")
NOTHING = SlowdownCounts(0, 0, 0)


@pytest.fixture
def board(tmp_path: Path) -> Path:
    """A copy of a recorded board, to change."""
    for part in ("sys", "proc", "etc"):
        shutil.copytree(DATA / "jetson-orin-jp6" / part, tmp_path / part)
    return tmp_path


def in_trouble(board: Path) -> Tree:
    """Its voltage fell twice, and its GPU is throttled."""
    (board / "sys/class/hwmon/hwmon3/oc1_event_cnt").write_text("2\n")
    for device in (board / "sys/class/thermal").glob("cooling_device*"):
        if (device / "type").read_text() in ("gpu-throttle-alert\n", "hot-surface-alert\n"):
            (device / "cur_state").write_text("1\n")
    return Tree(board)


def test_counters_and_zones_are_read_by_their_names(board: Path) -> None:
    assert read_slowdown_counts(JP6) == (0, 0, 27390)
    assert read_throttled_by_heat(JP6) == (), "a fan that turns is no throttling"
    assert read_slowdown_counts(in_trouble(board)) == (2, 0, 27390)
    assert read_throttled_by_heat(in_trouble(board)) == ("gpu",), "a hot surface slows nothing down"


def test_a_board_that_tells_nothing_has_nulls(tmp_path: Path) -> None:
    for tree in (JP7, Tree(tmp_path)):
        assert (read_slowdown_counts(tree), read_throttled_by_heat(tree)) == ((None, None, None), ())
    folder = tmp_path / "sys/class/hwmon/hwmon0"
    folder.mkdir(parents=True)
    (folder / "name").write_text("soctherm_oc\n")
    (folder / "oc1_event_cnt").write_text("nonsense\n")
    assert read_slowdown_counts(Tree(tmp_path)) == (None, None, None)


def test_the_state_has_them(board: Path) -> None:
    told = payloads.state({}, None, None, Settings(), read_vitals(in_trouble(board), board))
    vitals = msgspec.json.decode(told)["vitals"]
    assert (vitals["undervoltage_events"], vitals["overcurrent_events"]) == (2, 0)
    assert (vitals["current_peak_events"], vitals["throttled_by_heat"]) == (27390, ["gpu"])


def test_the_line_at_the_start_has_what_is_wrong(board: Path) -> None:
    assert "heat" not in describe(read_board(JP6), read_vitals(JP6, board))
    told = describe(read_board(JP6), read_vitals(in_trouble(board), board))
    assert "throttled by heat (gpu)" in told
    assert "2 times too little voltage" in told


def test_the_doctor_tells_them_with_advice(board: Path) -> None:
    settings = msgspec.convert({"state_dir": "/tmp"}, Settings)
    well = {check.name: check for check in check_machine(JP6, settings)}
    assert (well["undervoltage"].verdict, well["undervoltage"].actual) == ("ok", "never")
    assert well["throttled"].verdict == "ok", "short peaks are ordinary"
    ill = {check.name: check for check in check_machine(in_trouble(board), settings)}
    assert (ill["undervoltage"].verdict, ill["undervoltage"].actual) == ("absent", "2 times since it started")
    assert "cables" in ill["undervoltage"].advice
    assert "by heat: gpu" in ill["throttled"].actual
    assert "fan" in ill["throttled"].advice
    assert not {"undervoltage", "throttled"} & {check.name for check in check_machine(JP7, settings)}


def test_a_burst_is_one_episode() -> None:
    episodes, told = Episodes(), []
    for second in range(0, 300, 10):
        count = min(max(0, second - 40), 30) // 10  # one event each at 50, 60 and 70 s
        told += [
            (second, change) for change in episodes.follow(NOTHING._replace(undervoltage=count), (), second)
        ]
    assert told == [
        (50, Change("undervoltage", True, "1 event")),
        (70 + QUIET_S, Change("undervoltage", False, "3 events")),
    ]


def test_events_before_the_first_reading_and_a_counter_that_begins_anew_are_no_episode() -> None:
    episodes = Episodes()
    for count in (27390, 27390, None, 0, 0):
        assert not list(episodes.follow(SlowdownCounts(count, count, count), (), 0.0))
    assert len(list(episodes.follow(SlowdownCounts(1, 1, 1), (), 1.0))) == 3


def test_a_zone_that_comes_and_goes_is_one_episode() -> None:
    episodes, told = Episodes(), []
    for second, zones in ((0, ()), (10, ("cpu",)), (20, ()), (30, ("gpu",)), (40, ()), (99, ()), (100, ())):
        told += list(episodes.follow(NOTHING, zones, second))
    assert told == [Change("heat", True, "cpu"), Change("heat", False, "cpu, gpu")]


@pytest.mark.parametrize("cause", ["undervoltage", "overcurrent", "current_peaks", "heat"])
def test_the_journal_has_one_line_at_its_begin_and_one_at_its_end(
    cause: str, caplog: pytest.LogCaptureFixture, board: Path
) -> None:
    fine = read_vitals(Tree(board), board)
    worse = {
        "undervoltage": {"undervoltage_events": 1},
        "overcurrent": {"overcurrent_events": 1},
        "current_peaks": {"current_peak_events": 27391},
        "heat": {"throttled_by_heat": ("cpu",)},
    }[cause]
    bad: Vitals = msgspec.structs.replace(fine, **worse)
    after = fine if cause == "heat" else bad
    episodes = Episodes()
    with caplog.at_level(logging.INFO):
        for second in range(0, 200, 10):
            tell_slowdowns(episodes, fine if second < 20 else bad if second < 50 else after, second)
    ids = [record.MESSAGE_ID for record in caplog.records]  # type: ignore[attr-defined]
    assert ids == [MessageId.SLOWDOWN_BEGAN.value, MessageId.SLOWDOWN_ENDED.value]
    assert [record.CAUSE for record in caplog.records] == [cause, cause]  # type: ignore[attr-defined]
    ordinary = cause == "current_peaks"
    assert caplog.records[0].levelno == (logging.INFO if ordinary else logging.WARNING)
    assert all(cause in line for line in caplog.messages)


def test_nothing_is_told_twice_while_it_lasts() -> None:
    episodes = Episodes()
    told = [
        change
        for before, count in pairwise(range(100))
        for change in episodes.follow(NOTHING._replace(current_peaks=count), (), before * 10.0)
    ]
    assert told == [Change("current_peaks", True, "1 event")]
