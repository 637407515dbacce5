"""Whatever comes in from outside: never an exception; something valid, or one line that says why not."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from edge.config import Settings
from edge.ingest.native import NativeDialect
from edge.ingest.parsed import MAX_REASON_CHARS, ControlChange, Refused
from edge.messages import Control, Trigger

DIALECT = NativeDialect(Settings())
NAMES = (
    *("event", "announce", "safety", "vehicle", ""),
    *("cmd/mute", "cmd/unmute", "cmd/stop", "cmd/volume", "cmd/chattiness", "cmd/dance"),
)
KEYS = (
    *("id", "ts", "ttl", "schema", "label", "count", "side", "distance_m", "distance", "confidence"),
    *("object_id", "seen_at", "text", "language", "value"),
    *("speed_kmh", "reversing", "doors_open", "doors", "radio_on", "radio"),
)
WORDS = st.sampled_from(
    [
        *("dog", "две собаки справа", "traffic_light", "several", "rear", "left", "ru", "open", "on"),
        *("50%", "low", "\0", "\u202e"),
    ]
)
NUMBERS = st.one_of(
    st.integers(), st.floats(), st.sampled_from([0, 1, -1, 0.5, 2**63, 2**64, 10**400, 1e308, 1.8e9])
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
