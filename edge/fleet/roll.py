"""Who of the fleet is there, and how each one is, of what they tell. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from edge.fleet.reading import FleetMessage


class ShuttleRow(msgspec.Struct, kw_only=True):
    """One shuttle, as it was told last; None: not told."""

    shuttle: str
    online: bool | None = None
    told_at: float = 0.0
    """Unix time, by the shuttle's clock; 0: it has told nothing."""
    version: str | None = None
    groups: list[str] = []
    """Groups of shuttles that it is spoken to with."""
    ready: bool | None = None
    muted: bool | None = None
    microphone_off: bool | None = None
    waiting: int | None = None
    """Messages in its outbox."""
    lost: int | None = None
    alarms: list[str] = []
    """Names of those that are raised."""
    said: str | None = None
    """What it said last."""


class Roll:
    """Keeps a row for each shuttle that has told anything, or is expected to."""

    def __init__(self, expected: Iterable[str] = ()) -> None:
        self._rows = {shuttle: ShuttleRow(shuttle=shuttle) for shuttle in expected}

    @property
    def rows(self) -> list[ShuttleRow]:
        """A row for each shuttle; who is away comes first."""
        return sorted(self._rows.values(), key=lambda row: (row.online is True, row.shuttle))

    def take(self, message: FleetMessage) -> None:
        row = self._rows.setdefault(message.shuttle, ShuttleRow(shuttle=message.shuttle))
        body = message.frame.body
        if message.leaf != "status" or body.get("online") is not False:
            row.told_at = max(row.told_at, message.frame.ts)
        if message.leaf.startswith("alarm/"):
            name = message.leaf.removeprefix("alarm/")
            raised = {*row.alarms, name} if body.get("raised") is True else {*row.alarms} - {name}
            row.alarms = sorted(raised)
        match message.leaf:
            case "status":
                row.online = body.get("online") is True
            case "birth":
                row.online = True if row.online is None else row.online
                row.version = _text(body.get("version"))
                groups = body.get("groups")
                row.groups = [str(name) for name in groups] if isinstance(groups, list) else []
            case "turn":
                row.said = _text(body.get("text")) or row.said
            case "state":
                self._take_state(row, body)

    @staticmethod
    def _take_state(row: ShuttleRow, body: dict[str, Any]) -> None:
        guide, outbox = (_table(body.get(key)) for key in ("guide", "outbox"))
        processes = [_table(each) for each in _table(guide.get("processes")).values()]
        row.ready = bool(processes) and all(each.get("ready") is True for each in processes)
        row.muted, row.microphone_off = (_flag(guide.get(key)) for key in ("muted", "microphone_off"))
        waiting = outbox.get("waiting")
        row.waiting = waiting if isinstance(waiting, int) else None
        lost = _table(outbox.get("lost")).values()
        row.lost = sum(count for count in lost if isinstance(count, int))


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
