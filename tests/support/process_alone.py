"""One process of the guide by itself; the test stands in for the others."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import zmq.asyncio

from bench.guide_process import GuideProcess
from edge.messages import ProcessName, ProcessState
from tests.support.guide import clean_environment


class ProcessAlone(GuideProcess):
    """``shuttle-guide run NAME`` in a folder of its own; as a context it runs and is ready.

    Args:
        folder: for sockets, state and the log; short enough for socket paths.
        environment: settings and keys on top of what a test always wants.
    """

    def __init__(self, name: ProcessName, folder: Path, environment: Mapping[str, str]) -> None:
        super().__init__(clean_environment(folder, 1883) | dict(environment), name)
        self.runtime_dir.mkdir(mode=0o750, exist_ok=True)
        self._name = name
        self._context = zmq.asyncio.Context()

    async def start(self) -> None:
        """Start it (again) and wait until it is ready."""
        self._forget(self._name)
        await super().start()
        await self.until(self._is_ready, f"the {self._name} to be ready")

    @property
    def state(self) -> ProcessState | None:
        """What it has told last of itself."""
        return self.states.get(self._name)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    async def kill(self) -> None:
        """``kill -9``."""
        assert self._process is not None
        self._process.kill()
        await self._process.wait()

    def counter(self, name: str) -> int:
        return self.state.counters.get(name, 0) if self.state else 0

    def _is_ready(self) -> bool:
        return bool(self.state and self.state.ready)

    async def _leave_nothing_behind(self) -> None:
        if self._process is not None and self._process.returncode is None:
            await self.kill()
        await super()._leave_nothing_behind()
        self._context.destroy(linger=0)
