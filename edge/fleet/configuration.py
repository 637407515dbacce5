"""Desired and reported configuration: what the messages hold. Pure; time is passed in."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from edge.fleet.commands import SKEW_S, CommandId, size_text
from edge.fleet.frame import UnixTime
from edge.ingest.parsed import excerpt, printable
from edge.messages import SCHEMA_VERSION

MAX_DESIRED_BYTES = 16 * 1024
MAX_REFUSALS = 20
MAX_SHOWN_CHARS = 100
MAX_WHY_CHARS = 300


class DesiredBody(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """All that the fleet desires of a shuttle: the newest such message counts, whole."""

    version: CommandId
    """Names these settings."""
    ts: UnixTime
    """When the operator sent it: an older one is ignored."""
    settings: dict[str, Any]
    """As a settings file has them, of the closed list (docs/configuration.md); the others are as the shuttle
    has them itself."""
    schema: Annotated[int, Meta(ge=1, le=SCHEMA_VERSION)] = SCHEMA_VERSION


class SettingRefusal(Struct, kw_only=True, frozen=True):
    """Why a desired setting cannot be taken."""

    key: str | None
    """The dotted name; null: the message as a whole."""
    value: str | None = None
    """As JSON, cut short."""
    reason: str


class RejectedBody(Struct, kw_only=True, frozen=True):
    """What is not in force although it was desired."""

    version: str | None
    """null: none could be read."""
    at: UnixTime
    taken_back: bool
    """True: it was tried, and the guide did not get ready."""
    refusals: tuple[SettingRefusal, ...]


class ReportedBody(Struct, kw_only=True, frozen=True):
    """The shuttle's configuration."""

    version: str | None
    """What the fleet desires and is in force; null: nothing."""
    applied_at: UnixTime | None
    asked_at: UnixTime | None
    """``ts`` of the newest message that was looked at."""
    trying: str | None
    """A newer version that is being tried."""
    rejected: RejectedBody | None
    """The last version, where it was refused or taken back."""
    left_out: tuple[SettingRefusal, ...] = ()
    """Settings of the version in force that there are no more: it is followed but for these."""
    settings: dict[str, Any]
    """Dotted name → value, of the whole closed list; during a trial that which is tried."""


class RefusedDesiredError(Exception):
    """A message that is of no use; the text is one line.

    Args:
        version: where it could be read.
    """

    def __init__(self, text: str, version: str | None = None) -> None:
        super().__init__(printable(text)[:MAX_WHY_CHARS])
        self.version = version


def parse_desired(payload: bytes, now_at: float) -> DesiredBody:
    """
    Raises:
        RefusedDesiredError: it says why.
    """
    if len(payload) > MAX_DESIRED_BYTES:
        raise RefusedDesiredError(
            f"expected at most {MAX_DESIRED_BYTES} bytes of JSON, got {size_text(payload)}"
        )
    try:
        body = msgspec.json.decode(payload, type=DesiredBody)
    except msgspec.ValidationError as error:
        raise RefusedDesiredError(str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RefusedDesiredError(f"expected a JSON object, got {excerpt(payload)}") from error
    if (ahead_s := body.ts - now_at) > SKEW_S:
        reason = (
            f"ts lies in the future, by {ahead_s:.6g} s; is a clock wrong, the sender's or the shuttle's?"
        )
        raise RefusedDesiredError(reason, body.version)
    return body


def refusal_of(key: str | None, value: Any, reason: str) -> SettingRefusal:
    """A refusal that fits into a message; ``value`` None: not shown."""
    shown = None if value is None else printable(msgspec.json.encode(value).decode())[:MAX_SHOWN_CHARS]
    name = None if key is None else printable(key)[:MAX_SHOWN_CHARS]
    return SettingRefusal(key=name, value=shown, reason=printable(reason)[:MAX_WHY_CHARS])
