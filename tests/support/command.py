"""The command line as a person uses it: a process with an environment, its two outputs and an exit code."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from edge.cli.up import PROGRAM
from edge.programs import kill_and_wait

ENDS_WITHIN_S = 90.0


class Ended(NamedTuple):
    """What a command left behind."""

    exit_code: int
    out: str
    err: str


async def shuttle_guide(
    *arguments: str, environment: Mapping[str, str], folder: Path, program: Sequence[str] = PROGRAM
) -> Ended:
    """Run ``shuttle-guide`` with these arguments in ``folder`` to its end, without a terminal.

    Args:
        program: the interpreter's arguments.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *program, *arguments),
        env=environment,
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(ENDS_WITHIN_S):
            out, err = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    return Ended(process.returncode or 0, out.decode(), err.decode())


@contextlib.asynccontextmanager
async def recording(drive: str, *, environment: Mapping[str, str], folder: Path) -> AsyncIterator[None]:
    """``record`` into this file, from its connection until it is stopped as a person would."""
    command = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "edge", "record", drive),
        env=environment,
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        # A shell's background job, as these tests may be, ignores Ctrl-C, and so would what it starts.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert command.stdout
    try:
        async with asyncio.timeout(ENDS_WITHIN_S):
            assert b"recording" in await command.stdout.readline()
        yield
        command.send_signal(signal.SIGINT)
        async with asyncio.timeout(ENDS_WITHIN_S):
            said = (await command.stdout.read()).decode()
            assert (await command.wait(), f"lines in {drive}" in said) == (0, True)
    finally:
        await kill_and_wait(command)


class Terminal:
    """The person's end of a terminal in which a command runs."""

    def __init__(self, fd: int, process: asyncio.subprocess.Process) -> None:
        self._fd = fd
        self._process = process
        self._news = asyncio.Event()
        self.shown = ""
        asyncio.get_running_loop().add_reader(fd, self._read)

    def type(self, text: str) -> None:
        os.write(self._fd, text.encode())

    async def until_shown(self, text: str) -> None:
        """Wait until this stands on the screen."""
        try:
            async with asyncio.timeout(ENDS_WITHIN_S):
                while text not in self.shown:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"{text!r} does not come:\n{self.shown}") from None

    async def ended(self) -> int:
        """Wait for the command's exit code."""
        async with asyncio.timeout(ENDS_WITHIN_S):
            return await self._process.wait()

    def _read(self) -> None:
        try:
            self.shown += os.read(self._fd, 65536).decode(errors="replace")
        except OSError:  # the command has ended, and nobody else has the terminal open
            asyncio.get_running_loop().remove_reader(self._fd)
        self._news.set()


@contextlib.asynccontextmanager
async def in_terminal(
    *arguments: str, environment: Mapping[str, str], folder: Path
) -> AsyncIterator[Terminal]:
    """Run ``shuttle-guide`` with these arguments in a terminal; killed on exit if it still runs."""
    ours, theirs = os.openpty()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "edge", *arguments),
        env={**environment, "TERM": "xterm", "COLUMNS": "200"},
        cwd=folder,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    try:
        yield Terminal(ours, process)
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
        asyncio.get_running_loop().remove_reader(ours)
        os.close(ours)
