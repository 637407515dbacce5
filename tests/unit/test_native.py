"""The guide's own MQTT dialect: what is understood, and what is refused with which reason."""

from __future__ import annotations

import dataclasses
import json

import pytest
from msgspec import structs

from edge.config import Settings
from edge.ingest.native import NativeDialect
from edge.ingest.parsed import MAX_REASON_CHARS, ControlChange, Parsed, Refused
from edge.messages import Control, Sighting, Trigger
from edge.mqtt import Incoming

DIALECT = NativeDialect(Settings())
NOW_AT, NOW_MONO = 1_800_000_000.0, 5000.0


def parse(name: str, payload: str | bytes | dict[str, object], *, retain: bool = False) -> Parsed:
    if isinstance(payload, dict):
        payload = json.dumps(payload)
    data = payload.encode() if isinstance(payload, str) else payload
    return DIALECT.parse(
        f"shuttle/demo/{name}", data, retain=retain, received_mono=NOW_MONO, received_at=NOW_AT
    )


def test_a_message_is_parsed_by_all_that_came_with_it() -> None:
    message = Incoming(
        topic="shuttle/demo/event",
        payload=b"dog",
        qos=1,
        retain=False,
        dup=False,
        received_mono=NOW_MONO,
        received_at=NOW_AT,
        mid=1,
    )
    trigger = DIALECT.parse_message(message)
    assert isinstance(trigger, Trigger)
    assert (trigger.topic, trigger.received_mono, trigger.received_at) == (message.topic, NOW_MONO, NOW_AT)
    kept = dataclasses.replace(message, retain=True)
    assert isinstance(DIALECT.parse_message(kept), Refused), "nobody knows how old it is"


def trigger(name: str, payload: str | bytes | dict[str, object]) -> Trigger:
    parsed = parse(name, payload)
    assert isinstance(parsed, Trigger), parsed
    return parsed


def seen(payload: str | dict[str, object]) -> Sighting:
    sighting = trigger("event", payload).sighting
    assert sighting is not None
    return sighting


def refusal(name: str, payload: str | bytes | dict[str, object], *, retain: bool = False) -> Refused:
    parsed = parse(name, payload, retain=retain)
    assert isinstance(parsed, Refused), parsed
    return parsed


def change(name: str, payload: str | dict[str, object], *, retain: bool = False) -> ControlChange:
    parsed = parse(name, payload, retain=retain)
    assert isinstance(parsed, ControlChange), parsed
    return parsed


# --- events ---


def test_an_event_carries_everything_that_the_camera_said() -> None:
    got = trigger(
        "event",
        {
            "id": "cam1-77",
            "label": "dog",
            "count": 2,
            "side": "right",
            "distance_m": 4.5,
            "confidence": 0.91,
            "object_id": 17,
            "language": "en",
            "schema": 1,
            "firmware": "unknown keys are ignored",
        },
    )
    assert (got.trigger_id, got.kind, got.language) == ("cam1-77", "remark", "en")
    assert got.sighting == Sighting(
        label="dog", count=2, side="right", distance_m=4.5, confidence=0.91, object_id="17"
    )
    assert (got.received_mono, got.received_at) == (NOW_MONO, NOW_AT)


def test_plain_text_is_read_as_a_person_means_it() -> None:
    assert seen("две собаки справа") == Sighting(label="dog", count=2, side="right")
    assert seen("a cyclist ahead") == Sighting(label="cyclist", side="ahead")
    assert seen("закат над рисовым полем").text is not None


def test_text_in_json_is_read_like_plain_text() -> None:
    assert seen({"text": "пять кошек слева"}) == Sighting(label="cat", count=5, side="left")
    assert seen({"text": "две собаки", "side": "rear"}) == Sighting(label="dog", count=2, side="behind")


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("Dog", Sighting(label="dog")),
        ("traffic_light", Sighting(label="traffic light")),
        ("Traffic-Light", Sighting(label="traffic light")),
        ("hot dog", Sighting(label="hot dog")),
        ("dogs", Sighting(label="dog", count="several")),
        ("собака", Sighting(label="dog")),
        ("unicorn", Sighting(text="unicorn")),
    ],
)
def test_labels_are_brought_to_the_lexicon_s_spelling(label: str, expected: Sighting) -> None:
    assert seen({"label": label}) == expected


