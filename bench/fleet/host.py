"""``python -m bench.fleet.host``: many light shuttles in one process, told what to do on standard input."""

from __future__ import annotations

import asyncio
import faulthandler
import logging
import os
import resource
import sys
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import msgspec

from bench.fleet.light import LightShuttle
from bench.fleet.turns import ended_turn
from edge.config import FleetSettings
from edge.config.secret import Secret
from edge.telemetry.fleet import desired_file

LONGEST_LINE = 1 << 20
ANSWER_WITHIN_S = 120.0
LOG_LINES = 15


class HostOrder(msgspec.Struct):
    """The first line: which shuttles there are, and where their broker is."""

    names: tuple[str, ...]
    fleet: dict[str, str | int]
    password: str | None
    folder: str
    state: bytes


class Host:
    """The process, from outside.

    Args:
        log: for what it logs.
    """

    def __init__(self, names: tuple[str, ...], fleet: FleetSettings, folder: Path, state: bytes) -> None:
        keys = ("host", "port", "ca_file", "cert_file", "key_file", "username")
        values = {key: value for key in keys if (value := getattr(fleet, key)) is not None}
        password = fleet.password.reveal() if fleet.password else None
        self._order = HostOrder(names, values, password, str(folder), state)
        self._process: asyncio.subprocess.Process | None = None
        self._log: IO[bytes] = (folder / f"{names[0]}.log").open("wb")

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bench.fleet.host"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=self._log,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        await self._say(msgspec.json.encode(self._order))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        self._log.close()

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    def log(self) -> str:
        """The end of what it has logged."""
        return "\n".join(Path(self._log.name).read_text(errors="replace").splitlines()[-LOG_LINES:])

    async def end_turns(self) -> None:
        """Each shuttle ends a turn; returns when all of them are on their disks."""
        await self._say(b"turn")

    async def _say(self, line: bytes) -> None:
        process = self._process
        assert process
        assert process.stdin
        assert process.stdout
        process.stdin.write(line + b"\n")
        async with asyncio.timeout(ANSWER_WITHIN_S):
            if not await process.stdout.readline():
                raise RuntimeError(f"a process of light shuttles has ended; see {self._log.name}")


async def _live() -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(LONGEST_LINE)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    order = msgspec.json.decode(await reader.readline(), type=HostOrder)
    password = Secret(order.password) if order.password else None
    fleet = FleetSettings(**order.fleet, password=password)  # type: ignore[arg-type]
    # As a process of the guide, which has read its settings before it has threads: see fleet/commands.py.
    desired_file.checked(None, {})
    shuttles = [LightShuttle(name, fleet, Path(order.folder), order.state) for name in order.names]
    for shuttle in shuttles:
        shuttle.start()
    while True:
        print("done", flush=True)
        if not await reader.readline():
            return
        await asyncio.gather(*(shuttle.link.keep(ended_turn()) for shuttle in shuttles))


if __name__ == "__main__":
    faulthandler.enable()
    logging.basicConfig(level=logging.WARNING)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    asyncio.run(_live())
