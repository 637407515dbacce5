"""Log lines: structured fields under systemd's journal, readable lines anywhere else.

Fields are given as ``extra={"TURN_ID": …}``; keys in capitals become journal fields, and on a terminal
the turn's id stands behind the message. Events that somebody may want to find carry a ``MESSAGE_ID``.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import traceback
from types import TracebackType
from typing import Any

from edge.config import Settings
from edge.error_lines import told_with
from edge.masking import masked
from edge.messages import ProcessName, StageTime

OURS = "edge"
"""Loggers of libraries tell warnings only: below that some show each request with its key and its words."""


class _Discretion(logging.Filter):
    """The last look at each line: no keys; of a library's line and of a traceback nothing that may quote."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.partition(".")[0] in (OURS, "root", "__main__"):
            record.msg = masked(record.getMessage())
        else:  # the words stay, and what was put into them goes; asyncio shows errors behind its first line
            record.msg = masked(f"{record.name}: {str(record.msg).partition(chr(10))[0]}")
        record.args = None
        if record.exc_info and record.exc_info[1] is not None:
            record.exc_text = without_quotes(record.exc_info[1])
            record.exc_info = None  # whoever formats it anew would quote
        for name, value in vars(record).items():
            if name.isupper() and isinstance(value, str):
                setattr(record, name, masked(value))
        return True


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
    handler.addFilter(_Discretion())
    level = settings.log_level if settings else logging.INFO
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger(OURS).setLevel(level)


def without_quotes(error: BaseException) -> str:
    """A traceback that says where, and of each error in the chain only what ``error_lines`` lets through."""
    shown = traceback.TracebackException.from_exception(error)
    _take_words_out(shown, error)
    return masked("".join(shown.format())).rstrip()


def _take_words_out(shown: traceback.TracebackException, error: BaseException) -> None:
    links: list[tuple[traceback.TracebackException | None, BaseException | None]] = [(shown, error)]
    while links:
        link, about = links.pop()
        if link is None or about is None:
            continue
        link._str = told_with(about)  # type: ignore[attr-defined]
        link.__notes__ = None
        links += [(link.__cause__, about.__cause__), (link.__context__, about.__context__)]
        if isinstance(about, BaseExceptionGroup):
            links += zip(link.exceptions or (), about.exceptions, strict=False)


def be_discreet() -> None:
    """Whatever is printed of a failure is looked at: also where no log is set up, and where a thread dies."""
    logging.raiseExceptions = False  # a line that cannot be written would be shown with what it was made of
    if logging.lastResort is not None and not logging.lastResort.filters:
        logging.lastResort.addFilter(_Discretion())

    def tell(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if isinstance(error, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
        else:
            print(without_quotes(error), file=sys.stderr)

    if sys.excepthook is sys.__excepthook__:
        sys.excepthook = tell
    if threading.excepthook is threading.__excepthook__:
        threading.excepthook = lambda told: tell(
            told.exc_type, told.exc_value or told.exc_type(), told.exc_traceback
        )


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
