"""A guide of its own, as measurements and tests start it, watch it and end it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from edge.bus import watching
from edge.bus.topology import PROCESSES
from edge.cli.up import PROGRAM
from edge.config import ENV_PREFIX
from edge.messages import AnyMessage, Feed, ProcessName, ProcessState
from edge.programs import kill_and_wait
from edge.tasks import cancel_and_wait, wait_at_most

PATIENCE_S = 60.0
STOP_WITHIN_S = 30.0
LOOK_AGAIN_S = 0.02
"""What is waited for need not be in the news."""
LOG_TAIL_LINES = 25


class GuideProcess:
    """``shuttle-guide up``, or ``run`` with one process's name, in a folder of its own.

    As a context it starts, its feeds are watched, and nothing of it is left behind.

    Args:
        environment: all of it (see ``own_environment``); HOME is the folder.
        only: the one process; None: the whole guide.
        program: the interpreter's arguments (see ``bench.own_limits``).
    """

    NEWS: ClassVar[tuple[type[Feed], ...]] = ()
    """What is watched beside the states of the processes."""

    def __init__(
        self,
        environment: Mapping[str, str],
        only: ProcessName | None = None,
        program: Sequence[str] = PROGRAM,
    ) -> None:
        self.environment = dict(environment)
        self.folder = Path(environment["HOME"])
        self.runtime_dir = Path(environment[f"{ENV_PREFIX}RUNTIME_DIR"])
        self.program = program
        self.states: dict[ProcessName, ProcessState] = {}
        """What each process has told last of itself."""
        self._only = only
        self._log_path = self.folder / f"{only or 'guide'}.log"
        self._process: asyncio.subprocess.Process | None = None
        self._watched = PROCESSES if only is None else (only,)
        self._watching: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self._ended: set[str] = set()
        """Instances that are over: what they said last may be read later than that."""

    async def __aenter__(self) -> Self:
        self._watching = asyncio.create_task(self._watch(), name="watching the guide's feeds")
        self._connect()
        try:
            await self.start()
        except BaseException:
            await self._leave_nothing_behind()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._leave_nothing_behind()

    async def start(self) -> None:
        """Start it (again), and do not wait for it."""
        command = ("up",) if self._only is None else ("run", self._only)
        with self._log_path.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, *self.program, *command),
                env=self.environment,
                cwd=self.folder,
                stderr=log,
                # As `up` does: Ctrl-C reaches us alone, and Linux shares the processor out by sessions.
                start_new_session=True,
            )

    async def stop(self) -> int:
        """Have it leave (SIGTERM), and return its exit code. Raises TimeoutError."""
        assert self._process is not None
        self._process.terminate()
        async with asyncio.timeout(STOP_WITHIN_S):
            return await self._process.wait()

    def pids(self) -> dict[ProcessName, int]:
        """Process → its id, for those that run at the moment."""
        found: dict[ProcessName, int] = {}
        for entry in Path("/proc").iterdir():
            # A process that ends meanwhile has no file any more.
            with contextlib.suppress(OSError):
                if entry.name.isdigit() and self._process and self._process.pid in _lineage(entry):
                    name = (entry / "cmdline").read_bytes().rstrip(b"\0").split(b"\0")[-1].decode()
                    found |= {process: int(entry.name) for process in PROCESSES if process == name}
        return found

    def log(self) -> str:
        """Return everything that has been logged."""
        return self._log_path.read_text("utf-8", errors="replace")

    async def until(self, fulfilled: Callable[[], bool], what: str, within_s: float = PATIENCE_S) -> None:
        """Wait for a condition. Raises TimeoutError, with the end of the log."""
        deadline = time.monotonic() + within_s
        while not fulfilled():
            if time.monotonic() > deadline:
                told = {name: state.status for name, state in self.states.items()}
                tail = "\n".join(self.log().splitlines()[-LOG_TAIL_LINES:])
                raise TimeoutError(f"waited {within_s:g} s in vain for {what}; {told}\n{tail}")
            self._news.clear()
            await wait_at_most(self._news, LOOK_AGAIN_S)

    # --- what a kind of it has of its own --------------------------------------------------------

    def _told(self, message: AnyMessage) -> None:
        """Take one of the ``NEWS``, or a state."""
        if isinstance(message, ProcessState):
            self.states[message.process] = message

    def _connect(self) -> None:
        """Open what somebody talks to it by, before it starts."""

    async def _disconnect(self) -> None:
        """Close what ``_connect`` has opened."""

    def _forget(self, name: ProcessName) -> None:
        """Take what this process has said until now for old."""
        if state := self.states.pop(name, None):
            self._ended.add(state.instance)

    async def _watch(self) -> None:
        async with watching(self.runtime_dir, ProcessState, *self.NEWS, of=self._watched) as news:
            async for message in news:
                if getattr(message, "instance", None) not in self._ended:
                    self._told(message)
                    self._news.set()

    async def _leave_nothing_behind(self) -> None:
        await cancel_and_wait(self._watching)
        await self._disconnect()
        pids = self.pids().values()
        if self._process is not None and self._process.returncode is None:
            try:
                await self.stop()
            except TimeoutError:
                await kill_and_wait(self._process)
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _lineage(process: Path) -> tuple[int, int]:
    """The process's own id and its parent's."""
    return int(process.name), int((process / "stat").read_text().rsplit(")", 1)[1].split()[1])