def test_a_field_goes_before_what_the_words_say() -> None:
    assert seen({"label": "dogs", "count": 3}).count == 3
    assert seen({"label": "dog", "text": "с красным мячом"}) == Sighting(label="dog", text="с красным мячом")
    assert seen({"label": "unicorn", "text": "with a horn"}) == Sighting(text="unicorn: with a horn")


@pytest.mark.parametrize(
    ("word", "side"),
    [("left", "left"), ("front", "ahead"), ("center", "ahead"), ("back", "behind"), ("rear", "behind")],
)
def test_sides_have_synonyms(word: str, side: str) -> None:
    assert seen({"label": "dog", "side": word}).side == side


def test_distance_has_two_names() -> None:
    assert seen({"label": "dog", "distance": 3}).distance_m == 3
    assert seen({"label": "dog", "distance": 3, "distance_m": 4}).distance_m == 4


def test_an_event_without_an_id_gets_one() -> None:
    first, second = trigger("event", "собака"), trigger("event", "собака")
    assert first.trigger_id != second.trigger_id


# --- how long it is good for ---


def test_the_time_to_live_counts_from_when_it_was_seen() -> None:
    assert trigger("event", "собака").expires_mono == NOW_MONO + 5
    assert trigger("event", {"label": "dog", "ttl": 9}).expires_mono == NOW_MONO + 9
    assert trigger("event", {"label": "dog", "ts": NOW_AT - 2}).expires_mono == NOW_MONO + 3
    both = {"label": "dog", "ts": NOW_AT, "seen_at": NOW_AT - 3}
    assert trigger("event", both).expires_mono == NOW_MONO + 2


@pytest.mark.parametrize("off_s", [-7, -60, -61, -3600, -1e11, 86_401, 1.7e9])
def test_a_clock_that_is_plainly_wrong_counts_as_now(off_s: float) -> None:
    assert trigger("event", {"label": "dog", "seen_at": NOW_AT - off_s}).expires_mono == NOW_MONO + 5


def test_what_is_too_old_is_refused_with_its_age() -> None:
    old = refusal("event", {"label": "dog", "seen_at": NOW_AT - 7.25})
    assert old.code == "expired"
    assert "7.2 s old and good for 5 s" in old.reason
    assert "clock" in refusal("event", {"label": "dog", "ts": NOW_AT - 8 * 3600}).reason


# --- refusals ---


