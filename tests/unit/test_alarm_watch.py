"""Alarms that cannot be remembered wait, and not without bound."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence

import pytest

from edge.fleet.frame import AlarmName
from edge.messages import Control
from edge.telemetry import alarm_watch
from edge.telemetry.alarm_watch import MOST_UNKEPT, AlarmsNotKeptError, AlarmWatch
from edge.telemetry.alarms import AlarmChange, Alarms, Raised, Situation
from tests.support.waiting import until

QUIET = Situation(
    expected=(), alive={}, playback=None, control=None, ceiling=None, vitals=None, heat_level=0, broker=""
)


async def test_an_alarm_that_comes_and_goes_while_the_disk_takes_nothing_costs_no_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    changes = [AlarmChange("disk", number % 2 == 0, float(number), "") for number in range(1000)]
    to_come = deque(changes)
    kept: list[Sequence[AlarmChange]] = []
    full = True

    async def keep(changes: Sequence[AlarmChange]) -> Mapping[AlarmName, Raised]:
        if full:
            raise AlarmsNotKeptError("full")
        kept.append(changes)
        return {}

    def follow(alarms: Alarms, *given: object) -> list[AlarmChange]:
        return [to_come.popleft()] if to_come else []

    monkeypatch.setattr(Alarms, "follow", follow)
    monkeypatch.setattr(alarm_watch, "LOOK_S", 0.01)
    monkeypatch.setattr(alarm_watch, "KEPT_AGAIN_S", 0.05)
    watching = asyncio.create_task(AlarmWatch(lambda: QUIET, keep).watch_for_ever())
    await until(lambda: not to_come)
    full = False
    await until(lambda: bool(kept))
    assert list(kept[0]) == changes[-MOST_UNKEPT:]
    watching.cancel()


async def test_an_alarm_that_a_kill_would_forget_is_not_told_before_it_is_kept() -> None:
    kept = asyncio.Event()
    told: list[set[AlarmName]] = []

    async def keep(changes: Sequence[AlarmChange]) -> Mapping[AlarmName, Raised]:
        if changes:
            await kept.wait()
        return {}

    situation = QUIET._replace(control=Control(microphone_off=True))
    watch = AlarmWatch(lambda: situation, keep, on_change=lambda: told.append(set(watch.raised)))
    watching = asyncio.create_task(watch.watch_for_ever())
    await until(lambda: told[-1:] == [set()])
    assert not watch.raised
    kept.set()
    await until(lambda: told[-1:] == [{"microphone_off"}])
    watching.cancel()


async def test_an_alarm_is_told_also_while_nothing_can_be_kept() -> None:
    async def keep(changes: Sequence[AlarmChange]) -> Mapping[AlarmName, Raised]:
        raise AlarmsNotKeptError("full")

    situation = QUIET._replace(control=Control(microphone_off=True))
    watch = AlarmWatch(lambda: situation, keep)
    watching = asyncio.create_task(watch.watch_for_ever())
    await until(lambda: "microphone_off" in watch.raised)
    watching.cancel()


async def test_what_an_earlier_telemetry_raised_is_not_over_while_nothing_is_known_of_it() -> None:
    before = {"microphone_off": Raised(1.0, "nobody is listened to")}
    changes: list[AlarmChange] = []
    situation = QUIET

    async def keep(new: Sequence[AlarmChange]) -> Mapping[AlarmName, Raised]:
        changes.extend(new)
        return before  # type: ignore[return-value]

    watch = AlarmWatch(lambda: situation, keep)
    watching = asyncio.create_task(watch.watch_for_ever())
    await until(lambda: bool(watch.raised))
    situation = QUIET._replace(control=Control(microphone_off=True))
    await asyncio.sleep(1.5)  # it has looked
    assert not changes
    situation = QUIET._replace(control=Control())
    await until(lambda: bool(changes))
    assert changes == [AlarmChange("microphone_off", False, 1.0, "nobody is listened to")]
    watching.cancel()


async def test_what_nobody_tells_any_more_is_over_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alarm_watch, "LEARNS_S", 0.1)
    monkeypatch.setattr(alarm_watch, "LOOK_S", 0.05)
    changes: list[AlarmChange] = []

    async def keep(new: Sequence[AlarmChange]) -> Mapping[AlarmName, Raised]:
        changes.extend(new)
        return {"not_heard": Raised(1.0, "the microphone does not hear")}

    watching = asyncio.create_task(AlarmWatch(lambda: QUIET, keep).watch_for_ever())
    await until(lambda: bool(changes))
    assert [(change.name, change.raised) for change in changes] == [("not_heard", False)]
    watching.cancel()


async def test_an_alarm_is_told_also_while_the_disk_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alarm_watch, "KEPT_AGAIN_S", 0.05)
    monkeypatch.setattr(alarm_watch, "LOOK_S", 0.01)
    answers = asyncio.Event()
    kept: list[AlarmChange] = []

    async def keep(changes: Sequence[AlarmChange]) -> Mapping[AlarmName, Raised]:
        await answers.wait()
        kept.extend(changes)
        return {}

    situation = QUIET._replace(control=Control(microphone_off=True))
    watch = AlarmWatch(lambda: situation, keep)
    watching = asyncio.create_task(watch.watch_for_ever())
    await until(lambda: "outbox" in watch.raised)
    assert "microphone_off" in watch.raised
    answers.set()
    await until(lambda: any(change.name == "outbox" for change in kept))
    assert [change.name for change in kept].count("microphone_off") == 1
    watching.cancel()
