"""What becomes of one command at each shuttle, of the receipts that come. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Literal, NamedTuple

import msgspec

from edge.fleet.reading import FleetMessage

ENDS = frozenset({"played", "done", "refused", "expired", "cancelled", "failed"})
SILENT: Literal["silent"] = "silent"
KEPT_RECEIPTS = 4096
KEPT_KEYS = ("command", "state", "reason")
KEPT_CHARS = 200
"""Length of each that is kept: whoever writes receipts shall not fill the memory with them."""


class CommandOutcome(NamedTuple):
    """The last state of the command, or ``silent``; and its reason."""

    state: str
    reason: str | None = None


class CommandRoll:
    """Keeps what became of one command at each shuttle.

    Args:
        command: its id.
        expected: shuttles that it is for, as far as they are known.
    """

    def __init__(self, command: str, expected: Iterable[str] = ()) -> None:
        self._command = command
        self._expected = frozenset(expected)
        self._states = {shuttle: CommandOutcome(SILENT) for shuttle in sorted(self._expected)}

    @property
    def states(self) -> dict[str, CommandOutcome]:
        return dict(self._states)

    @property
    def complete(self) -> bool:
        """Whether it is over at everybody who was expected, and somebody was."""
        return bool(self._expected) and all(self._states[each].state in ENDS for each in self._expected)

    def take(self, message: FleetMessage) -> None:
        body = message.frame.body
        if message.leaf != "receipt" or body.get("command") != self._command:
            return
        known, state = self._states.get(message.shuttle, CommandOutcome(SILENT)), str(body.get("state"))
        # That it came twice says nothing of what becomes of the first.
        if known.state in ENDS or (state == "duplicate" and known.state != SILENT):
            return
        reason = body.get("reason")
        self._states[message.shuttle] = CommandOutcome(state, None if reason is None else str(reason))


class RecentReceipts:
    """The receipts that came last: a quick shuttle answers before who commands knows that it was sent."""

    def __init__(self) -> None:
        self._kept: deque[FleetMessage] = deque(maxlen=KEPT_RECEIPTS)

    def take(self, message: FleetMessage) -> None:
        if message.leaf == "receipt":
            body = {
                key: text[:KEPT_CHARS]
                for key in KEPT_KEYS
                if isinstance(text := message.frame.body.get(key), str)
            }
            frame = msgspec.structs.replace(message.frame, body=body)
            self._kept.append(msgspec.structs.replace(message, frame=frame))

    def tell(self, roll: CommandRoll) -> None:
        """What has come of its command so far."""
        for message in self._kept:
            roll.take(message)