@pytest.mark.parametrize(
    ("payload", "code", "says"),
    [
        ('{"label": "dog"', "malformed", "breaks off after 15 bytes"),
        ('{"label": dog}', "malformed", "byte 10"),
        ('{"label": "dog"} {}', "malformed", "trailing characters (byte 18)"),
        # How deep an interpreter reads is its own affair: some find the end missing.
        ('{"a":' + "[" * 5000, "malformed", '{"a":[[[['),
        ("{}", "invalid", "expected a label or a text"),
        ('{"label": 5}', "invalid", "label: Expected `str"),
        ('{"label": "dog", "schema": 2}', "invalid", "speaks schema 1"),
        ('{"label": "dog", "schema": "1"}', "invalid", "speaks schema 1"),
        ('{"label": "__"}', "empty", "at least one word"),
        ('{"label": "Unavailable"}', "invalid", "got a state: 'unavailable'"),
        ("null", "invalid", "text or a JSON object, got 'null'"),
        ("12", "invalid", "text or a JSON object, got '12'"),
        ('["две собаки"]', "invalid", "text or a JSON object"),
        ('[{"label":"dog","side":"right"}]', "invalid", "text or a JSON object"),
        ("None", "invalid", "got a state: 'None'"),
        (" ON ", "invalid", "got a state"),
        ('"unknown"', "invalid", "got a state"),
        ("", "empty", "at least one word"),
        (" \n", "empty", "at least one word"),
        ("🐕!", "empty", "at least one word"),
        (b"\xff\xfe", "not_utf8", "UTF-8"),
        (b'{"label": "\xff"}', "invalid", "label: Expected Unicode"),
        (b'{"label": "dog", \xff}', "malformed", "byte 17"),
        ("[NaN]", "invalid", "text or a JSON object, got '[NaN]'"),
        ("-Infinity", "invalid", "text or a JSON object"),
        ("9" * 5000, "invalid", "text or a JSON object"),
        ('"\\ud83d"', "not_utf8", "half a character"),
        ("not_home", "invalid", "got a state"),
        ("armed_away", "invalid", "got a state"),
        ("N/A", "invalid", "got a state"),
        ("<null>", "invalid", "got a state"),
        ("Осторожно, двери".encode("utf-16-le"), "not_utf8", "UTF-8"),
        ("Осторожно, двери".encode("utf-16-be"), "not_utf8", "UTF-8"),
        ("a cow".encode("utf-16-le"), "not_utf8", "UTF-8"),
        ('{"label":"dog"}'.encode("utf-16-be"), "not_utf8", "UTF-8"),
        ("[object Object]", "invalid", "got a state"),
        ("ы" * 501, "invalid", "at most 500 characters, got 501"),
        ("x" * 8193, "too_large", "8192 bytes, got 8193"),
    ],
)
def test_what_is_wrong_with_an_event_is_said(payload: str | bytes, code: str, says: str) -> None:
    refused = refusal("event", payload)
    assert refused.code == code
    assert says in refused.reason
    assert refused.reason.startswith("shuttle/demo/event: ")


