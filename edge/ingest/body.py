"""The payload of a native message: a JSON object when it begins with a brace, else plain UTF-8 text.

A key that a message can do without costs only itself where its value is not allowed: the message counts as if
it had not been given, and the key is told. So JSON is read as programs write it, also where a value makes it
none in the strict sense: NaN, a number of any size, bytes that are no Unicode.
"""

from __future__ import annotations

import json
import re
import unicodedata
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct

from edge.config.kinds import Seconds
from edge.ingest.parsed import Arrival, RefusalCode, RefusedError, excerpt
from edge.lexicon.normal_form import normal_form
from edge.messages import LANGUAGES, MAX_TEXT_CHARS, SCHEMA_VERSION, new_id

MAX_PAYLOAD_BYTES = 8192
TRUSTED_AGE_S = 86_400
"""Clocks on a shuttle jump. A time further back than a day tells that a clock is wrong, the sender's or ours,
and not how old the message is."""
CLOCKS_DIFFER_S = 60
"""A time further ahead tells the same. Less is two clocks that nobody sets by each other."""
MOST_CONTROLS = 0.25
"""The share of control characters of plain text. Of UTF-16 read as UTF-8 it is a third and more."""
MAX_WHOLE_NUMBER_CHARS = 20
"""The longest number that fits 64 bits, with its sign. Longer ones are read as inexact ones."""

Name = Annotated[
    str, Meta(min_length=1, max_length=128, pattern=r"^(?![\s\S]*[\x00-\x1f\x7f-\x9f\u2028\u2029])[\s\S]*$")
]
"""An identifier of the sender's: any text without control characters."""
NameOrNumber = Name | Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Time = float | str
"""Unix seconds, also as milli-, micro- or nanoseconds (told by their size), or ISO 8601 (no zone: UTC)."""


class Body(Struct, kw_only=True, frozen=True):
    """What every native JSON body may carry. Unknown keys are ignored."""

    id: Annotated[NameOrNumber | None, Meta(description="The sender's id; comes back as trigger_id.")] = None
    ts: Annotated[
        Time | None, Meta(description="When it was sent: Unix seconds (or ms, µs, ns), or ISO 8601.")
    ] = None
    ttl: Annotated[Seconds | None, Meta(description="Seconds after which it is worthless.")] = None
    schema: Annotated[int, Meta(ge=1, le=SCHEMA_VERSION, description="Version.")] = SCHEMA_VERSION


BodyT = TypeVar("BodyT", bound=Body)

STATE_WORDS = frozenset(
    (
        *("unavailable", "unknown", "none", "null", "nil", "nan", "undefined", "true", "false"),
        *("on", "off", "online", "offline", "idle", "standby", "active", "inactive"),
        *("enabled", "disabled", "home", "not home", "away"),
        *("open", "opening", "closed", "closing", "locked", "unlocked", "playing", "paused", "buffering"),
        *("armed home", "armed away", "armed night", "disarmed", "arming", "disarming", "triggered"),
        "pending",
        *("connected", "disconnected", "detected", "cleared", "charging", "discharging", "jammed", "docked"),
        *("above horizon", "below horizon", "n/a", "<null>", "(null)"),
        "[object object]",
    )
)
"""What home automation says of a state, alone, and JavaScript of an object; nobody means it to be spoken."""
CLOCKS_ARE_SET_S = 1_704_067_200.0
"""2024-01-01: a clock that shows less, as one without a battery after power-on, has not been set."""
MAX_SECONDS = 1e11
"""Unix seconds beyond it (the year 5138) are milliseconds; a thousand times further they are microseconds."""

NAME_HINT = "allowed: 1 to 128 characters, none of them a control character, or a whole number"
HINTS = {
    "id": NAME_HINT,
    "object_id": NAME_HINT,
    "camera": NAME_HINT,
    "language": f"allowed: {', '.join(LANGUAGES)}",
    "count": 'allowed: a whole number from 1 to 1000, or "several"',
    "schema": f"this guide speaks schema {SCHEMA_VERSION}",
}


NO_UNICODE = b""
"""Stands for text that is no Unicode: JSON has no bytes, so no key takes it."""


def is_json(payload: bytes) -> bool:
    return payload.lstrip().startswith(b"{")


