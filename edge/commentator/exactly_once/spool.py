"""Turns that have not ended, kept in a file: a commentator that dies shall leave none of them without an end.

Dispatch's and safety's words are kept from the moment that they were accepted, since their sender relies on
it; everything else from the moment that its turn was begun, and without what a passenger asked. The file lies
in the runtime directory: its times are those of this boot, and nothing waits for a disk.
"""

from __future__ import annotations

import logging
from pathlib import Path

import msgspec

from edge.atomic_file import remove_half_written, write_whole
from edge.commentator.exactly_once.known_triggers import TriggerKey
from edge.messages import Priority, Trigger
from edge.plain_file import read_plain

log = logging.getLogger(__name__)

FILE_NAME = "unended.spool"
LARGEST_BYTES = 16 * 1024 * 1024


class Unended(msgspec.Struct, frozen=True):
    """A trigger whose turn has not ended."""

    trigger: Trigger
    begun: bool
    """Something of it may have been heard. False: it still waited."""


class Spool:
    """The file of the turns that have not ended.

    Args:
        folder: the commentator's own in the runtime directory.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME
        self._unended: dict[TriggerKey, Unended] = {}

    def left_over(self, now: float) -> list[Unended]:
        """What an earlier commentator of this boot did not end, at monotonic time ``now``; it stays kept."""
        remove_half_written(self._path)
        try:
            unended = msgspec.msgpack.decode(read_plain(self._path, LARGEST_BYTES), type=list[Unended])
        except FileNotFoundError:
            return []
        except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            log.error("%s cannot be read (%s); what waited there is lost", self._path, error)
            return []
        left = [each for each in unended if each.trigger.received_mono <= now]
        self._unended |= {TriggerKey.of(each.trigger): each for each in left}
        return left

    def add(self, trigger: Trigger) -> None:
        """Keep it, if it is of the kind that must not be lost."""
        if trigger.priority >= Priority.ANNOUNCEMENT:
            self._keep(Unended(trigger, begun=False))

    def begin(self, trigger: Trigger) -> None:
        """A trigger's turn begins."""
        if trigger.kind == "answer":
            trigger = msgspec.structs.replace(trigger, text=None)
        self._keep(Unended(trigger, begun=True))

    def done(self, trigger: Trigger) -> None:
        """A trigger's turn has ended and that was told, or it was dropped for a reason that was told."""
        if self._unended.pop(TriggerKey.of(trigger), None):
            self._write()

    def _keep(self, unended: Unended) -> None:
        self._unended[TriggerKey.of(unended.trigger)] = unended
        self._write()

    def _write(self) -> None:
        try:
            write_whole(self._path, msgspec.msgpack.encode(list(self._unended.values())), durable=False)
        except OSError as error:
            log.error("%s cannot be written: %s", self._path, error)
