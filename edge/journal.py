"""Log lines: structured fields under systemd's journal, readable lines anywhere else.

Fields are given as ``extra={"TURN_ID": …}``; keys in capitals become journal fields, and on a terminal
the turn's id stands behind the message. Events that somebody may want to find carry a ``MESSAGE_ID``.
"""

from __future__ import annotations

import logging
import os
import sys
from typing import Any

from edge.config import Settings
from edge.messages import ProcessName, StageTime

QUIET_LIBRARIES = ("httpx", "httpx2", "httpcore", "groq", "openai", "websockets", "asyncio", "pymorphy3")
"""Libraries whose INFO lines would drown ours (or show addresses with keys at DEBUG)."""


class _ReadableFormatter(logging.Formatter):
    def __init__(self, process: str) -> None:
        super().__init__(
            "%(asctime)s.%(msecs)03d %(levelname).1s " + f"{process:<11} " + "%(message)s", "%H:%M:%S"
        )

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        turn_id = getattr(record, "TURN_ID", None)
        return f"{line}  [turn {turn_id}]" if turn_id else line


def set_up(process: ProcessName | str, settings: Settings | None) -> None:
    """Send this process's log to the journal when systemd started it, else to standard error.

    ``settings`` None: they could not be read.
    """
    handler = _handler(process, {"SHUTTLE_ID": settings.shuttle.id} if settings else {})
    level = settings.log_level if settings else logging.INFO
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for library in QUIET_LIBRARIES:
        logging.getLogger(library).setLevel(logging.WARNING)


def _handler(process: str, fields: dict[str, str]) -> logging.Handler:
    if _stderr_is_the_journal():
        try:
            from systemd.journal import JournalHandler
        except ImportError:
            pass  # installed without the extra "device": the journal still gets readable lines
        else:
            handler: logging.Handler = JournalHandler(SYSLOG_IDENTIFIER=f"shuttle-guide-{process}", **fields)
            handler.setFormatter(logging.Formatter("%(message)s"))  # the rest are fields
            return handler
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_ReadableFormatter(process))
    return handler


def _stderr_is_the_journal() -> bool:
    """systemd names the stream's device and inode; what is started below it inherits the variable only."""
    try:
        stream = os.fstat(2)
    except OSError:
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{stream.st_dev}:{stream.st_ino}"


def turn_fields(turn_id: str, **fields: Any) -> dict[str, Any]:
    """``extra=`` of a line that belongs to a turn; fields without a value are left out."""
    known = {key.upper(): value for key, value in fields.items() if value is not None}
    return {"TURN_ID": turn_id} | known


def stage_fields(turn_id: str, stages: tuple[StageTime, ...], received_mono: float) -> dict[str, Any]:
    """``extra=`` with every stage as a field ``STAGE_<NAME>_MS``, relative to ``received``."""
    return turn_fields(
        turn_id, **{f"STAGE_{stage}_MS": round((mono - received_mono) * 1000, 1) for stage, mono in stages}
    )
