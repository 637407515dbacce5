"""The program ``shuttle-guide``: one command, and a quick end behind it."""

from __future__ import annotations

import atexit
import contextlib
import os
import sys


def program() -> int:
    """Run the command that the arguments name and end with its exit code (see ``main``).

    The interpreter would take apart all that is loaded, which is a fifth of what a short command takes.
    Everything else is done that it does at its end.
    """
    exit_code: list[int] = []
    # The first that is registered is called last: behind what the command's modules register.
    atexit.register(_leave, exit_code)
    from edge.cli.main import main

    exit_code.append(main())
    return exit_code[0]


def _leave(exit_code: list[int]) -> None:
    """End the process here; a command that raised (``exit_code`` is empty) has the interpreter end it."""
    if not exit_code:
        return
    # Where nobody reads what is written the interpreter says so, as ever.
    with contextlib.suppress(OSError, ValueError):
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
        os._exit(exit_code[0])
