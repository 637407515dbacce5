"""Commands of the fleet: what is done, and what is refused in one line."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.config import ConfigError, FleetSettings, ShuttleSettings
from edge.config.load import settings_of
from edge.fleet.commands import (
    BODIES,
    MAX_COMMAND_BYTES,
    FleetCommand,
    RefusedCommandError,
    answer_to,
    fleet_id,
    parse,
)
from edge.fleet.topics import FleetTopics, reply_topic

NOW = 1_800_000_000.0
TOPICS = FleetTopics("seven", ("beach",))


def parsed(name: str, body: dict[str, Any] | bytes, **more: Any) -> FleetCommand:
    payload = body if isinstance(body, bytes) else json.dumps({"id": "c1", "ts": NOW - 1} | body).encode()
    return parse(name, payload, now_at=NOW, language="ru", ttl_of=lambda name: 60.0, **more)


@pytest.mark.parametrize(
    ("topic", "name"),
    [
        ("guide/v1/seven/announce", "announce"),
        ("guide/v1/group/beach/safety", "safety"),
        ("guide/v1/all/cmd/mute", "mute"),
        ("guide/v1/seven/cmd/mute/now", None),
        ("guide/v1/seven/mute", None),
        ("guide/v1/eight/announce", None),
        ("guide/v1/group/hill/announce", None),
        ("guide/v1/seven/cmd/", ""),
        ("guide/v1/seven/cmd/safety", "cmd/safety"),
        ("guide/v1/all/cmd/announce", "cmd/announce"),
    ],
)
def test_a_command_is_known_by_its_topic(topic: str, name: str | None) -> None:
    assert TOPICS.command_of(topic) == name


def test_an_announcement_goes_on_in_the_shuttles_language() -> None:
    command = parsed("announce", {"texts": {"en": "Stop", "ru": "Остановка"}, "ttl": 30})
    assert json.loads(command.payload) == {"id": "fleet:c1", "text": "Остановка", "language": "ru"}
    assert (command.not_before, command.expires_at) == (NOW - 1, NOW + 29)
    assert fleet_id("fleet:c1") == "c1"
    assert fleet_id("c1") is None


def test_a_command_that_waits_is_good_from_then_on() -> None:
    command = parsed("announce", {"text": "Stop", "not_before": NOW + 600, "ttl": 30})
    assert (command.not_before, command.expires_at) == (NOW + 600, NOW + 630)


@pytest.mark.parametrize(
    ("name", "body", "told"),
    [
        ("announce", {"text": "Stop", "priority": "safety"}, "priority"),
        ("announce", {"text": "Stop", "texts": {"ru": "Остановка"}}, "either text or texts"),
        ("announce", {}, "either text or texts"),
        ("announce", {"texts": {"en": "Stop"}}, "language, ru"),
        ("announce", {"text": "…"}, "at least one word"),
        ("announce", {"text": "x" * 501}, "500"),
        ("announce", {"text": 5}, "str"),
        ("announce", {"text": "Stop", "id": "a b"}, "id"),
        ("announce", {"text": "Stop", "ts": NOW + 1000}, "future"),
        ("announce", {"text": "Stop", "ts": 1e300}, "future"),
        ("announce", {"text": "Stop", "not_before": NOW + 1e9}, "7 days"),
        ("announce", {"text": "Stop", "ts": NOW - 61}, "too late"),
        ("announce", {"text": "Stop", "ts": -1e300}, "too late"),
        ("announce", b"[]", "object"),
        ("announce", b"{" + b"[" * 100_000, "8192"),
        ("announce", b"\xff\xfe", "JSON"),
        ("volume", {"value": 40}, "1"),
        ("chattiness", {"value": "loud"}, "loud"),
        ("cancel", {}, "target"),
        ("reboot", {}, "unknown command"),
        ("", {}, "unknown command"),
    ],
)
def test_what_is_wrong_is_refused_in_one_line(name: str, body: dict[str, Any] | bytes, told: str) -> None:
    with pytest.raises(RefusedCommandError) as refused:
        parsed(name, body)
    line = str(refused.value)
    assert told in line
    assert line.isprintable()
    assert len(line) <= 300
    if isinstance(body, dict) and "id" not in body:
        assert refused.value.command == "c1", "its sender is told which"


def test_only_what_is_too_late_counts_as_expired() -> None:
    with pytest.raises(RefusedCommandError) as refused:
        parsed("mute", {"ts": NOW - 100})
    assert refused.value.expired


@given(st.sampled_from(sorted(BODIES)), st.binary(max_size=300) | st.text(max_size=100).map(str.encode))
def test_no_bytes_raise_anything_else(name: str, payload: bytes) -> None:
    with pytest.raises(RefusedCommandError):
        parsed(name, payload)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEYS = ("id", "ts", "ttl", "not_before", "text", "texts", "language", "value", "target", "reply_to", "schema")


@given(st.sampled_from(sorted(BODIES)), st.dictionaries(st.sampled_from(KEYS), JSON))
def test_whatever_is_taken_is_whole_and_in_time(name: str, body: dict[str, Any]) -> None:
    try:
        command = parsed(name, body)
    except RefusedCommandError:
        return
    assert command.expires_at > NOW
    assert len(command.payload) < MAX_COMMAND_BYTES * 2
    assert json.loads(command.payload)["id"] == f"fleet:{command.id}"


@pytest.mark.parametrize(
    ("wanted", "is_one"),
    [
        ("guide/v1/reply/desk-7", True),
        ("guide/v1/reply/+", False),
        ("guide/v1/seven/status", False),
        ("shuttle/demo/safety", False),
        (f"guide/v1/reply/{'x' * 300}", False),
        ("guide/v1/reply/a\nb", False),
        (None, False),
    ],
)
def test_receipts_go_nowhere_else_than_to_replies(wanted: str | None, is_one: bool) -> None:
    assert (reply_topic(wanted) is not None) == is_one
    assert (parsed("mute", {}, response_topic=wanted).reply_to is not None) == is_one


@pytest.mark.parametrize(
    ("payload", "answer"),
    [
        (b'{"reply_to": "guide/v1/reply/desk", "correlation": "42"}', ("guide/v1/reply/desk", "42")),
        (b'{"reply_to": "guide/v1/two/turn", "correlation": "42"}', (None, "42")),
        (b'{"reply_to": 7, "correlation": "42"}', (None, None)),
        (b"[1]", (None, None)),
        (b"\xff", (None, None)),
        (b"{" * 8000, (None, None)),
        (b"[" * 8000, (None, None)),
        (b'{"reply_to": "guide/v1/reply/desk", "x": "' + b"x" * 9000 + b'"}', (None, None)),
    ],
)
def test_who_is_refused_is_answered_as_well(payload: bytes, answer: tuple[str | None, str | None]) -> None:
    assert answer_to(payload) == answer
    assert answer_to(payload, "guide/v1/reply/mqtt", b"5") == ("guide/v1/reply/mqtt", "5")


def test_correlation_comes_from_either_place() -> None:
    assert parsed("mute", {"correlation": "body"}).correlation == "body"
    assert parsed("mute", {"correlation": "body"}, correlation=b"mqtt").correlation == "mqtt"
    assert parsed("mute", {}, correlation=b"\xff").correlation is None


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"SHUTTLE__ID": "seven.turn"}, "shuttle.id"),
        ({"SHUTTLE__ID": "all"}, "shuttle.id"),
        ({"SHUTTLE__ID": "group"}, "shuttle.id"),
        ({"SHUTTLE__ID": "reply"}, "shuttle.id"),
        ({"FLEET__GROUPS": "beach,all"}, "fleet.groups"),
        ({"FLEET__GROUPS": "a.b"}, "fleet.groups"),
        ({"FLEET__GROUPS": "#"}, "fleet.groups"),
        ({"FLEET__CERT_FILE": "/x"}, "fleet.cert_file"),
        ({"FLEET__KEY_FILE": "/x"}, "fleet.key_file"),
    ],
)
def test_names_that_would_cross_others_are_refused_where_there_is_a_fleet(
    variables: dict[str, str], told: str
) -> None:
    given = {f"SHUTTLE_GUIDE_{name}": value for name, value in variables.items()}
    with pytest.raises(ConfigError, match=told) as refused:
        settings_of(given | {"SHUTTLE_GUIDE_FLEET__HOST": "fleet"})
    assert "\n" not in str(refused.value)


def test_without_a_fleet_an_id_may_have_a_dot() -> None:
    settings, _ = settings_of({"SHUTTLE_GUIDE_SHUTTLE__ID": "seven.two"})
    assert settings.shuttle == ShuttleSettings(id="seven.two")
    assert settings.fleet == FleetSettings()
