"""Whatever comes in from outside: never an exception; something valid, or one line that says why not."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from hypothesis import assume, example, given
from hypothesis import strategies as st

from edge.config import Settings
from edge.ingest.body import clean
from edge.ingest.native import NativeDialect
from edge.ingest.parsed import MAX_REASON_CHARS, ControlChange, Parsed, Refused
from edge.messages import Control, Trigger

DIALECT = NativeDialect(Settings())
NAMES = (
    *("event", "announce", "safety", "vehicle", ""),
    *("cmd/mute", "cmd/unmute", "cmd/stop", "cmd/talk", "cmd/pool", "cmd/volume", "cmd/chattiness"),
    "cmd/dance",
)
KEYS = (
    *("id", "ts", "ttl", "schema", "label", "count", "side", "distance_m", "distance", "confidence"),
    *("object_id", "camera", "seen_at", "text", "language", "value"),
    *("speed_kmh", "speed_mps", "reversing", "doors_open", "doors", "radio_on", "radio", "ignition"),
)
NEEDED: dict[str, list[dict[str, Any]]] = {
    "event": [{"label": "dog"}, {"label": "unicorn"}, {"text": "две собаки справа"}],
    "announce": [{"text": "Следующая остановка — храм."}],
    "safety": [{"text": "Держитесь!"}],
    "vehicle": [{"reversing": True}, {"speed_kmh": 12.5}, {"speed_mps": None}, {"doors": "open"}],
    "cmd/mute": [{}],
    "cmd/stop": [{}],
    "cmd/talk": [{}],
    "cmd/volume": [{"value": 0.4}, {"value": "40%"}],
    "cmd/chattiness": [{"value": "low"}],
}
"""Topic → what its message needs; all else it can do without."""
WORDS = st.sampled_from(
    [
        *("dog", "две собаки справа", "traffic_light", "several", "rear", "left", "ru", "open", "on"),
        *(
            "50%",
            "low",
            "\0",
            "\u202e",
            "\ud83d",
            "\udcff",
            "unavailable",
            "null",
            "[1]",
            "2027-01-15T08:00:00Z",
        ),
    ]
)
NUMBERS = st.one_of(
    st.integers(),
    st.floats(),
    st.sampled_from([0, 1, -1, 0.5, 2**63, 2**64, 10**400, 1e308, 1.8e9, 1.8e12, 1.8e15, 1.8e18, 1e20]),
)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | WORDS | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
BODIES = st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=5), VALUES, max_size=8)


@st.composite
def payloads(draw: st.DrawFn) -> bytes:
    """Bytes, text, good and bad JSON, and JSON that was damaged on the way."""
    shape = draw(st.sampled_from(["bytes", "text", "json", "damaged"]))
    if shape == "bytes":
        return draw(st.binary(max_size=200))
    if shape == "text":
        return draw(WORDS | st.text()).encode("utf-8", errors="surrogatepass")
    body: dict[str, Any] = draw(BODIES)
    data = json.dumps(body, ensure_ascii=draw(st.booleans())).encode("utf-8", errors="surrogatepass")
    if shape == "damaged":
        at = draw(st.integers(0, len(data)))
        data = data[:at] + draw(st.binary(max_size=4)) + data[at + draw(st.integers(0, 4)) :]
    return data


@given(
    name=st.sampled_from(NAMES),
    payload=payloads(),
    retain=st.booleans(),
    received_at=st.floats(0, 4e9),
)
@example(name="event", payload=b'{"label":"dog","text":"\\ud800"}', retain=False, received_at=1.8e9)
@example(name="event", payload=b'{"label":"' + b"\\u0001" * 60 + b'"}', retain=False, received_at=1.8e9)
@example(name="event", payload=b'{"a":' + b'{"a":' * 1600, retain=False, received_at=1.8e9)
@example(name="event", payload=b'{"label":"\xf0\x9f"}', retain=False, received_at=1.8e9)
@example(name="announce", payload=("\u200d" * 600 + "а").encode(), retain=False, received_at=1.8e9)
@example(name="safety", payload="\u0958".encode() * 500, retain=False, received_at=1.8e9)
@example(name="vehicle", payload=b'{"speed_kmh":-0.0}', retain=True, received_at=1.8e9)
@example(name="x" * 70_000, payload=b"", retain=False, received_at=1.8e9)
@example(name="cmd/volume", payload="٠.٥".encode(), retain=False, received_at=1.8e9)
def test_no_message_from_outside_does_harm(
    name: str, payload: bytes, retain: bool, received_at: float
) -> None:
    parsed = DIALECT.parse(
        f"shuttle/demo/{name}", payload, retain=retain, received_mono=1000.0, received_at=received_at
    )
    match parsed:
        case Refused(reason=reason):
            assert 0 < len(reason) <= MAX_REASON_CHARS
            assert reason.isprintable()
        case Trigger():
            assert msgspec.msgpack.decode(msgspec.msgpack.encode(parsed), type=Trigger) == parsed
            assert parsed.expires_mono > parsed.received_mono
            assert (parsed.text is None) != (parsed.sighting is None)
            if parsed.sighting:
                assert parsed.sighting.label or parsed.sighting.text
        case ControlChange():
            control = parsed.apply(Control(), 1.8e9)
            assert msgspec.msgpack.decode(msgspec.msgpack.encode(control), type=Control) == control


@st.composite
def usable_messages(draw: st.DrawFn) -> tuple[str, dict[str, Any], set[str], bytes]:
    """Topic, body, keys that it can do without, and the payload as one of many programs writes it."""
    name = draw(st.sampled_from(sorted(NEEDED)))
    needed = draw(st.sampled_from(NEEDED[name]))
    others = draw(BODIES)
    others.pop("schema", None)
    body = others | needed
    shuffled = draw(st.permutations(sorted(body)))
    body = {key: body[key] for key in shuffled}
    text = json.dumps(body, ensure_ascii=draw(st.booleans()), indent=draw(st.sampled_from([None, 2])))
    how = draw(st.sampled_from(["surrogatepass", "surrogateescape"]))
    try:
        data = text.encode("utf-8", how)
    except UnicodeEncodeError:  # half a character is no byte that was read
        data = text.encode("utf-8", "surrogatepass")
    before, after = (
        draw(st.sampled_from([b"", b"\xef\xbb\xbf", b"\n "])),
        draw(st.sampled_from([b"", b"\r\n"])),
    )
    return name, body, set(others) - set(needed), before + data + after


@given(message=usable_messages(), received_at=st.sampled_from([5.0, 1.8e9, 4e9]))
@example(
    message=("safety", {"text": "a", "ttl": 1e999}, {"ttl"}, b'{"text":"a","ttl":1e999}'), received_at=1.8e9
)
@example(
    message=("event", {"label": "dog", "id": "?"}, {"id"}, b'{"label":"dog","id":"\xff"}'), received_at=1.8e9
)
def test_what_a_message_can_do_without_never_costs_it(
    message: tuple[str, dict[str, Any], set[str], bytes], received_at: float
) -> None:
    name, body, others, payload = message
    told: list[tuple[str, str]] = []
    dialect = NativeDialect(Settings(), lambda topic, key, why: told.append((key, why)))

    def parse(data: bytes) -> Parsed:
        topic = f"shuttle/demo/{name}"
        return dialect.parse(topic, data, retain=False, received_mono=1e6, received_at=received_at)

    parsed = parse(payload)
    if isinstance(parsed, Refused):
        assert parsed.code == "expired"
        return
    ignored = {key for key, _ in told}
    assert ignored <= others & set(KEYS)
    assert len(told) == len(ignored)
    told.clear()
    rest = {key: value for key, value in body.items() if key in KEYS and key not in ignored}
    assert _meaning(parse(json.dumps(rest).encode())) == _meaning(parsed)
    assert not told


def _meaning(parsed: Parsed) -> Parsed:
    """Without what is random where the sender gives none."""
    if not isinstance(parsed, Trigger):
        return parsed
    return msgspec.structs.replace(parsed, id="", trigger_id="", turn_id="", ts=0.0)


@given(name=st.sampled_from(["event", "announce", "safety"]), value=VALUES, indent=st.sampled_from([None, 1]))
def test_json_that_is_no_object_is_spoken_only_where_it_is_text(
    name: str, value: Any, indent: int | None
) -> None:
    assume(not isinstance(value, dict))
    data = json.dumps(value, indent=indent).encode()
    parsed = DIALECT.parse(f"shuttle/demo/{name}", data, retain=False, received_mono=1.0, received_at=1.8e9)
    assert isinstance(parsed, Refused) or isinstance(value, str)
    if isinstance(parsed, Trigger) and name != "event":
        assert parsed.text == clean(value)
