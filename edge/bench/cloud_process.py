"""The emulated clouds in a process of their own, and what they recorded."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any

import aiohttp

from edge.bench.clouds import PROFILES, FaultKind, Profile
from edge.bench.clouds.faults import ServiceName

CONTROL = "EMULATED_CLOUDS_CONTROL_URL"


@dataclass(frozen=True)
class Given:
    """One text that a service gave out: a model's reply, or the sound of some text. Monotonic seconds."""

    text: str
    requested_mono: float
    """The service had read what it was asked; a new connection has been paid for before this."""
    first_mono: float
    """The first token of content, or the first sound, left the service."""


class Clouds:
    """Talks to the control port of ``python -m edge.bench.clouds``."""

    def __init__(self, profile: Profile, environment: dict[str, str], http: aiohttp.ClientSession) -> None:
        self.profile = profile
        self._control_url = environment.pop(CONTROL)
        self.environment = environment
        """Sends a guide to these clouds."""
        self._http = http

    async def fail(self, services: Iterable[ServiceName], kind: FaultKind) -> None:
        """Let the services fail from now on."""
        for service in services:
            await self._switch(service, kind)

    async def heal(self, services: Iterable[ServiceName]) -> None:
        for service in services:
            await self._switch(service, None)

    async def given(self, service: ServiceName, since_mono: float, until_mono: float) -> list[Given]:
        """What the service was asked for and began to give out between the two moments, in that order."""
        async with self._http.get(f"{self._control_url}/log", params={"service": service}) as response:
            records: list[dict[str, Any]] = await response.json()
        found = [
            Given(output["text"], output["requested_mono"], output["first_mono"])
            for record in records
            for output in record["outputs"]
            if output["first_mono"] is not None and since_mono <= output["requested_mono"] <= until_mono
        ]
        return sorted(found, key=lambda given: given.requested_mono)

    async def _switch(self, service: ServiceName, kind: FaultKind | None) -> None:
        async with self._http.post(self._control_url, json={"service": service, "fault": kind}) as response:
            if response.status != 200:
                raise RuntimeError(f"emulated {service}: {await response.text()}")


@contextlib.asynccontextmanager
async def running_clouds(profile: str) -> AsyncIterator[Clouds]:
    """Start the emulated clouds with the profile of this name; they end with the block."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "edge.bench.clouds", "--profile", profile, stdout=asyncio.subprocess.PIPE
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
            yield Clouds(PROFILES[profile], environment, http)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