@pytest.mark.parametrize(
    ("name", "body", "key", "says"),
    [
        ("event", {"label": "dog", "count": 0}, "count", '"several"'),
        ("event", {"label": "dog", "count": "many"}, "count", "1 to 1000"),
        ("event", {"label": "dog", "count": [2]}, "count", "1 to 1000"),
        ("event", {"label": "dog", "side": "up"}, "side", "left, right, ahead, behind"),
        ("event", {"label": "dog", "side": {"of": "us"}}, "side", "left, right, ahead, behind"),
        ("event", {"label": "dog", "language": "de"}, "language", "ru, en, id"),
        ("event", {"label": "dog", "confidence": 1.5}, "confidence", "<= 1.0"),
        ("event", {"label": "dog", "distance_m": -1}, "distance_m", ">= 0"),
        ("event", {"label": "dog", "ttl": 0}, "ttl", "> 0"),
        ("event", {"label": "dog", "id": "two\nlines"}, "id", "control character"),
        ("event", {"label": "dog", "object_id": 1.5}, "object_id", "whole number"),
        ("event", {"label": "dog", "ts": True}, "ts", "Expected"),
        ("event", {"label": "dog", "seen_at": "yesterday"}, "seen_at", "ISO 8601, got 'yesterday'"),
        ("event", {"label": "dog", "seen_at": "2027-01-15"}, "seen_at", "ISO 8601, got '2027-01-15'"),
        (
            "event",
            {"label": "dog", "seen_at": 0},
            "seen_at",
            "1800000000 s ago; is the sender's clock right?",
        ),
        ("event", {"label": "dog", "seen_at": float("nan"), "ts": NOW_AT - 2}, "seen_at", "got nan"),
        ("event", {"label": "dog", "ts": float("-inf")}, "ts", "got -inf"),
        ("event", {"label": "dog", "ts": 10**400}, "ts", "got inf"),
        ("event", {"label": "dog", "ts": NOW_AT + 61}, "ts", "61 s ahead"),
        ("event", {"label": "dog", "ts": "1970-01-01T00:00:07Z"}, "ts", "ago"),
        ("event", {"label": "dog", "confidence": float("nan")}, "confidence", "Expected `float`"),
        ("event", {"label": "dog", "distance_m": float("inf")}, "distance_m", "<= 1000"),
        ("event", {"label": "dog", "object_id": 10**4000}, "object_id", "whole number"),
        ("event", {"label": "dog", "count": 10**30}, "count", "1 to 1000"),
        ("event", {"label": "dog", "camera": "\ud83d"}, "camera", "Expected Unicode"),
        ("event", {"label": "dog", "text": "\udcff"}, "text", "Expected Unicode"),
        ("event", {"label": "dog", "text": ""}, "text", "length >= 1"),
        ("event", {"label": "dog", "text": "unknown"}, "text", "a state"),
        ("event", {"text": "собака", "label": None, "camera": {}}, "camera", "whole number"),
        ("event", {"text": "собака", "label": 7}, "label", "Expected"),
        ("event", {"text": "собака", "label": "🐕"}, "label", "at least one word"),
        ("announce", {"text": "Стоп", "language": "немецкий"}, "language", "ru, en, id"),
        ("safety", {"text": "Держитесь!", "ttl": -3}, "ttl", "> 0"),
        ("safety", {"text": "Держитесь!", "ts": "soon"}, "ts", "ISO 8601"),
        ("safety", {"text": "Держитесь!", "ttl": float("nan")}, "ttl", "> 0"),
        ("safety", {"text": "Держитесь!", "ttl": 1e9}, "ttl", "<= 86400"),
        ("safety", {"text": "Держитесь!", "ttl": "20"}, "ttl", "got `str`"),
        ("safety", {"text": "Держитесь!", "ts": NOW_AT - 86_401}, "ts", "86401 s ago"),
        ("safety", {"text": "Держитесь!", "id": {"of": "\ud83d"}}, "id", "whole number"),
        ("announce", {"text": "Стоп", "id": False}, "id", "whole number"),
        ("vehicle", {"reversing": True, "doors": "ajar"}, "doors", "ajar"),
        ("vehicle", {"reversing": True, "speed_kmh": 900}, "speed_kmh", "<= 300"),
        ("cmd/mute", {"ttl": "long"}, "ttl", "Expected"),
        ("cmd/unmute", {"id": ""}, "id", "length >= 1"),
        ("cmd/stop", {"ts": "soon"}, "ts", "ISO 8601"),
        ("cmd/talk", {"ts": NOW_AT + 3600, "ttl": 1}, "ts", "3600 s ahead"),
        ("cmd/volume", {"value": 0.5, "id": []}, "id", "whole number"),
        ("cmd/chattiness", {"value": "low", "ttl": 0}, "ttl", "> 0"),
    ],
)
def test_a_bad_value_of_what_is_not_needed_costs_only_itself(
    name: str, body: dict[str, object], key: str, says: str
) -> None:
    told: list[tuple[str, str, str]] = []
    dialect = NativeDialect(Settings(), lambda *ignored: told.append(ignored))
    parsed = [
        dialect.parse(
            f"shuttle/demo/{name}",
            json.dumps(each).encode(),
            retain=False,
            received_mono=NOW_MONO,
            received_at=NOW_AT,
        )
        for each in (body, {other: value for other, value in body.items() if other != key})
    ]
    assert not any(isinstance(each, Refused) for each in parsed)
    assert _meaning(parsed[0]) == _meaning(parsed[1])
    ((topic, ignored, why),) = told
    assert (topic, ignored) == (f"shuttle/demo/{name}", key)
    assert says in why


def _meaning(parsed: Parsed) -> Parsed:
    if not isinstance(parsed, Trigger):
        return parsed
    return structs.replace(parsed, id="", trigger_id="", turn_id="", ts=0.0)


