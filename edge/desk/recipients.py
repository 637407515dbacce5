"""What the terminal shows of whom a text can be sent to, and of what became of it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from edge.desk.conversation_screen import TROUBLE
from edge.fleet.command_roll import ENDS, CommandOutcome
from edge.fleet.recipients import ALL, GOOD, GROUP, Recipient, as_one_line, recipients
from edge.fleet.roll import ShuttleRow
from edge.ingest.parsed import printable
from edge.messages import MAX_TEXT_CHARS

SAFETY = "as safety"
"""Chosen like a recipient; no shuttle can be called so."""


class ShownChoice(NamedTuple):
    """One line of the choice."""

    scope: str
    told: str


class ReceiptLine(NamedTuple):
    """What became of it at one shuttle, and its colour."""

    told: str
    style: str


def announcement_text(draft: str) -> str:
    """What is said of a draft: one line. Raises ValueError: it is empty or too long, for the dispatcher."""
    text = as_one_line(draft)
    if not text:
        raise ValueError("there is nothing to send")
    if len(text) > MAX_TEXT_CHARS:
        raise ValueError(f"{len(text)} characters; shuttles take {MAX_TEXT_CHARS} at once")
    return text


def choices(chosen: Collection[str], rows: Iterable[ShuttleRow]) -> list[ShownChoice]:
    """What can be chosen, each with a mark that says whether it is. Nothing before a shuttle is known."""
    names = [ShownChoice(each.scope, told(each)) for each in recipients(rows)]
    if names:
        names.append(ShownChoice(SAFETY, "as safety: it replaces whatever is said"))
    return [ShownChoice(scope, f"[{'x' if scope in chosen else ' '}] {told}") for scope, told in names]


def told(recipient: Recipient) -> str:
    """A recipient, with what keeps it from speaking."""
    if recipient.scope == ALL:
        return f"all ({recipient.known} known)"
    if recipient.group is not None:
        return f"group {printable(recipient.group)} ({recipient.known} known)"
    marks = (mark.replace("_", " ") for mark in recipient.marks)
    return printable(" ".join([recipient.scope, *(f"({mark})" for mark in marks)]))


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
