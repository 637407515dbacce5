"""What the journal holds of one turn: events and fields of the guide's units, no line as it was written."""

from __future__ import annotations

import contextlib
import json
import re
from typing import NamedTuple

from edge.bus.topology import UNITS
from edge.doctor.report import NotHadError, journal_line, program_output

MOST_LINES = 200
WITHIN_S = 5.0
TURN_ID = re.compile(r"[0-9A-Za-z_-]{1,64}\Z")
NOT_SHOWN = frozenset(
    {"AT", "UNIT", "PID", "MESSAGE", "MESSAGE_ID", "EVENT", "PRIORITY", "SHUTTLE_ID", "TURN_ID"}
)


class JournalEntry(NamedTuple):
    """One event."""

    at: float
    """Unix time."""
    unit: str
    event: str
    fields: dict[str, str]


async def journal_of(turn_id: str) -> list[JournalEntry]:
    """The oldest first; nothing for what is no id.

    Raises:
        NotHadError: there is no journal here, or it may not be read.
    """
    if not TURN_ID.match(turn_id):
        return []
    units = [word for unit in UNITS for word in ("--unit", unit)]
    read = ("journalctl", "--quiet", "--no-pager", "--output=json", f"--lines={MOST_LINES}")
    found = []
    for line in (await program_output((*read, *units, f"TURN_ID={turn_id}"), WITHIN_S)).splitlines():
        with contextlib.suppress(ValueError, RecursionError):
            entry = json.loads(line)
            if isinstance(entry, dict) and (kept := journal_line(entry)) and "EVENT" in kept:
                fields = {name: value for name, value in kept.items() if name not in NOT_SHOWN}
                at = int(kept["AT"] or 0) / 1e6
                found.append(JournalEntry(at, kept["UNIT"], kept["EVENT"], fields))
    return found


__all__ = ["JournalEntry", "NotHadError", "journal_of"]
