"""One process of the guide by itself; the test stands in for the others."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

import zmq.asyncio

from edge.bus import FeedSubscriber
from edge.cli.up import PROGRAM
from edge.messages import AnyMessage, Feed, ProcessName, ProcessState
from tests.support.guide import LOG_TAIL_LINES, PATIENCE_S, STOP_WITHIN_S, clean_environment


class ProcessAlone(ABC):
    """``shuttle-guide run NAME`` in a folder of its own; as a context it runs and is ready.

    Args:
        folder: for sockets, state and the log; short enough for socket paths.
        environment: settings and keys on top of what a test always wants.
    """

    NEWS: ClassVar[tuple[type[Feed], ...]] = ()
    """What it tells beside its state that a test wants to know."""

    def __init__(self, name: ProcessName, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.runtime_dir = folder / "run"
        self.runtime_dir.mkdir(mode=0o750, parents=True, exist_ok=True)
        self.environment = clean_environment(folder, 1883) | dict(environment)
        self.state: ProcessState | None = None
        self.program: Sequence[str] = PROGRAM
        """The interpreter's arguments (see ``bench.own_limits``)."""
        self._name = name
        self._context = zmq.asyncio.Context()
        self._process: asyncio.subprocess.Process | None = None
        self._ended: set[str] = set()
        """Instances whose end was waited for: what they said last may be read later than that."""
        self._watching: asyncio.Task[None] | None = None
        self._log_path = folder / f"{name}.log"

    async def __aenter__(self) -> Self:
        self._watching = asyncio.create_task(self._watch(), name=f"watching the {self._name}")
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
        """Start it (again) and wait until it is ready."""
        self._forget()
        with self._log_path.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, *self.program, "run", self._name),
                env=self.environment,
                cwd=self.folder,
                stderr=log,
            )
        await self.until(self._is_ready, f"the {self._name} to be ready")

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    async def kill(self) -> None:
        """``kill -9``."""
        assert self._process is not None
        self._process.kill()
        await self._process.wait()

    async def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        assert self._process is not None
        self._process.terminate()
        async with asyncio.timeout(STOP_WITHIN_S):
            return await self._process.wait()

    def counter(self, name: str) -> int:
        return self.state.counters.get(name, 0) if self.state else 0

    def log(self) -> str:
        return self._log_path.read_text("utf-8", errors="replace")

    async def until(self, fulfilled: Callable[[], bool], what: str) -> None:
        """Wait for a condition; fails with the end of the log."""
        deadline = time.monotonic() + PATIENCE_S
        while not fulfilled():
            await asyncio.sleep(0.01)
            if time.monotonic() > deadline:
                tail = "\n".join(self.log().splitlines()[-LOG_TAIL_LINES:])
                raise AssertionError(f"waited {PATIENCE_S:g} s in vain for {what}\n{tail}")

    async def _watch(self) -> None:
        feed = FeedSubscriber(self.runtime_dir, ProcessState, *self.NEWS, of=[self._name])
        async with contextlib.aclosing(feed.messages(self._context)) as news:
            async for message in news:
                if getattr(message, "instance", None) not in self._ended:
                    self._told(message)

    # --- what each process has of its own -------------------------------------------------------

    def _told(self, message: AnyMessage) -> None:
        """Take one of its ``NEWS``, or its state."""
        if isinstance(message, ProcessState):
            self.state = message

    @abstractmethod
    def _connect(self) -> None:
        """Start the sockets of the processes that the test stands in for."""

    @abstractmethod
    async def _disconnect(self) -> None: ...

    def _is_ready(self) -> bool:
        return bool(self.state and self.state.ready)

    def _forget(self) -> None:
        """Before it starts: what its predecessor said is old."""
        if self.state is not None:
            self._ended.add(self.state.instance)
        self.state = None

    async def _leave_nothing_behind(self) -> None:
        if self._process is not None and self._process.returncode is None:
            await self.kill()
        await self._disconnect()
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        self._context.destroy(linger=0)
