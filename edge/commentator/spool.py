"""What dispatch and safety have to say and was accepted, kept in a file until it was said.

An announcement is acknowledged to its sender when the commentator has it; a commentator that dies then must
not have lost it. The file lies in the runtime directory: its times are those of this boot.
"""

from __future__ import annotations

import logging
from pathlib import Path

import msgspec

from edge.messages import Priority, Trigger

log = logging.getLogger(__name__)

FILE_NAME = "commentator.spool"


class Spool:
    """Args: ``folder`` — the runtime directory."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME
        self._waiting: dict[str, Trigger] = {}

    def left_over(self, now: float) -> list[Trigger]:
        """What an earlier commentator did not get to say and is worth saying at monotonic time ``now``."""
        try:
            triggers = msgspec.msgpack.decode(self._path.read_bytes(), type=list[Trigger])
        except FileNotFoundError:
            return []
        except (OSError, msgspec.DecodeError) as error:
            log.error("%s cannot be read (%s); what waited there is lost", self._path, error)
            return []
        return [trigger for trigger in triggers if trigger.received_mono <= now < trigger.expires_mono]

    def add(self, trigger: Trigger) -> None:
        """Keep it, if it is of the kind that must not be lost."""
        if trigger.priority >= Priority.ANNOUNCEMENT:
            self._waiting[trigger.trigger_id] = trigger
            self._write()

    def done(self, trigger: Trigger) -> None:
        """It was said, or dropped for a reason that was told."""
        if self._waiting.pop(trigger.trigger_id, None):
            self._write()

    def _write(self) -> None:
        fresh = self._path.with_suffix(".new")
        try:
            fresh.write_bytes(msgspec.msgpack.encode(list(self._waiting.values())))
            fresh.replace(self._path)
        except OSError as error:
            log.error("%s cannot be written: %s", self._path, error)
