"""Whom a text is sent to, so that nobody is told it twice. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from edge.fleet.command_roll import SILENT
from edge.fleet.roll import ShuttleRow
from edge.ingest.parsed import printable
from edge.messages import MAX_TEXT_CHARS

ALL = "all"
GROUP = "group/"


class Recipient(NamedTuple):
    """One line of the choice."""

    scope: str
    """As it stands in the topic: ``all``, ``group/NAME`` or a shuttle's id."""
    told: str


class Sending(NamedTuple):
    """One command: its scope, and the shuttles that it will reach, as far as they are known."""

    scope: str
    expected: tuple[str, ...]


def announcement_text(draft: str) -> str:
    """What is said of a draft: one line. Raises ValueError: it is empty or too long, for the dispatcher."""
    text = " ".join(draft.split())
    if not text:
        raise ValueError("there is nothing to send")
    if len(text) > MAX_TEXT_CHARS:
        raise ValueError(f"{len(text)} characters; shuttles take {MAX_TEXT_CHARS} at once")
    return text


def recipients(rows: Iterable[ShuttleRow]) -> list[Recipient]:
    """All, then the groups, then the shuttles by name, with what keeps one from speaking."""
    rows = sorted(rows, key=lambda row: row.shuttle)
    groups = sorted({group for row in rows for group in row.groups})
    names = [Recipient(ALL, f"all ({len(rows)} known)")] if rows else []
    names += [
        Recipient(GROUP + group, f"group {printable(group)} ({len(members_of(rows, group))} known)")
        for group in groups
    ]
    return [*names, *(Recipient(row.shuttle, _told(row)) for row in rows)]


def sendings(chosen: Collection[str], rows: Collection[ShuttleRow]) -> list[Sending]:
    """One command for each scope that is needed, and none that reaches a shuttle again."""
    if ALL in chosen:
        return [Sending(ALL, tuple(sorted(row.shuttle for row in rows)))]
    return list(_sendings(chosen, rows))


def _sendings(chosen: Collection[str], rows: Collection[ShuttleRow]) -> Iterator[Sending]:
    reached: set[str] = set()
    for scope in sorted(chosen, key=lambda scope: (not scope.startswith(GROUP), scope)):
        if scope.startswith(GROUP):
            members = members_of(rows, scope.removeprefix(GROUP))
            if reached.isdisjoint(members):
                reached |= members
                yield Sending(scope, tuple(sorted(members)))
                continue
        else:
            members = {scope}
        for shuttle in sorted(members - reached):
            reached.add(shuttle)
            yield Sending(shuttle, (shuttle,))


def members_of(rows: Iterable[ShuttleRow], group: str) -> set[str]:
    """Shuttles that have told that they are of it."""
    return {row.shuttle for row in rows if group in row.groups}


def _told(row: ShuttleRow) -> str:
    there = {True: "", False: "away", None: "" if row.told_at else SILENT}[row.online]
    marks = [there, "not ready" if row.ready is False else "", "muted" if row.muted else ""]
    return printable(" ".join([row.shuttle, *(f"({mark})" for mark in marks if mark)]))
