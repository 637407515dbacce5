"""Memory and idle processor time of all processes together."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Mapping
from dataclasses import dataclass

from bench.guide_process import GuideProcess
from bench.measured_guide import running_guide
from bench.processes import cpu_s, cpu_share, pss_mb
from edge.bus.topology import PROCESSES
from edge.messages import ProcessName

TURNS = 3
"""Spoken before anything is measured, so that everything is loaded that will be."""
SETTLE_S = 2.0
IDLE_S = 30.0


@dataclass(frozen=True)
class Footprint:
    """What one guide takes. PSS counts what is shared in parts: another guide beside it lowers it a bit."""

    pss_mb: Mapping[ProcessName, float]
    idle_percent: Mapping[ProcessName, Mapping[str, float]]
    """Process → thread → percent of one core."""

    @property
    def total_pss_mb(self) -> float:
        return sum(self.pss_mb.values())

    @property
    def total_idle_percent(self) -> float:
        return sum(share for threads in self.idle_percent.values() for share in threads.values())


async def measure(environment: Mapping[str, str]) -> Footprint:
    """Have a guide with this environment speak a few remarks, then watch it do nothing."""
    # One by one, as on a shuttle: `up` would have a part in what they share.
    others = [GuideProcess(environment, name) for name in PROCESSES if name != "commentator"]
    async with contextlib.AsyncExitStack() as stack:
        for process in others:
            await stack.enter_async_context(process)
        guide = await stack.enter_async_context(running_guide(environment, only="commentator"))
        for _ in range(TURNS):
            await guide.ask()
        await asyncio.sleep(SETTLE_S)
        pids = {name: pid for process in (*others, guide) for name, pid in process.pids().items()}
        memory = {name: pss_mb(pid) for name, pid in pids.items()}
        before = {name: cpu_s(pid) for name, pid in pids.items()}
        started_mono = time.monotonic()
        await asyncio.sleep(IDLE_S)
        seconds = time.monotonic() - started_mono
        idle = {name: cpu_share(before[name], cpu_s(pid), seconds) for name, pid in pids.items()}
    return Footprint(memory, idle)