def decode_json(arrival: Arrival, kind: type[BodyT], hints: dict[str, str] | None = None) -> BodyT:
    """The typed body.

    Args:
        hints: key → what is allowed there, where the type alone does not say it well.

    Raises:
        RefusedError: malformed (with the byte), of another schema, or without what it needs (with the key).
    """
    payload = arrival.payload
    try:
        return msgspec.json.decode(payload, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        given = _read_json(payload)
    except (ValueError, RecursionError):
        raise _malformed(payload) from None
    fields = msgspec.structs.fields(kind)
    body = {field.name: _usable(given[field.name]) for field in fields if field.name in given}
    needless = {field.name for field in fields if not field.required} - {"schema"}
    while True:
        try:
            return msgspec.convert(body, kind)
        except msgspec.ValidationError as error:
            key, problem = _problem(error, HINTS | (hints or {}))
            if key not in needless or key not in body:
                code: RefusalCode = "not_utf8" if body.get(key) is NO_UNICODE else "invalid"
                raise RefusedError(code, f"{key}: {problem}" if key else problem) from error
            arrival.ignored[key] = problem
            del body[key]


def _read_json(payload: bytes) -> Any:
    """The value. Strings may hold lone surrogates: halves of a character, and bytes that are none.

    Raises:
        ValueError: no JSON.
        RecursionError: nested too deeply.
    """
    return json.loads(
        payload.decode("utf-8", "surrogateescape"),
        parse_int=lambda digits: int(digits) if len(digits) <= MAX_WHOLE_NUMBER_CHARS else float(digits),
    )


def _usable(value: Any) -> Any:
    return NO_UNICODE if isinstance(value, str) and not _is_unicode(value) else value


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _malformed(payload: bytes) -> RefusedError:
    try:
        msgspec.json.decode(payload)
    except UnicodeDecodeError:
        return _not_utf8(payload)
    except RecursionError:
        pass
    except msgspec.DecodeError as error:
        problem = str(error).removeprefix("JSON is malformed: ")
        if "truncated" in problem:
            problem = f"it breaks off after {len(payload)} bytes"
        return RefusedError("malformed", f"malformed JSON: {problem}: {excerpt(payload)}")
    return RefusedError("malformed", f"JSON nested too deeply: {excerpt(payload)}")


def _problem(error: msgspec.ValidationError, hints: dict[str, str]) -> tuple[str, str]:
    """The key of the body (empty: the body itself), and what is wrong with its value."""
    problem, _, where = str(error).partition(" - at `$")
    path = where.rstrip("`").lstrip(".")
    if "regex" in problem:
        problem = "Unexpected characters"
    elif problem.endswith("got `bytes`"):
        problem = "Expected Unicode text"
    key = path.partition(".")[0].partition("[")[0]
    hint = hints.get(path)
    return key, f"{problem} ({hint})" if hint else problem


def decode_text(payload: bytes) -> str:
    """Plain UTF-8, or a JSON string, as one clean line.

    Raises:
        RefusedError: not UTF-8, nothing to say, a state or other JSON, or too long.
    """
    try:
        text = payload.decode("utf-8").strip()
    except UnicodeDecodeError as error:
        raise _not_utf8(payload) from error
    if sum(char < " " for char in text.strip("\0")) > MOST_CONTROLS * len(text):
        raise _not_utf8(payload)
    try:
        value = _read_json(payload)
    except (ValueError, RecursionError):
        return words(text)  # as almost always: no JSON at all
    if not isinstance(value, str):
        raise RefusedError("invalid", f"expected text or a JSON object, got {excerpt(payload)}")
    return words(value)


def json_text(payload: bytes) -> str | None:
    """The text of a JSON string; None: it is something else."""
    try:
        value = _usable(_read_json(payload))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, str) else None


def words(text: str) -> str:
    """The words that somebody wants said, or saw, as one clean line.

    Raises:
        RefusedError: see ``clean``, or it is the state of something.
    """
    line = clean(text)
    if line.casefold().replace("_", " ") in STATE_WORDS:
        raise RefusedError("invalid", f"expected words, got a state: {excerpt(text.encode())}")
    return line


def clean(text: str) -> str:
    """One line of composed characters without control or invisible formatting ones.

    Raises:
        RefusedError: nothing remains that could be said, or more than ``MAX_TEXT_CHARS``.
    """
    if not _is_unicode(text):
        raise RefusedError("not_utf8", "expected Unicode text, got half a character")
    composed = normal_form("NFC", text)
    visible = "".join(char for char in composed if unicodedata.category(char) != "Cf")
    line = re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", " ", visible).strip()
    if not any(char.isalnum() for char in line):
        raise RefusedError("empty", "expected text with at least one word, got none")
    if len(line) > MAX_TEXT_CHARS:
        raise RefusedError("invalid", f"text: expected at most {MAX_TEXT_CHARS} characters, got {len(line)}")
    return line


def identifier(value: str | int | None) -> str:
    """The sender's own id, or a new one."""
    return new_id() if value is None else str(value)


def unix_time(arrival: Arrival, key: str, value: Time | None) -> float | None:
    """Unix seconds; None where none were given, or none that can be meant (which is told)."""
    if value is None:
        return None
    if isinstance(value, str):
        try:
            at = _from_iso_8601(value)
        except (ValueError, OverflowError):
            arrival.ignored[key] = f"expected Unix seconds or ISO 8601, got {excerpt(value.encode())}"
            return None
    else:
        at = value
        while MAX_SECONDS <= at < MAX_SECONDS * 1e9:
            at /= 1000
    age_s = arrival.received_at - at
    if not -CLOCKS_DIFFER_S <= age_s <= TRUSTED_AGE_S:
        is_near = abs(age_s) < MAX_SECONDS
        away = f"{abs(age_s):.0f} s {'ahead' if age_s < 0 else 'ago'}" if is_near else str(value)
        arrival.ignored[key] = (
            f"expected a time within the last day, got {away}; is the sender's clock right?"
        )
        return None
    return at


def _from_iso_8601(text: str) -> float:
    if ":" not in text and "T" not in text.upper():
        raise ValueError("a day is no time")
    moment = datetime.fromisoformat(text.strip().upper())
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def expires_mono(arrival: Arrival, *, since: float | None, ttl_s: float) -> float:
    """When a message is worthless, on the monotonic clock.

    Args:
        since: Unix time from which ``ttl_s`` counts; None: its arrival.

    Raises:
        RefusedError: it is worthless already.
    """
    if since is not None and since < CLOCKS_ARE_SET_S:
        since = None  # two clocks that nobody has set were not switched on together
    age_s = 0.0 if since is None else max(0.0, arrival.received_at - since)
    if age_s >= ttl_s:
        clock = "; is the sender's clock right?" if age_s > 60 else ""
        raise RefusedError("expired", f"expired: it is {age_s:.1f} s old and good for {ttl_s:g} s{clock}")
    return arrival.received_mono - age_s + ttl_s


def _not_utf8(payload: bytes) -> RefusedError:
    return RefusedError("not_utf8", f"expected UTF-8 text, got {excerpt(payload)}")
