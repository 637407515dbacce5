"""``shuttle-guide up``: all processes on this machine in the foreground, for development and the demo.

On a device systemd does this; here a process that dies is started again after a short pause.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from edge import config, journal
from edge.backoff import Backoff
from edge.bus.topology import PROCESSES
from edge.config import Settings
from edge.config.child_environment import for_process
from edge.messages import ProcessName
from edge.tasks import cancel_and_wait

log = logging.getLogger(__name__)

PROGRAM = ("-m", "edge")
"""The interpreter's arguments."""
RESTART_MIN_S = 0.2
RESTART_MAX_S = 10.0
STEADY_S = 20.0
"""A process that lived so long is restarted quickly again."""
STOP_WITHIN_S = 1.9


class Ended(NamedTuple):
    """A process that ended for good, and its exit code."""

    process: ProcessName
    exit_code: int


class Supervisor:
    """Starts the processes, restarts what dies, stops them all together.

    Args:
        environment: for the processes, each of which gets the keys that it needs; None: ours and ``.env``.
        quiet: throw their log lines away.
        program: what they are processes of.
    """

    def __init__(
        self,
        processes: Sequence[ProcessName] = PROCESSES,
        environment: Mapping[str, str] | None = None,
        *,
        quiet: bool = False,
        program: Sequence[str] = PROGRAM,
    ) -> None:
        self._processes = processes
        self._environment = dict(config.environment() if environment is None else environment)
        self._quiet = quiet
        self._program = program
        self._running: dict[ProcessName, asyncio.subprocess.Process] = {}
        self._keepers: list[asyncio.Task[None]] = []
        self.gave_up: asyncio.Future[Ended] = asyncio.get_running_loop().create_future()

    async def __aenter__(self) -> Supervisor:
        self._keepers = [
            asyncio.create_task(self._keep(name), name=f"keeping {name}") for name in self._processes
        ]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def pid(self, name: ProcessName) -> int | None:
        process = self._running.get(name)
        return process.pid if process and process.returncode is None else None

    async def stop(self) -> None:
        """SIGTERM to all at once; after ``STOP_WITHIN_S`` SIGKILL to whoever is left."""
        await cancel_and_wait(*self._keepers)
        alive = [process for process in self._running.values() if process.returncode is None]
        for process in alive:
            process.terminate()
        try:
            async with asyncio.timeout(STOP_WITHIN_S):
                await asyncio.gather(*(process.wait() for process in alive))
        except TimeoutError:
            for process in alive:
                if process.returncode is None:
                    process.kill()
                    await process.wait()

    async def _keep(self, name: ProcessName) -> None:
        backoff = Backoff(RESTART_MIN_S, RESTART_MAX_S)
        while True:
            started_mono = time.monotonic()
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",  # nothing in the working directory is taken for a module of ours
                *self._program,
                "run",
                name,
                env=for_process(self._environment, name),
                stderr=asyncio.subprocess.DEVNULL if self._quiet else None,
                # Ctrl-C reaches us alone; we stop the others in good order.
                start_new_session=True,
            )
            self._running[name] = process
            exit_code = await process.wait()
            if exit_code == os.EX_CONFIG:
                if not self.gave_up.done():
                    self.gave_up.set_result(Ended(name, exit_code))
                return
            if time.monotonic() - started_mono > STEADY_S:
                backoff.reset()
            pause_s = backoff.next_s()
            log.error("%s ended with %d, starting it again in %.1f s", name, exit_code, pause_s)
            await asyncio.sleep(pause_s)


async def up(program: Sequence[str] = PROGRAM) -> int:
    """Run all processes until Ctrl-C or SIGTERM (exit code 0)."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    async with Supervisor(program=program) as supervisor:
        waiting = asyncio.create_task(stop.wait())
        ends: list[asyncio.Future[Any]] = [waiting, supervisor.gave_up]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
    return supervisor.gave_up.result().exit_code if supervisor.gave_up.done() else 0


def run_up(options: argparse.Namespace, settings: Settings) -> int:
    """``shuttle-guide up``."""
    del options
    journal.set_up("up", settings)
    log.info("shuttle %s, broker %s:%d", settings.shuttle.id, settings.mqtt.host, settings.mqtt.port)
    return asyncio.run(up())
