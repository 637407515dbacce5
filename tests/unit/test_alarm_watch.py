"""Alarms that cannot be remembered wait, and not without bound."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from edge.fleet.frame import AlarmName
from edge.telemetry import alarm_watch
from edge.telemetry.alarm_watch import MOST_UNKEPT, AlarmsNotKeptError, AlarmWatch
from edge.telemetry.alarms import AlarmChange, Alarms, Raised, Situation

QUIET = Situation(
    expected=(), alive={}, playback=None, control=None, ceiling=None, vitals=None, heat_level=0, broker=""
)


async def test_an_alarm_that_comes_and_goes_while_the_disk_takes_nothing_costs_no_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    changes = [AlarmChange("disk", number % 2 == 0, float(number), "") for number in range(1000)]
    came = iter(changes)
    kept: list[Sequence[AlarmChange]] = []
    full = True

    async def keep(changes: Sequence[AlarmChange]) -> Mapping[AlarmName, Raised]:
        if full:
            raise AlarmsNotKeptError("full")
        kept.append(changes)
        return {}

    def follow(alarms: Alarms, *given: object) -> list[AlarmChange]:
        return [change for change in (next(came, None),) if change]

    monkeypatch.setattr(Alarms, "follow", follow)
    monkeypatch.setattr(alarm_watch, "LOOK_S", 0.01)
    monkeypatch.setattr(alarm_watch, "KEPT_AGAIN_S", 0.05)
    watching = asyncio.create_task(AlarmWatch(lambda: QUIET, keep).watch_for_ever())
    await asyncio.sleep(0.1)
    full = False
    async with asyncio.timeout(5.0):
        while not kept:
            await asyncio.sleep(0.01)
    assert list(kept[0]) == changes[-MOST_UNKEPT:]
    watching.cancel()
