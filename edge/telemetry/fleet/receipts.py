"""What a command's sender is told of it."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

import msgspec

from edge.fleet.commands import AnswerTo, FleetCommand, fleet_id
from edge.fleet.frame import ReceiptBody, ReceiptState
from edge.messages import CANCELLED, Dropped, Reports, Turn, new_id
from edge.telemetry.fleet import known_commands, outbox
from edge.telemetry.fleet.outbox import Made


class Receipt(NamedTuple):
    """A receipt, and where else than in the outbox it goes."""

    id: str
    body: ReceiptBody
    reply_to: str | None = None


def receipt_of(
    command: FleetCommand, state: ReceiptState, reason: str | None = None, played_at: float | None = None
) -> Receipt:
    """The receipt of a command's state. Each is told once: its id is made of both."""
    body = ReceiptBody(
        command=command.id,
        name=command.name,
        state=state,
        reason=reason,
        played_at=played_at,
        correlation=command.correlation,
    )
    return Receipt(f"{command.id}.{state}", body, command.reply_to)


def refusal(command: str | None, name: str, state: ReceiptState, reason: str, answer: AnswerTo) -> Receipt:
    """The answer to what is not done."""
    body = ReceiptBody(command=command, name=name, state=state, reason=reason, correlation=answer.correlation)
    return Receipt(f"{command}.{state}" if command else new_id(), body, answer.reply_to)


def keep(db: sqlite3.Connection, receipt: Receipt, made: Made) -> Receipt:
    """Work for the store: have it told."""
    outbox.add(db, "receipt", receipt.id, msgspec.json.encode(receipt.body), made)
    return receipt


def keep_end(
    db: sqlite3.Connection,
    command: FleetCommand,
    state: ReceiptState,
    reason: str | None,
    made: Made,
    played_at: float | None = None,
) -> Receipt | None:
    """Work for the store: nothing more comes of the command; None: that was known."""
    if not known_commands.over(db, command.id):
        return None
    return keep(db, receipt_of(command, state, reason, played_at), made)


def keep_spoken(db: sqlite3.Connection, report: Reports, made: Made) -> Receipt | None:
    """Work for the store: what became of the command that this was said for; None: it was for none."""
    command_id = fleet_id(report.trigger_id)
    due = known_commands.get(db, command_id) if command_id else None
    if due is None:
        return None
    if report.reason == CANCELLED:
        return keep_end(db, due.command, "cancelled", None, made)
    if isinstance(report, Dropped):
        return keep_end(db, due.command, "failed", f"not said: {report.reason}", made)
    if report.outcome == "spoken":
        return keep_end(db, due.command, "played", None, made, _played_at(report))
    return keep_end(db, due.command, "failed", report.reason or report.outcome, made)


def _played_at(turn: Turn) -> float | None:
    mono = dict(turn.stages)
    if not {"received", "last_sample"} <= mono.keys():
        return None
    return round(turn.received_at + mono["last_sample"] - mono["received"], 3)
