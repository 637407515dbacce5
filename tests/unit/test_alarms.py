"""When something becomes an alarm, and when it is over."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

import pytest

from edge.bus.topology import PROCESSES
from edge.fleet.frame import AlarmName
from edge.messages import Control, CostCeiling, Playback, ProcessState
from edge.telemetry.alarms import (
    LASTING,
    MANY_REFUSED,
    AlarmCauses,
    AlarmChange,
    Alarms,
    Raised,
    Situation,
)
from edge.telemetry.fleet import alarm_log
from edge.telemetry.fleet.outbox import Made
from edge.telemetry.fleet.outbox import waiting as waiting_in
from edge.telemetry.fleet.store import FleetStore
from edge.vitals.vitals import Vitals

AT = 1.8e9


def vitals(**changes: Any) -> Vitals:
    unknown: dict[str, Any] = {field: None for field in Vitals.__struct_fields__}
    whole = unknown | {"temperatures_c": {}, "power_mw": {}, "throttled_by_heat": (), "disk_free_mib": 9000}
    return Vitals(**whole | changes)


def known(**changes: Any) -> Situation:
    well = Situation(
        expected=PROCESSES,
        alive={
            name: ProcessState(process=name, instance="i", ready=True, status="well") for name in PROCESSES
        },
        playback=Playback(
            instance="i", started_mono=0.0, turn_id=None, output="open", voice=None, muted=False, volume=1
        ),
        control=Control(),
        ceiling=CostCeiling(level=0),
        vitals=vitals(),
        heat_level=0,
        broker="",
    )
    return well._replace(**changes)


def with_state(**changes: Any) -> Situation:
    """The commentator says this of itself."""
    state = ProcessState(**{"process": "commentator", "instance": "i", "ready": True, "status": ""} | changes)
    return known(alive=dict(known().alive) | {"commentator": state})


PLAYBACK = known().playback
assert PLAYBACK is not None
ABSENT = Playback(
    instance="i", started_mono=0.0, turn_id=None, output="absent", voice=None, muted=False, volume=1
)


@pytest.mark.parametrize(
    ("found", "name"),
    [
        (with_state(ready=False), "not_ready"),
        (known(alive={}), "not_ready"),
        (known(playback=ABSENT), "no_sound_device"),
        (with_state(facts={"model.groq": "skipped for 60 s"}), "rung_skipped"),
        (known(heat_level=1), "too_hot"),
        (known(broker="no broker"), "broker"),
        (known(ceiling=CostCeiling(level=2)), "budget"),
        (known(control=Control(microphone_off=True)), "microphone_off"),
        (known(vitals=vitals(disk_free_mib=100)), "disk"),
        (known(vitals=vitals(clock_synchronized=False)), "clock"),
        (known(vitals=vitals(throttled_by_heat=("cpu",))), "throttled"),
    ],
)
def test_what_is_wrong_is_found(found: Situation, name: str) -> None:
    assert [*AlarmCauses().of(found, 1.0)] == [name]


def test_what_is_well_or_not_known_is_no_alarm() -> None:
    assert AlarmCauses().of(known(), 1.0) == {}
    nothing = known(playback=None, control=None, ceiling=None, vitals=None)
    assert AlarmCauses().of(nothing, 1.0) == {}
    assert AlarmCauses().of(with_state(facts={"model.groq": "ok", "gate": "off"}), 1.0) == {}


def test_undervoltage_is_news_of_the_counter_and_ends() -> None:
    causes = AlarmCauses()
    assert causes.of(known(vitals=vitals(undervoltage_events=5)), 0.0) == {}, "nobody knows when these were"
    assert "undervoltage" in causes.of(known(vitals=vitals(undervoltage_events=6)), 10.0)
    assert causes.of(known(vitals=vitals(undervoltage_events=6)), 100.0) == {}


def test_many_refusals_are_counted_over_minutes_and_over_restarts_of_ingest() -> None:
    causes = AlarmCauses()

    def refused(count: int) -> Situation:
        state = ProcessState(
            process="ingest", instance="i", ready=True, status="", counters={"refused.invalid": count}
        )
        return known(alive=dict(known().alive) | {"ingest": state})

    assert causes.of(refused(1000), 0.0) == {}
    assert [*causes.of(refused(1000 + MANY_REFUSED), 60.0)] == ["messages_refused"]
    assert causes.of(refused(1000 + MANY_REFUSED), 1000.0) == {}
    assert causes.of(refused(0), 1001.0) == {}, "it was started anew"


def test_an_alarm_is_raised_once_when_it_has_lasted_and_cleared_once() -> None:
    alarms = Alarms({})
    lasting = LASTING["not_ready"]
    cause: dict[AlarmName, str] = {"not_ready": "speaker"}
    assert alarms.follow(cause, 0.0, AT) == []
    assert alarms.follow({}, 1.0, AT + 1) == []
    assert alarms.follow(cause, 2.0, AT + 2) == []
    end = 2.0 + lasting.raise_after_s
    assert alarms.follow(cause, end - 0.1, AT + 30) == []
    assert alarms.follow(cause, end, AT + 32) == [AlarmChange("not_ready", True, AT + 2, "speaker")]
    assert alarms.follow(cause, end + 1, AT + 33) == []
    assert alarms.follow({}, end + 2, AT + 34) == []
    assert alarms.follow(cause, end + 3, AT + 35) == [], "it was not over"
    assert alarms.follow({}, end + 4, AT + 36) == []
    over = end + 4 + lasting.clear_after_s
    assert alarms.follow({}, over, AT + 60) == [AlarmChange("not_ready", False, AT + 2, "speaker")]
    assert alarms.raised == {}


def test_what_an_earlier_telemetry_has_raised_is_cleared_and_not_raised_again() -> None:
    alarms = Alarms({"disk": Raised(AT, "full")})
    assert alarms.follow({"disk": "full"}, 0.0, AT + 9) == []
    assert alarms.follow({}, 1.0, AT + 10) == []
    (over,) = alarms.follow({}, 1.0 + LASTING["disk"].clear_after_s, AT + 99)
    assert (over.raised, over.since) == (False, AT)


async def test_alarms_are_remembered_and_told_durably(tmp_path: Path) -> None:
    store = FleetStore(tmp_path, "one")
    change = AlarmChange("disk", True, AT, "full")
    made = Made(AT, 1.0, "one")
    await store.run(lambda db: alarm_log.tell(db, [change], made))
    await store.run(lambda db: alarm_log.tell(db, [change], made))
    assert await store.run(alarm_log.raised) == {"disk": Raised(AT, "full")}
    assert [each.kind for each in await store.run(lambda db: waiting_in(db, 9, ()))] == ["alarm/disk"]
    await store.run(lambda db: alarm_log.tell(db, [change._replace(raised=False)], made))
    assert await store.run(alarm_log.raised) == {}
    await store.close()


def test_the_page_names_each_alarm() -> None:
    page = (Path(__file__).parents[2] / "docs/fleet.md").read_text("utf-8")
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) >= set(get_args(AlarmName))
    assert LASTING.keys() == set(get_args(AlarmName))


def test_the_brokers_list_of_topics_names_each_alarm() -> None:
    """It has no wildcards, so that what is retained stays bounded."""
    path = "deploy/ansible/roles/mosquitto/vars/main.yml"
    listed = re.search(
        r"^mosquitto_alarms:\n((?:  - \w+\n)+)",
        (Path(__file__).parents[2] / path).read_text("utf-8"),
        re.MULTILINE,
    )
    assert listed
    assert tuple(re.findall(r"- (\w+)", listed[1])) == get_args(AlarmName)
