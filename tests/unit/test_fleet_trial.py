"""A desired configuration from its message to being in force, refused or taken back; time is passed in."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.fleet.configuration import (
    MAX_DESIRED_BYTES,
    DesiredBody,
    RefusedDesiredError,
    parse_desired,
    refusal_of,
)
from edge.messages import ProcessName, ProcessState
from edge.telemetry.fleet import trial
from edge.telemetry.fleet.desired_file import checked, left_out, write
from edge.telemetry.fleet.trial import READY_WITHIN_S, ConfigurationState

NOW_AT = 1_800_000_000.0
ENV: dict[str, str] = {}


def document(version: str, ts: float = NOW_AT, **settings: Any) -> DesiredBody:
    return DesiredBody(version=version, ts=ts, settings=settings)


def begin(
    state: ConfigurationState, wanted: DesiredBody, now_mono: float = 0.0, **more: Any
) -> ConfigurationState:
    given: dict[str, Any] = {"expected": ("speaker", "ingest"), "to_command": {}, "boot": "one", "anew": True}
    return trial.begin(state, wanted, now_mono=now_mono, **(given | more))


def told(process: ProcessName, version: str | None, *, ready: bool = True) -> ProcessState:
    facts = {"desired": version} if version else {}
    return ProcessState(process=process, instance="i", ready=ready, status="no voice", facts=facts)


def alive(*states: ProcessState) -> dict[ProcessName, ProcessState]:
    return {state.process: state for state in states}


def test_the_newest_message_counts_whoever_it_was_sent_to() -> None:
    state = begin(ConfigurationState(), document("one", 10.0))
    assert trial.arrival_of(state, document("one", 10.0)) == "known"
    assert trial.arrival_of(state, document("other", 10.0)) == "older"
    assert trial.arrival_of(state, document("one", 9.9)) == "older"
    assert trial.arrival_of(state, document("one", 10.1)) == "new"
    refused = trial.refuse(state, document("bad", 11.0), (refusal_of("a", 1, "no"),), NOW_AT)
    assert trial.arrival_of(refused, document("between", 10.5)) == "older"
    assert refused.trial == state.trial, "what is good goes on"


def test_a_trial_wants_all_that_were_ready_to_follow_and_be_ready() -> None:
    state = begin(ConfigurationState(), document("v"), to_command={"speaker.volume": 0.5})
    assert trial.missing(state, alive(told("ingest", "v"))) == [
        "speaker is not there",
        "the guide has not taken speaker.volume",
    ]
    seen = alive(told("ingest", "u"), told("speaker", "v", ready=False), told("listener", None, ready=False))
    wants = ["speaker is not ready: no voice", "ingest does not follow"]
    assert trial.missing(trial.obeyed(state, "speaker.volume"), seen) == wants
    done = trial.obeyed(state, "speaker.volume")
    assert trial.missing(done, alive(told("ingest", "v"), told("speaker", "v"))) == []


def test_a_trial_ends_in_force_or_taken_back() -> None:
    before = trial.succeed(begin(ConfigurationState(), document("good")), NOW_AT)
    tried = begin(before, document("bad", NOW_AT + 1), 100.0)
    assert tried.trial is not None
    assert tried.document == document("bad", NOW_AT + 1)
    assert trial.failure(tried.trial, ["speaker is not there"], 100.0 + READY_WITHIN_S - 0.1) == ""
    why = trial.failure(tried.trial, ["speaker is not there"], 100.0 + READY_WITHIN_S)
    assert why == "not in force within 90 s: speaker is not there"
    after = trial.take_back(tried, why, {"speaker.volume": 0.8}, NOW_AT + 91)
    assert after.document == document("good")
    assert after.rejected is not None
    assert (after.rejected.version, after.rejected.taken_back) == ("bad", True)
    assert after.to_command == {"speaker.volume": 0.8}
    assert trial.arrival_of(after, document("bad", NOW_AT + 1)) == "known", "not tried again by itself"


def test_a_newer_version_in_the_middle_of_a_trial_is_measured_by_who_was_ready_before_both() -> None:
    first = begin(ConfigurationState(), document("one"), 10.0)
    second = begin(first, document("two", NOW_AT + 1), 20.0, expected=(), anew=False)
    assert second.trial is not None
    assert second.trial.expected == ("speaker", "ingest")
    assert second.trial.until_mono == 20.0 + READY_WITHIN_S
    assert second.trial.steady_s > 0, "what the first one has changed is started anew"
    assert trial.take_back(second, "no", {}, NOW_AT).document is None


def test_a_power_cut_in_the_middle_begins_the_trial_anew_once() -> None:
    state = begin(ConfigurationState(), document("v"), 10.0)
    kept = msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=ConfigurationState)
    assert kept == state
    assert trial.resume(kept, "one", 50.0) == state, "telemetry alone was started anew"
    again = trial.resume(kept, "two", 3.0)
    assert again.trial is not None
    assert again.trial.until_mono == 3.0 + READY_WITHIN_S
    assert trial.failure(again.trial, ["x"], 4.0) == ""
    third = trial.resume(again, "three", 2.0)
    assert third.trial is not None
    assert trial.failure(third.trial, ["x"], 2.5) == "the machine went off during each of 2 trials"


def test_live_settings_are_commanded_where_the_guide_shows_another_value() -> None:
    loud = document("loud", speaker={"volume": 0.9})
    wanted = {"speaker.volume": 0.9, "commentator.chattiness": "low"}
    shown = {"speaker.volume": 0.8, "commentator.chattiness": "high"}
    none = ConfigurationState()
    assert trial.live_changes(none, loud, shown, wanted) == {"speaker.volume": 0.9}
    assert trial.live_changes(ConfigurationState(in_force=loud), None, shown, wanted) == {
        "speaker.volume": 0.9
    }, "back to the shuttle's own"
    assert trial.live_changes(none, loud, wanted, wanted) == {}
    behind = ConfigurationState(to_command={"commentator.chattiness": "low"})
    assert trial.live_changes(behind, None, shown, wanted) == {"commentator.chattiness": "low"}, "still owed"


def test_all_or_nothing_with_a_reason_for_each_key() -> None:
    good = {"speaker": {"volume": 0.5}, "listener": {"addressee": {"names": {"ru": ["гид"]}}}}
    settings, refusals = checked(document("v", **good), ENV)
    assert (settings.speaker.volume, refusals) == (0.5, ())
    bad = {
        "speaker": {"volume": "0.5", "speed": [1], "voices": []},
        "shuttle": {"language": "de", "id": "other"},
        "services": {"groq": {"api_key": "very secret"}},
        "pool": None,
    }
    settings, refusals = checked(document("v", **bad), ENV)
    assert settings.speaker.volume == 0.8
    assert {each.key: each.reason for each in refusals} == {
        "speaker.volume": "config: speaker.volume = '0.5': write it as 0.5",
        "speaker.speed": "config: speaker.speed = [1]: Expected `float`, got `array` (from the fleet)",
        "shuttle.language": "config: shuttle.language = 'de': allowed: ru, en, id (from the fleet)",
        "shuttle.id": "config: shuttle.id is none that a fleet may desire",
        "services": "config: services is none that a fleet may desire",
        "pool": "config: pool is none that a fleet may desire",
    }
    assert "very secret" not in str(refusals)


def test_a_setting_that_there_is_no_more_is_told_and_stops_nothing() -> None:
    wanted = {"speaker": {"volume": 0.5, "fade_ms": None}, "mqtt": {"keepalive_s": [1]}}
    settings, refusals = checked(document("v", **wanted), ENV)
    assert (settings.speaker.volume, refusals) == (0.5, ())
    told = {each.key: each.reason for each in left_out(document("v", **wanted))}
    mqtt, speaker = told
    assert (mqtt, speaker) == (".".join(("mqtt", "keepalive_s")), ".".join(("speaker", "fade_ms")))
    gone = f"config: {speaker} is no setting any more (from the fleet): it is always 30 ms; remove it"
    assert told[speaker] == gone
    assert wanted["mqtt"], "what was asked for is kept as it came"
    assert left_out(document("v", speaker={"volume": 0.5})) == ()


def test_beside_a_setting_that_there_is_no_more_one_that_never_was_is_refused() -> None:
    wanted = {"speaker": {"fade_ms": 5, "fade_s": 5}, "mqtt": {"keepalive_s": 9, "host": "evil"}}
    settings, refusals = checked(document("v", **wanted), ENV)
    assert {each.key for each in refusals} == {"speaker.fade_s", "mqtt"}
    assert settings.mqtt.host != "evil"


def test_the_file_holds_only_what_there_is(tmp_path: Path) -> None:
    path = tmp_path / "desired.toml"
    write(path, document("v", speaker={"volume": 0.5, "fade_ms": 5}, pool={"max_age_days": 3}))
    assert tomllib.loads(path.read_text()) == {"version": "v", "speaker": {"volume": 0.5}}


def test_settings_that_do_not_fit_together_are_refused() -> None:
    _, refusals = checked(document("v", cost={"money_per_day": 1.0}), ENV | {"GROQ_API_KEY": "x"})
    assert "what groq costs is not known" in refusals[0].reason


@given(
    st.binary(max_size=200)
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=9),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["version", "ts", "settings", "schema", "x"]), inner, max_size=5
            )
        ),
    ).map(lambda value: json.dumps(value).encode())
)
def test_rubbish_is_refused_in_one_line(payload: bytes) -> None:
    reason = ""
    try:
        parse_desired(payload, NOW_AT)
    except RefusedDesiredError as error:
        reason = str(error)
    assert len(reason) <= 300
    assert reason.isprintable()


@pytest.mark.parametrize("ahead_s", [0.0, 299.0, -1e9])
def test_a_message_of_the_past_and_of_clocks_that_differ_a_little_is_read(ahead_s: float) -> None:
    payload = msgspec.json.encode(document("v", NOW_AT + ahead_s))
    assert parse_desired(payload, NOW_AT).version == "v"


def test_a_message_of_the_future_or_too_large_is_refused() -> None:
    with pytest.raises(RefusedDesiredError, match="lies in the future, by 301 s"):
        parse_desired(msgspec.json.encode(document("v", NOW_AT + 301)), NOW_AT)
    with pytest.raises(RefusedDesiredError, match="at most 16384 bytes"):
        parse_desired(b" " * (MAX_DESIRED_BYTES + 1), NOW_AT)
