"""The JSON bodies that only the REST API has; all others are those of the MQTT interface."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from edge.messages import DropReason, Kind, Stage
from edge.telemetry.payloads import TurnPayload


class CommandOrder(Struct, frozen=True, forbid_unknown_fields=True):
    """A command, as on ``shuttle/{id}/cmd/{name}``."""

    name: str
    value: str | float | None = None
    """What the command takes: ``0.4`` or ``40%`` of volume, a level of chattiness, ``on`` or ``off``, …"""


class AcceptedBody(Struct, frozen=True):
    """The on-device broker has it."""

    id: str
    """Comes back as ``trigger_id`` of the turn; empty for commands."""
    topic: str


class LiveTurnBody(Struct, frozen=True):
    """A turn that has not ended."""

    turn_id: str
    trigger_id: str | None
    stages_ms: dict[Stage, float]


class DroppedBody(Struct, frozen=True):
    """A trigger that became no turn."""

    trigger_id: str
    kind: Kind
    reason: DropReason
    received_at: float


class TurnsBody(Struct, frozen=True):
    """What has been said lately, and what is being made. The newest last."""

    turns: list[TurnPayload]
    live: list[LiveTurnBody]
    dropped: list[DroppedBody]


class HealthBody(Struct, frozen=True):
    """Whether the console serves, and what it sees."""

    ready: bool
    """Every process that the guide needs is ready."""
    missing: list[str]
    broker: str


class ReplayBody(Struct, frozen=True):
    """What the guide of today makes of a drive; see ``shuttle-guide replay``."""

    duration_s: float
    turns: dict[str, int]
    """By kind and outcome."""
    dropped: dict[str, int]
    """By reason."""
    remarks_per_minute: float
    stale: int
    """Remarks that were first heard when what they are about had passed by (``STALE_S``)."""
    repeated: int
    interrupted: int
    longest_silence_s: float
    outcomes: list[dict[str, Any]]
    """Lines of the drive's format: ``turn`` and ``dropped``."""


class ErrorText(Struct, frozen=True):
    """Why a request was not done."""

    message: str
    """One line: what was expected, what came."""
    type: str


class ErrorBody(Struct, frozen=True):
    """The answer to what was not done."""

    error: ErrorText
