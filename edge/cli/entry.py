"""The program ``shuttle-guide``: one command, and a quick end behind it."""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
import threading

from edge.cli.main import main


def program() -> int:
    """Run the command that the arguments name and end with its exit code (see ``main``).

    The interpreter would take apart all that is loaded, which is a fifth of what a short command takes.
    Everything else is done that it does at its end; where that cannot be, it returns.
    """
    exit_code = main()
    if not _waited_for():
        # Where nobody reads what is written the interpreter says so, as ever.
        with contextlib.suppress(OSError, ValueError):
            _flush()
            atexit._run_exitfuncs()
            _flush()  # they may have written, too
            os._exit(exit_code)
    return exit_code


def _waited_for() -> bool:
    """Whether there are threads that the interpreter waits for."""
    ours = threading.current_thread()
    return any(thread is not ours and not thread.daemon for thread in threading.enumerate())


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