def test_a_json_string_is_its_text() -> None:
    assert trigger("announce", '"Осторожно"').text == "Осторожно"
    assert trigger("announce", '"Осторожно", двери').text == '"Осторожно", двери'
    assert trigger("announce", "[Внимание] 5 минут").text == "[Внимание] 5 минут"
    assert seen('"две собаки справа"') == Sighting(label="dog", count=2, side="right")
    assert trigger("safety", '"Держитесь!"').text == "Держитесь!"
    assert change("cmd/volume", '"40%"') == ControlChange(volume=0.4)
    assert change("cmd/chattiness", '"low"') == ControlChange(chattiness="low")
    assert change("cmd/talk", '"down"') == ControlChange(talk="down")
    assert change("cmd/pool", ' "fill"') == ControlChange(pool_fill=True)


@pytest.mark.parametrize(
    "seen_at",
    [
        NOW_AT - 2,
        (NOW_AT - 2) * 1e3,
        int((NOW_AT - 2) * 10**6),
        int((NOW_AT - 2) * 10**9),
        "2027-01-15T07:59:58Z",
        "2027-01-15T15:59:58+08:00",
        "2027-01-15 07:59:58.000",
        "2027-01-15T07:59:58.000000000Z",
        "20270115T075958Z",
        "2027-01-15t07:59:58z",
    ],
)
def test_times_are_understood_in_the_forms_that_programs_give(seen_at: object) -> None:
    for key in ("seen_at", "ts"):
        assert trigger("event", {"label": "dog", key: seen_at}).expires_mono == NOW_MONO + 3
    assert trigger("announce", {"text": "Стоп", "ts": seen_at, "ttl": 9}).expires_mono == NOW_MONO + 7
    assert refusal("cmd/stop", {"ts": seen_at, "ttl": 1}).code == "expired"


@pytest.mark.parametrize(
    "payload",
    [
        *(
            "null",
            "true",
            "0",
            "21.5",
            "1e999",
            "NaN",
            "[]",
            '["Осторожно"]',
            '[{"label":"dog"}]',
            "[1, NaN]",
        ),
        *("unavailable", "Unknown", "None", "ON", " off ", "online", "not_home", "locked", "[object Object]"),
        *('"None"', '{"text": "unavailable"}', '{"text": null}'),
    ],
)
def test_states_and_other_json_are_never_spoken(payload: str, subtests: pytest.Subtests) -> None:
    for name in ("event", "announce", "safety"):
        with subtests.test(name):
            assert refusal(name, payload).code == "invalid"


@pytest.mark.parametrize("payload", ["unavailable", "None", "ON", "null", "0", '"off"', "[]", "[1]", "true"])
def test_nor_are_they_commands_or_signals(payload: str, subtests: pytest.Subtests) -> None:
    for name in ("cmd/mute", "cmd/unmute", "cmd/stop", "cmd/talk", "cmd/pool", "vehicle"):
        with subtests.test(name):
            assert refusal(name, payload).code in ("invalid", "malformed")


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("event", {"label": "dog"}),
        ("announce", {"text": "Стоп"}),
        ("safety", {"text": "Держитесь!"}),
        ("vehicle", {"reversing": True}),
        ("cmd/mute", {}),
        ("cmd/volume", {"value": 0.5}),
        ("cmd/chattiness", {"value": "low"}),
    ],
)
def test_another_schema_is_refused_on_every_topic(name: str, body: dict[str, object]) -> None:
    for schema in (2, 0, "1", None, [1], float("nan")):
        refused = refusal(name, body | {"schema": schema})
        assert (refused.code, "speaks schema 1" in refused.reason) == ("invalid", True)
    assert not isinstance(parse(name, body | {"schema": 1}), Refused)


def test_a_unit_counts_only_where_the_key_names_it() -> None:
    assert change("vehicle", {"speed_mps": 10}) == ControlChange(speed_kmh=36)
    assert change("vehicle", {"speed_mps": 10, "speed_kmh": 12}) == ControlChange(speed_kmh=12)
    assert change("vehicle", {"speed_mps": None}) == ControlChange(speed_kmh=None)
    assert change("vehicle", {"speed_mps": 10, "speed_kmh": -5}) == ControlChange(speed_kmh=36)
    assert seen({"label": "dog", "distance_m": 6}).distance_m == 6
    assert seen({"label": "dog", "distance_cm": 600}).distance_m is None
    assert seen({"label": "dog", "distance_m": "6 m"}).distance_m is None
    for unit in ("speed", "speed_mph", "speed_ms"):
        refusal("vehicle", {unit: 10})


