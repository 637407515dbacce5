"""Heat costs what can be done without, in its order, and gives it back only when it is cool for a while."""

from __future__ import annotations

import logging
import time
from pathlib import Path

import msgspec
import pytest

from edge.bus.topology import TIMINGS
from edge.config import Settings
from edge.doctor.machine import check_machine
from edge.heat_news import HeatNews
from edge.journal_events import MessageId
from edge.messages import Heat
from edge.telemetry import payloads
from edge.telemetry.machine_watch import tell_heat
from edge.vitals.heat import BEGINS_C, COOL_S, ENDS_C, HeatPolicy, hottest_c
from edge.vitals.sensors import read_temperatures_c
from edge.vitals.tree import Tree
from tests.support.recorded_tree import RecordedTree

THROTTLED_C = 99.0
"""From there the kernel lowers the clocks."""


def levels(*readings: tuple[float, float]) -> list[int]:
    """``readings``: second, °C."""
    policy = HeatPolicy()
    return [policy.follow({"tj": celsius}, second) for second, celsius in readings]


def test_each_level_begins_and_ends_at_its_temperature() -> None:
    assert levels((0, 89.9), (2, 90.0), (4, 94.9), (6, 95.0), (8, 110)) == [0, 1, 1, 2, 2]
    assert levels((0, 97)) == [2], "at once, also from cold"
    cooling = [(float(second), 94.9 - second / 10) for second in range(0, 200, 10)]
    assert levels((-1, 96), *cooling) == [2] * 9 + [1] * 5 + [0] * 7
    assert all(begins < THROTTLED_C for begins in BEGINS_C)
    assert all(ends < begins for ends, begins in zip(ENDS_C, BEGINS_C, strict=True))


def test_it_must_be_cool_for_a_while() -> None:
    assert levels((0, 91), (1, 84), (COOL_S, 84), (COOL_S + 0.9, 84), (COOL_S + 1, 84)) == [1, 1, 1, 1, 0]
    assert levels((0, 91), (1, 84), (20, 85), (21, 84), (50, 84), (51, 84)) == [1, 1, 1, 1, 1, 0]


def test_what_swings_around_a_temperature_changes_nothing() -> None:
    swings = [(float(second), 90.5 if second % 4 else 86.0) for second in range(0, 400, 2)]
    assert set(levels((-1, 91), *swings)) == {1}


def test_a_step_down_is_as_far_as_it_is_cool() -> None:
    assert levels((0, 96), (1, 88), (40, 88), (41, 88), (100, 88)) == [2, 2, 1, 1, 1]
    assert levels((0, 96), (1, 60), (31, 60)) == [2, 2, 0]


def test_sensors_that_vanish_are_no_heat() -> None:
    policy = HeatPolicy()
    assert policy.follow({"gpu": 91.0}, 0) == 1
    assert [policy.follow({}, second) for second in (1, 31)] == [1, 0]


def test_only_a_jetsons_own_zones_count() -> None:
    assert hottest_c({"x86_pkg_temp": 99.0, "acpitz": 120.0, "iwlwifi_1": 95.0}) is None
    recorded = read_temperatures_c(RecordedTree("jetson-orin-jp6"))
    assert hottest_c(recorded) == max(recorded.values())


def test_the_journal_has_a_line_for_each_step_up_and_one_for_the_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO):
        for before, level in ((0, 0), (0, 1), (1, 1), (1, 2), (2, 1), (1, 0), (0, 0)):
            tell_heat(before, level, 91.0)  # type: ignore[arg-type]
    ids = [record.MESSAGE_ID for record in caplog.records]  # type: ignore[attr-defined]
    assert ids == [MessageId.HEAT_BEGAN.value] * 2 + [MessageId.HEAT_ENDED.value]
    assert "91 °C): the local language model, captions and guesses rest; " in caplog.messages[0]
    assert "91 °C): the local language model and recognition rest; " in caplog.messages[1]
    assert [record.LEVEL for record in caplog.records[:2]] == [1, 2]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("celsius", "advice"),
    [
        (60, ""),
        (86, "cool it: it slows down"),
        (91, "cool it: the local language model, captions and guesses rest"),
        (96, "cool it: the local language model and recognition rest"),
    ],
)
def test_the_doctor_tells_it(tmp_path: Path, celsius: int, advice: str) -> None:
    zone = tmp_path / "sys/class/thermal/thermal_zone0"
    zone.mkdir(parents=True)
    (zone / "type").write_text("tj-thermal\n")
    (zone / "temp").write_text(f"{celsius}000\n")
    checks = {check.name: check for check in check_machine(Tree(tmp_path), Settings())}
    assert checks["temperatures"].advice == advice


def test_the_state_has_it() -> None:
    assert msgspec.json.decode(payloads.state({}, None, None, Settings(), heat_level=2))["heat_level"] == 2


def test_what_is_not_told_any_more_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    news = HeatNews(None)  # type: ignore[arg-type]
    assert news.level == 0
    news._level, news._heard_mono = 2, time.monotonic()
    assert news.level == 2
    heard_mono = news._heard_mono
    monkeypatch.setattr(time, "monotonic", lambda: heard_mono + TIMINGS[Heat].fresh_s)
    assert news.level == 0
