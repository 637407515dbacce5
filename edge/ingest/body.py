"""The payload of a native message: JSON when it begins with a brace, else plain UTF-8 text."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated, TypeVar, get_args

import msgspec
from msgspec import Meta, Struct

from edge.ingest.parsed import Arrival, RefusedError, excerpt
from edge.lexicon.normal_form import normal_form
from edge.messages import MAX_TEXT_CHARS, SCHEMA_VERSION, Language, new_id

MAX_PAYLOAD_BYTES = 8192
TRUSTED_AGE_S = 86_400

Name = Annotated[
    str, Meta(min_length=1, max_length=128, pattern=r"^(?![\s\S]*[\x00-\x1f\x7f-\x9f\u2028\u2029])[\s\S]*$")
]
"""An identifier of the sender's: any text without control characters."""
NameOrNumber = Name | Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
UnixTime = float
Seconds = Annotated[float, Meta(gt=0, le=86_400)]
Text = Annotated[str, Meta(min_length=1, max_length=MAX_TEXT_CHARS)]


class Body(Struct, kw_only=True, frozen=True):
    """What every native JSON body may carry. Unknown keys are ignored."""

    id: Annotated[NameOrNumber | None, Meta(description="The sender's id; comes back as trigger_id.")] = None
    ts: Annotated[UnixTime | None, Meta(description="When it was sent, Unix seconds.")] = None
    ttl: Annotated[Seconds | None, Meta(description="Seconds after which it is worthless.")] = None
    schema: Annotated[int, Meta(ge=1, le=SCHEMA_VERSION, description="Version.")] = SCHEMA_VERSION


BodyT = TypeVar("BodyT", bound=Body)

NAME_HINT = "allowed: 1 to 128 characters, none of them a control character, or a whole number"
HINTS = {
    "id": NAME_HINT,
    "object_id": NAME_HINT,
    "camera": NAME_HINT,
    "language": f"allowed: {', '.join(get_args(Language))}",
    "count": 'allowed: a whole number from 1 to 1000, or "several"',
    "schema": f"this guide speaks schema {SCHEMA_VERSION}",
}


def is_json(payload: bytes) -> bool:
    return payload.lstrip().startswith(b"{")


def decode_json(payload: bytes, kind: type[BodyT], hints: dict[str, str] | None = None) -> BodyT:
    """The typed body.

    Args:
        hints: key → what is allowed there, where the type alone does not say it well.

    Raises:
        RefusedError: malformed (with the byte) or invalid (with the key).
    """
    try:
        return msgspec.json.decode(payload, type=kind)
    except msgspec.ValidationError as error:
        problem, _, where = str(error).partition(" - at `$")
        key = where.rstrip("`").lstrip(".")
        hint = (HINTS | (hints or {})).get(key)
        if "regex" in problem:
            problem = "Unexpected characters"
        text = f"{key}: {problem}" if key else problem
        raise RefusedError("invalid", f"{text} ({hint})" if hint else text) from error
    except UnicodeDecodeError as error:
        raise _not_utf8(payload) from error
    except msgspec.DecodeError as error:
        problem = str(error).removeprefix("JSON is malformed: ")
        if "truncated" in problem:
            problem = f"it breaks off after {len(payload)} bytes"
        raise RefusedError("malformed", f"malformed JSON: {problem}: {excerpt(payload)}") from error
    except RecursionError as error:
        raise RefusedError("malformed", f"JSON nested too deeply: {excerpt(payload)}") from error


def decode_text(payload: bytes) -> str:
    """Plain UTF-8 as one clean line.

    Raises:
        RefusedError: not UTF-8, nothing to say, or too long.
    """
    try:
        return clean(payload.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise _not_utf8(payload) from error


def clean(text: str) -> str:
    """One line of composed characters without control or invisible formatting ones.

    Raises:
        RefusedError: nothing remains that could be said, or more than 500 characters.
    """
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


def expires_mono(arrival: Arrival, *, since: float | None, ttl_s: float) -> float:
    """When a message is worthless, on the monotonic clock.

    Args:
        since: Unix time from which ``ttl_s`` counts; None: its arrival.

    Raises:
        RefusedError: it is worthless already.
    """
    age_s = 0.0 if since is None else arrival.received_at - since
    # Clocks on a shuttle jump. A time in the future, or further back than a day, tells that the sender's
    # clock is wrong and not how old the message is: it counts as sent now.
    if not 0 <= age_s <= TRUSTED_AGE_S:
        age_s = 0.0
    if age_s >= ttl_s:
        clock = "; is the sender's clock right?" if age_s > 60 else ""
        raise RefusedError("expired", f"expired: it is {age_s:.1f} s old and good for {ttl_s:g} s{clock}")
    return arrival.received_mono - age_s + ttl_s


def _not_utf8(payload: bytes) -> RefusedError:
    return RefusedError("not_utf8", f"expected UTF-8 text, got {excerpt(payload)}")