def test_a_refusal_is_one_harmless_line() -> None:
    nasty = refusal("event", '{"label":\n\x1b[2J\u202e' + "x" * 5000)
    assert nasty.reason.isprintable()
    assert len(nasty.reason) <= MAX_REASON_CHARS


def test_stale_messages_from_the_broker_s_store_are_refused() -> None:
    for name, payload in (("event", "собака"), ("announce", "Привет"), ("safety", "Стоп"), ("cmd/stop", "")):
        assert refusal(name, payload, retain=True).code == "retained"


def test_an_unknown_command_is_told_which_there_are() -> None:
    refused = refusal("cmd/dance", "")
    assert refused.code == "unknown_topic"
    assert "cmd/chattiness" in refused.reason


# --- announcements and safety ---


def test_announcements_are_taken_as_they_are() -> None:
    plain = trigger("announce", "  Следующая\tостановка —\nЛуна\u200b. ")
    assert (plain.kind, plain.text, plain.language) == ("announcement", "Следующая остановка — Луна.", None)
    assert plain.expires_mono == NOW_MONO + 120
    rich = trigger("announce", {"id": "a1", "text": "Next stop: Luna", "language": "en", "ttl": 30})
    assert (rich.trigger_id, rich.text, rich.language) == ("a1", "Next stop: Luna", "en")
    assert rich.expires_mono == NOW_MONO + 30


def test_safety_is_a_kind_of_its_own() -> None:
    got = trigger("safety", "Держитесь!")
    assert (got.kind, got.text, got.expires_mono) == ("safety", "Держитесь!", NOW_MONO + 20)


def test_an_announcement_too_long_to_say_is_refused_and_not_cut() -> None:
    assert refusal("safety", "а" * 501).code == "invalid"
    assert refusal("announce", {"text": "а" * 501}).code == "invalid"
    assert "`text`" in refusal("announce", "{}").reason


# --- commands ---


def test_mute_unmute_and_stop_take_no_argument() -> None:
    assert change("cmd/mute", "") == ControlChange(muted=True)
    assert change("cmd/unmute", {"id": "x"}) == ControlChange(muted=False)
    assert change("cmd/stop", " ") == ControlChange(stop=True)
    assert change("cmd/talk", "") == ControlChange(talk="pressed")
    assert change("cmd/talk", "Down") == ControlChange(talk="down")
    assert change("cmd/talk", "up") == ControlChange(talk="up")
    assert refusal("cmd/talk", "maybe").reason.endswith("got 'maybe'")
    assert refusal("cmd/talk", "down", retain=True).code == "retained"
    assert change("cmd/pool", "Fill") == ControlChange(pool_fill=True)
    assert refusal("cmd/pool", "").reason.endswith("expected fill, got ''")
    assert refusal("cmd/pool", "fill", retain=True).code == "retained"
    assert "empty payload" in refusal("cmd/mute", "false").reason


def test_a_command_with_a_time_to_live_expires() -> None:
    assert refusal("cmd/stop", {"ts": NOW_AT - 60, "ttl": 5}).code == "expired"
    assert change("cmd/stop", {"ts": NOW_AT - 60}).stop


@pytest.mark.parametrize(
    ("payload", "volume"),
    [
        ("0", 0),
        ("1", 1),
        ("0.5", 0.5),
        (".5", 0.5),
        ("50%", 0.5),
        ("100 %", 1),
        ('{"value": 0.25}', 0.25),
        ('{"value": "25%"}', 0.25),
    ],
)
def test_volume_is_a_fraction_or_a_percentage(payload: str, volume: float) -> None:
    assert change("cmd/volume", payload) == ControlChange(volume=volume)


