"""Programs that were started with pipes end when they are told to."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE

from edge.programs import kill_and_wait
from tests.support.waiting import until

HELD_BY_A_CHILD = "import subprocess, sys; subprocess.Popen(['sleep', '60']); print('there', flush=True)"


async def test_a_program_is_gone_whose_output_nobody_reads() -> None:
    process = await asyncio.create_subprocess_exec("yes", stdout=PIPE, stderr=PIPE)
    assert process.stdout is not None
    await process.stdout.read(1)
    buffered = process.stdout._buffer  # type: ignore[attr-defined]
    await until(lambda: len(buffered) > 1 << 17)
    await kill_and_wait(process)
    assert process.returncode == -signal.SIGKILL


async def test_a_program_is_gone_whose_child_holds_its_output() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", f"{HELD_BY_A_CHILD}; input()", stdin=PIPE, stdout=PIPE, start_new_session=True
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"there\n"
    await kill_and_wait(process)
    assert process.returncode == -signal.SIGKILL
    os.killpg(process.pid, signal.SIGKILL)


async def test_what_a_program_started_ends_with_its_group() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", f"{HELD_BY_A_CHILD}; input()", stdin=PIPE, stdout=PIPE, start_new_session=True
    )
    assert process.stdout is not None
    await process.stdout.readline()
    await kill_and_wait(process, group=True)

    def is_gone() -> bool:
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            return True
        return False

    await until(is_gone)
