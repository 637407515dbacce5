"""Turns that have not ended, and ends that the fleet was not told, kept in a file: one that dies leaves none
without an end, and no end untold.

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
from edge.messages import Priority, Reports, Trigger
from edge.plain_file import read_plain

log = logging.getLogger(__name__)

FILE_NAME = "unended.spool"
LARGEST_BYTES = 16 * 1024 * 1024


class Unended(msgspec.Struct, frozen=True):
    """A trigger whose turn has not ended."""

    trigger: Trigger
    begun: bool
    """Something of it may have been heard. False: it still waited."""


class _Kept(msgspec.Struct, frozen=True):
    """What the file holds. An end and what it was the end of change places at once: it is told once."""

    unended: list[Unended]
    untold: list[Reports]


class Spool:
    """The file of the turns that have not ended, and of the ends that were not told.

    Args:
        folder: the commentator's own in the runtime directory.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME
        self._unended: dict[TriggerKey, Unended] = {}
        self._untold: dict[str, Reports] = {}

    def left_over(self, now: float) -> list[Unended]:
        """What an earlier commentator of this boot did not end, at monotonic time ``now``; it stays kept."""
        remove_half_written(self._path)
        try:
            content = read_plain(self._path, LARGEST_BYTES)
            # A list of what has not ended is what a guide before the fleet has left.
            kept = msgspec.msgpack.decode(content, type=_Kept | list[Unended])
        except FileNotFoundError:
            return []
        except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            log.error("%s cannot be read (%s); what waited there is lost", self._path, error)
            return []
        unended, untold = (kept.unended, kept.untold) if isinstance(kept, _Kept) else (kept, [])
        self._untold = {report.id: report for report in untold}
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

    def done(self, trigger: Trigger, report: Reports | None = None) -> None:
        """A trigger's turn has ended, or it was dropped; ``report`` is kept until it was told."""
        if report is not None:
            self._untold[report.id] = report
        if self._unended.pop(TriggerKey.of(trigger), None) or report is not None:
            self._write()

    @property
    def untold(self) -> list[Reports]:
        """The ends that are still to be told, oldest first."""
        return list(self._untold.values())

    def told(self, report: Reports) -> None:
        """Keep an end no more: it was acknowledged."""
        if self._untold.pop(report.id, None):
            self._write()

    def _keep(self, unended: Unended) -> None:
        self._unended[TriggerKey.of(unended.trigger)] = unended
        self._write()

    def _write(self) -> None:
        kept = _Kept(list(self._unended.values()), list(self._untold.values()))
        try:
            write_whole(self._path, msgspec.msgpack.encode(kept), durable=False)
        except OSError as error:
            log.error("%s cannot be written: %s", self._path, error)
