"""Ending programs that were started with pipes."""

from __future__ import annotations

import contextlib
import os
import signal
from asyncio.subprocess import Process


def kill(process: Process, *, group: bool = False) -> None:
    """Kill it if it runs, and read no more of it: what it wrote and nobody took is lost.

    Args:
        group: with everything of its process group; it was started with ``start_new_session``.
    """
    with contextlib.suppress(ProcessLookupError):
        if group:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    # asyncio's wait() waits for the end of each pipe, too (in Python 3.11 to 3.13). A pipe whose buffer is
    # full, or that a child of the program holds, never ends by itself.
    transport = process._transport  # type: ignore[attr-defined]
    for number in (1, 2):
        if pipe := transport.get_pipe_transport(number):
            pipe.close()


async def kill_and_wait(process: Process, *, group: bool = False) -> None:
    """Kill it as ``kill`` does, and return when it has ended."""
    kill(process, group=group)
    await process.wait()
