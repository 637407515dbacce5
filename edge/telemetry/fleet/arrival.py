"""What arrives from the fleet's broker: a command that is new, one that was known, or nothing to be done."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from edge.config import Settings
from edge.fleet.commands import (
    COMMAND_TTL_S,
    FleetCommand,
    RefusedCommandError,
    answer_to,
    id_in,
    parse,
)
from edge.fleet.frame import ReceiptState
from edge.fleet.topics import FleetTopics
from edge.ingest.parsed import printable
from edge.mqtt import Incoming
from edge.telemetry.fleet import known_commands, receipts
from edge.telemetry.fleet.known_commands import TooManyError
from edge.telemetry.fleet.outbox import Made
from edge.telemetry.fleet.receipts import Receipt, receipt_of
from edge.telemetry.fleet.unkept import UnkeptCommands

SPEECH_RECEIVE_MAXIMUM = 100
"""Announcements and safety messages that the broker hands over unacknowledged."""
MAX_NAME_CHARS = 64
"""The name of a command that nobody knows, as its receipt tells it."""
MOST_ANNOUNCEMENTS = SPEECH_RECEIVE_MAXIMUM // 2
"""Announcements that wait here; the other half of what the broker hands over is room for safety messages."""


class CommandArrival:
    """Accepts commands, or says why not.

    Args:
        unkept: commands that were done and that the disk does not know of yet.
        now: as what is made now would be stamped.
    """

    def __init__(
        self, settings: Settings, topics: FleetTopics, unkept: UnkeptCommands, now: Callable[[], Made]
    ) -> None:
        self._language = settings.shuttle.language
        times = settings.commentator
        self._ttls = {"announce": times.announcement_ttl_s, "safety": times.safety_ttl_s}
        self._topics = topics
        self._unkept = unkept
        self._now = now

    def accept(self, message: Incoming, db: sqlite3.Connection) -> Receipt | None:
        """Work for the store: remember a command and accept it, or say why not."""
        made = self._now()
        try:
            command = self.parsed(message, made.ts)
        except RefusedCommandError as refused:
            return receipts.keep(db, self.refusal(message, refused), made)
        try:
            is_new = not self._unkept.knows(command.id) and known_commands.add(db, command, made.ts)
        except TooManyError as error:
            return receipts.keep(db, receipt_of(command, "refused", str(error)), made)
        if is_new:
            return receipts.keep(db, receipt_of(command, "accepted"), made)
        if known_commands.came_cancelled(db, command):
            reason = "it was cancelled before it came"
            return receipts.keep(db, receipt_of(command, "cancelled", reason), made)
        if message.dup:  # the broker may send it again, which nobody need hear of
            return None
        return receipts.keep(db, receipt_of(command, "duplicate", "a command of this id came before"), made)

    def refuse(self, message: Incoming, db: sqlite3.Connection) -> Receipt | None:
        """Work for the store: answer an announcement that came with too many others."""
        made = self._now()
        try:
            command = self.parsed(message, made.ts)
        except RefusedCommandError as refused:
            return receipts.keep(db, self.refusal(message, refused), made)
        if self._unkept.knows(command.id) or known_commands.known(db, command.id):
            return None
        reason = "too many announcements at once: send it again later"
        return receipts.keep(db, receipt_of(command, "refused", reason), made)

    def parsed(self, message: Incoming, now_at: float) -> FleetCommand:
        """The command in a message.

        Raises:
            RefusedCommandError: it holds none that could be done.
        """
        if message.retain or message.kept:
            # It would be done again at every shuttle that is new, or has forgotten.
            raise RefusedCommandError("publish commands without retain", command=id_in(message.payload))
        return parse(
            self._name(message),
            message.payload,
            now_at=now_at,
            language=self._language,
            ttl_of=lambda name: self._ttls.get(name, COMMAND_TTL_S),
            response_topic=message.response_topic,
            correlation=message.correlation,
        )

    def refusal(self, message: Incoming, refused: RefusedCommandError) -> Receipt:
        """The answer to a message that holds no command."""
        state: ReceiptState = "expired" if refused.expired else "refused"
        answer = answer_to(message.payload, message.response_topic, message.correlation)
        return receipts.refusal(refused.command, self._name(message), state, str(refused), answer)

    def _name(self, message: Incoming) -> str:
        return printable(self._topics.command_of(message.topic) or message.topic)[-MAX_NAME_CHARS:]
