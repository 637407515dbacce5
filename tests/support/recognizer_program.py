"""A recognizer server with the emulated engine in a process of its own, which is killed and comes back."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from pathlib import Path
from types import TracebackType
from typing import Self

from edge.programs import kill_and_wait
from tests.support.ports import free_port

ROOT = Path(__file__).parents[2]


class RecognizerProgram:
    """Runs as a context; its data port stays the same."""

    def __init__(self) -> None:
        self.port = free_port()
        self._process: Process | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.kill()

    async def start(self) -> None:
        """Return when clients can connect."""
        command = (sys.executable, "-m", __name__, str(self.port))
        self._process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdin=DEVNULL, stdout=PIPE)
        assert self._process.stdout is not None
        assert await self._process.stdout.readline() == b"up\n"

    async def kill(self) -> None:
        if self._process is not None:
            await kill_and_wait(self._process)


async def _serve(port: int) -> None:
    from tests.support.recognizer_server import served

    async with served(data_port=port):
        print("up", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
