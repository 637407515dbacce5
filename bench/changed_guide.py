"""The guide's command line for a program that has changed something of the guide before."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from edge import config, journal
from edge.cli.main import main
from edge.cli.up import up


def run_changed(program: Sequence[str], arguments: Sequence[str]) -> int:
    """Run a command and return its exit code; ``up`` starts processes that are changed alike.

    Args:
        program: the interpreter's arguments that start the caller.
    """
    if list(arguments) != ["up"]:
        return main(arguments)
    journal.set_up("up", config.load())
    return asyncio.run(up(program))
