"""What would stand in the journal."""

from __future__ import annotations

import contextlib
import io
import logging
import sys
from collections.abc import Callable, Iterator

from edge import journal


@contextlib.contextmanager
def journal_lines(level: int = logging.DEBUG) -> Iterator[Callable[[], str]]:
    """All that is logged meanwhile, from this level on, as a process of the guide would have it."""
    root, ours = logging.getLogger(), logging.getLogger(journal.OURS)
    before = root.handlers[:], root.level, ours.level
    stream = io.StringIO()
    with contextlib.redirect_stderr(stream):
        journal.set_up("test", None)
    ours.setLevel(level)
    try:
        assert sys.stderr is not stream
        yield stream.getvalue
    finally:
        root.handlers[:], root.level = before[0], before[1]
        ours.setLevel(before[2])