@pytest.mark.parametrize(
    "payload", ["50", "101%", "-1", "nan", "loud", "", '{"value": 50}', '{"value": true}', "{}"]
)
def test_what_is_no_volume_is_told_what_would_be(payload: str) -> None:
    assert "a percentage (like 50%)" in refusal("cmd/volume", payload).reason


def test_chattiness_is_a_level() -> None:
    assert change("cmd/chattiness", "High") == ControlChange(chattiness="high")
    assert change("cmd/chattiness", {"value": "silent"}) == ControlChange(chattiness="silent")
    for wrong in ("loud", '{"value": "loud"}'):
        assert "silent, low, normal, high, unlimited" in refusal("cmd/chattiness", wrong).reason


def test_settings_may_be_retained() -> None:
    assert change("cmd/volume", "50%", retain=True) == ControlChange(volume=0.5)
    assert change("cmd/chattiness", "low", retain=True) == ControlChange(chattiness="low")
    assert change("vehicle", {"reversing": True}, retain=True) == ControlChange(reversing=True)


# --- vehicle ---


def test_a_vehicle_signal_changes_only_what_it_names() -> None:
    before = Control(speed_kmh=12, doors_open=True, muted=True)
    after = change("vehicle", {"speed_kmh": 0, "radio_on": True}).apply(before, NOW_AT)
    assert (after.speed_kmh, after.doors_open, after.radio_on, after.muted) == (0, True, True, True)
    assert (after.ts, after.id != before.id) == (NOW_AT, True)
    assert change("vehicle", {"speed_kmh": None}).apply(before, NOW_AT).speed_kmh is None


def test_vehicle_signals_have_synonyms() -> None:
    words = change("vehicle", {"doors": "open", "radio": "off"})
    assert words == ControlChange(doors_open=True, radio_on=False)
    switches = change("vehicle", {"doors": False, "radio": True})
    assert switches == ControlChange(doors_open=False, radio_on=True)


def test_an_ignition_that_the_broker_had_kept_is_off_only_where_it_was_on_before() -> None:
    """A shuttle is not powered off at its next start because the vehicle said so when it was parked."""
    live, kept = ('{"ignition": "off"}', False), ('{"ignition": "off"}', True)
    ends = {
        (before, retain): change("vehicle", body, retain=retain)
        .apply(Control(ignition=before), NOW_AT)
        .ignition
        for before in (None, "on", "off")
        for body, retain in (live, kept)
    }
    assert ends.pop((None, True)) is None
    assert set(ends.values()) == {"off"}
    assert change("vehicle", {"ignition": "on"}, retain=True).apply(Control(), NOW_AT).ignition == "on"


@pytest.mark.parametrize(
    "payload",
    [
        "12",
        "",
        "{}",
        '{"speed": 3}',
        '{"ignition": true}',
        '{"ignition": "was_off"}',
        '{"speed_kmh": -1}',
        '{"doors": "ajar"}',
    ],
)
def test_what_is_no_vehicle_signal_is_refused(payload: str) -> None:
    refusal("vehicle", payload)


def test_each_stop_is_later_than_the_one_before_even_when_the_clock_goes_back() -> None:
    stop = ControlChange(stop=True)
    first = stop.apply(Control(), NOW_AT)
    second = stop.apply(first, NOW_AT - 100)
    assert first.stopped_at_ms == NOW_AT * 1000
    assert second.stopped_at_ms > first.stopped_at_ms
    assert ControlChange(muted=True).apply(second, NOW_AT).stopped_at_ms == second.stopped_at_ms


def test_topics_are_of_this_shuttle_and_split_over_two_sessions() -> None:
    assert DIALECT.event_topics == ("shuttle/demo/event", "shuttle/demo/ask", "shuttle/demo/vehicle")
    assert DIALECT.control_topics == ("shuttle/demo/announce", "shuttle/demo/safety", "shuttle/demo/cmd/+")
    other = DIALECT.parse("shuttle/other/event", b"dog", retain=False, received_mono=0, received_at=0)
    assert isinstance(other, Refused)
