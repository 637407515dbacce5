"""The emulated clouds in a process of their own, and a client of their control port."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Iterable

import aiohttp

from bench.cloud_log import CloudLog, Given
from bench.clouds import PROFILES, FaultKind, Profile
from bench.clouds.faults import CloudName

CONTROL = "EMULATED_CLOUDS_CONTROL_URL"


class CloudProcess:
    """Talks to the control port of ``python -m bench.clouds``."""

    def __init__(self, profile: Profile, environment: dict[str, str], http: aiohttp.ClientSession) -> None:
        self.profile = profile
        self._control_url = environment.pop(CONTROL)
        self.environment = environment
        """Sends a guide to these clouds."""
        self._http = http

    async def fail(self, services: Iterable[CloudName], kind: FaultKind) -> None:
        """Let the services fail from now on."""
        for service in services:
            await self._switch(service, kind)

    async def heal(self, services: Iterable[CloudName]) -> None:
        for service in services:
            await self._switch(service, None)

    async def log(self) -> CloudLog:
        """What all services recorded so far."""
        async with self._http.get(f"{self._control_url}/log") as response:
            return CloudLog(await response.json())

    async def given(self, service: CloudName, since_mono: float, until_mono: float) -> list[Given]:
        """What one service was asked for and began to give out between the two moments, in that order."""
        return (await self.log()).given((service,), since_mono, until_mono)

    async def _switch(self, service: CloudName, kind: FaultKind | None) -> None:
        async with self._http.post(self._control_url, json={"service": service, "fault": kind}) as response:
            if response.status != 200:
                raise RuntimeError(f"emulated {service}: {await response.text()}")


@contextlib.asynccontextmanager
async def running_clouds(profile: str) -> AsyncIterator[CloudProcess]:
    """Start the emulated clouds with the profile of this name; they end with the block."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "bench.clouds", "--profile", profile, stdout=asyncio.subprocess.PIPE
    )
    try:
        environment: dict[str, str] = {}
        while CONTROL not in environment:
            line = await process.stdout.readline() if process.stdout else b""
            if not line:
                raise RuntimeError("the emulated clouds did not start; see above")
            name, _, value = line.decode().strip().partition("=")
            environment[name] = value
        async with aiohttp.ClientSession() as http:
            yield CloudProcess(PROFILES[profile], environment, http)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
