"""Whom a text is sent to, so that nobody is told it twice. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from edge.desk.conversation_screen import TROUBLE
from edge.fleet.command_roll import ENDS, SILENT, CommandOutcome
from edge.fleet.roll import ShuttleRow
from edge.ingest.parsed import printable
from edge.messages import MAX_TEXT_CHARS

ALL = "all"
GROUP = "group/"
SAFETY = "as safety"
"""Chosen like a recipient; no shuttle can be called so."""
GOOD = frozenset({"played", "done"})


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


class ReceiptLine(NamedTuple):
    """What became of it at one shuttle, and its colour."""

    told: str
    style: str


def choices(chosen: Collection[str], rows: Iterable[ShuttleRow]) -> list[Recipient]:
    """What can be chosen, each with a mark that says whether it is. Nothing before a shuttle is known."""
    names = recipients(rows)
    if names:
        names.append(Recipient(SAFETY, "as safety: it replaces whatever is said"))
    return [Recipient(scope, f"[{'x' if scope in chosen else ' '}] {told}") for scope, told in names]


def plan_of(chosen: Collection[str]) -> str:
    """What F5 would do now."""
    whom = sorted({*chosen} - {SAFETY})
    if not whom:
        return "Space chooses, F5 sends, Esc goes back"
    names = "all" if ALL in whom else ", ".join(name.removeprefix(GROUP) for name in whom)
    return f"F5 sends {'SAFETY' if SAFETY in chosen else 'an announcement'} to {names}"


def receipt_lines(rolls: Iterable[Mapping[str, CommandOutcome]]) -> tuple[list[ReceiptLine], str]:
    """A line for each shuttle, and how many have played it."""
    states = {shuttle: outcome for roll in rolls for shuttle, outcome in roll.items()}
    lines = []
    for shuttle, (state, reason) in sorted(states.items()):
        style = "green" if state in GOOD else TROUBLE if state in ENDS else ""
        lines.append(ReceiptLine(printable(f"{shuttle}: {state}{f' ({reason})' if reason else ''}"), style))
    played = sum(outcome.state in GOOD for outcome in states.values())
    return lines, f"played by {played} of {len(states)}"


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
