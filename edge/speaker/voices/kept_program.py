"""A program of our own that speaks: started, watched, restarted with growing pauses, and ended with us."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Generic, TypeVar

from edge.backoff import Backoff
from edge.config.child_environment import without_secrets
from edge.error_lines import one_line, reason_of
from edge.ladder.rung import RungError
from edge.programs import kill_and_wait
from edge.speaker.voices import die_with_parent
from edge.tasks import cancel_and_wait, wait_at_most

RESTART_FIRST_S = 0.5
RESTART_MAX_S = 60.0
LAST_LINES = 3
LAST_LINE_TIMEOUT_S = 0.1
"""Whoever waits for the reason has another voice waiting."""

Reached = TypeVar("Reached")


class LastLines:
    """The end of what a process says on stderr."""

    def __init__(self) -> None:
        self._lines: collections.deque[str] = collections.deque(maxlen=LAST_LINES)
        self._over = asyncio.Event()

    async def listen(self, stream: asyncio.StreamReader) -> None:
        """Keep them, and the pipe empty."""
        while data := await stream.read(4096):
            lines = data.decode("utf-8", "replace").splitlines()
            self._lines.extend(line for line in lines if line.strip())
        self._over.set()

    async def last(self) -> str:
        """The last line of a process that has ended; empty: it said nothing."""
        await wait_at_most(self._over, LAST_LINE_TIMEOUT_S)
        return self._lines[-1] if self._lines else ""

    def __str__(self) -> str:
        return one_line(" | ".join(self._lines))


@contextlib.asynccontextmanager
async def running(
    *command: str, cwd: Path | None = None, talks: bool = False
) -> AsyncGenerator[tuple[Process, LastLines], None]:
    """A process without our secrets; it is killed at the block's end, and by the kernel where we are killed.

    Args:
        talks: it has pipes for stdin and stdout.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", die_with_parent.__file__, str(os.getpid()), *command),
        cwd=cwd,
        stdin=PIPE if talks else DEVNULL,
        stdout=PIPE if talks else DEVNULL,
        stderr=PIPE,
        env=without_secrets(),
    )
    assert process.stderr is not None
    last_words = LastLines()
    listening = asyncio.create_task(last_words.listen(process.stderr))
    try:
        yield process, last_words
    finally:
        if process.stdin is not None:
            process.stdin.close()  # what the process may have started itself ends by it
        if process.returncode is None:
            await kill_and_wait(process)
        listening.cancel()


class KeptProgram(Generic[Reached]):
    """Keeps a program running once it was wanted.

    Args:
        name: for messages.
        run_once: start it, hand over how it is reached once it answers, and return when it has ended; raises
            ``RungError`` or ``OSError`` where it never answered.
        require: raises ``RungError`` where something is missing that no restart brings.
    """

    def __init__(
        self,
        name: str,
        run_once: Callable[[Callable[[Reached], None]], Awaitable[None]],
        require: Callable[[], None] = lambda: None,
    ) -> None:
        self._name = name
        self._run_once = run_once
        self._require = require
        self._keeper: asyncio.Task[None] | None = None
        self._reached: Reached | None = None
        self._failure: RungError | None = None
        self._changed = asyncio.Event()

    def start(self) -> None:
        """Begin to keep it running; does nothing when that was begun already."""
        if self._keeper is None:
            self._keeper = asyncio.create_task(self._keep_running())

    async def close(self) -> None:
        await cancel_and_wait(self._keeper)
        self._keeper = None

    async def ready(self) -> Reached:
        """Give how it is reached once it answers. Raises ``RungError`` where it is known that it cannot."""
        self._require()
        self.start()
        while self._reached is None:
            if self._failure:
                raise self._failure.with_traceback(None)
            await self._changed.wait()
        return self._reached

    async def _keep_running(self) -> None:
        backoff = Backoff(RESTART_FIRST_S, RESTART_MAX_S)
        while True:
            try:
                self._require()
                await self._run_once(lambda reached: self._tell(reached, None))
                backoff.reset()
                failure = RungError(f"{self._name} has ended and is being restarted")
            except RungError as error:
                failure = error
            except OSError as error:
                failure = RungError(f"{self._name}: {reason_of(error)}")
            self._tell(None, failure)
            await asyncio.sleep(backoff.next_s())

    def _tell(self, reached: Reached | None, failure: RungError | None) -> None:
        self._reached, self._failure = reached, failure
        self._changed.set()
        self._changed = asyncio.Event()
