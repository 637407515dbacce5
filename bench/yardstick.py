"""The yardstick: systems and floor side by side, on emulated clouds, in one run."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.cloud_process import CloudProcess, running_clouds
from bench.clouds import Profile
from bench.filling import OPENERS, Filling, fill_with_openers, fill_with_remarks
from bench.measured_guide import environment_of, running_guide
from bench.noise import NoiseMeter
from bench.prototypes import Prototype, Sequential, Streaming
from bench.schedule import interleaved
from bench.systems import GuideSystem, PrototypeSystem, System, from_the_pool
from bench.trial import SystemName, Trial
from edge.config import ENV_PREFIX

SYSTEMS: tuple[SystemName, ...] = ("pool", "opener", "stream", "seed-v1", "seed-v5")
PROTOTYPES: Mapping[SystemName, Callable[[Mapping[str, str]], Prototype]] = {
    "seed-v1": Sequential,
    "seed-v5": Streaming,
}
WARM_UPS: Mapping[SystemName, int] = {"opener": 4}
"""Openers are played when the guide knows how long its turns wait, which it has to learn first."""
FILLED_FROM = "fast"
"""Profile of the clouds that the pool is filled from: it is filled also where it will be played offline."""


@dataclass(frozen=True)
class YardstickPlan:
    """What to measure."""

    profile: str
    systems: Sequence[SystemName] = SYSTEMS
    trials: int = 10
    quiet_s: float = 0.3
    """Before each trial nothing is asked for so long."""
    output: str = "null"
    """The guides' ``speaker.output``."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """For the guides, on top (the way to a sound server)."""


@dataclass
class Measured:
    """What came of a plan."""

    plan: YardstickPlan
    profile: Profile
    trials: dict[SystemName, list[Trial]]
    filled: dict[SystemName, Filling]
    """What was written and voiced ahead for it."""
    wake_up_late_ms: list[float] = field(default_factory=list)
    """How late this machine woke an idle thread meanwhile."""


async def measure(
    plan: YardstickPlan, folder: Path, broker_port: int, tell: Callable[[str], None]
) -> Measured:
    """Start clouds and guides, try the systems in turn, stop everything.

    Args:
        folder: for sockets and state, with a short path.
        broker_port: of a broker on loopback.
        tell: gets a line for whoever waits.

    Raises:
        TimeoutError: a pool could not be filled.
        GuideUnreachableError: a guide does not become ready.
    """
    filled = await _fill(plan, folder, broker_port, tell)
    trials: dict[SystemName, list[Trial]] = {name: [] for name in plan.systems}
    async with (
        running_clouds(plan.profile) as clouds,
        _running_systems(plan, folder, broker_port, clouds, tell) as systems,
    ):
        tell("warming up")
        for system in systems:
            for _ in range(WARM_UPS.get(system.name, 1)):
                await system.trial()
        with NoiseMeter() as noise:
            for number, system in enumerate(interleaved(systems, plan.trials)):
                if number % len(systems) == 0:
                    tell(f"round {number // len(systems) + 1} of {plan.trials}")
                await asyncio.sleep(plan.quiet_s)
                trials[system.name].append(await system.trial())
        return Measured(plan, clouds.profile, trials, filled, noise.late_ms)


async def _fill(
    plan: YardstickPlan, folder: Path, broker_port: int, tell: Callable[[str], None]
) -> dict[SystemName, Filling]:
    filled: dict[SystemName, Filling] = {}
    wanted: list[SystemName] = [name for name in plan.systems if name in ("pool", "opener")]
    for name in wanted:
        tell(f"filling: {name}")
        async with running_clouds(FILLED_FROM) as clouds:
            if name == "pool":
                count = plan.trials + WARM_UPS.get(name, 1)
                filled[name] = await fill_with_remarks(folder, broker_port, name, clouds, count)
            else:
                filled[name] = await fill_with_openers(folder, broker_port, name, clouds)
    return filled


@contextlib.asynccontextmanager
async def _running_systems(
    plan: YardstickPlan, folder: Path, broker_port: int, clouds: CloudProcess, tell: Callable[[str], None]
) -> AsyncIterator[list[System]]:
    async with contextlib.AsyncExitStack() as stack:
        systems: list[System] = []
        for name in plan.systems:
            tell(f"starting: {name}")
            if name in PROTOTYPES:
                prototype = PROTOTYPES[name](environment_of(folder, broker_port, name, clouds.environment))
                stack.push_async_callback(prototype.close)
                systems.append(PrototypeSystem(name, prototype, clouds, streams=name != "seed-v1"))
                continue
            extra = {
                **clouds.environment,
                f"{ENV_PREFIX}SPEAKER__OUTPUT": plan.output,
                **(OPENERS if name == "opener" else {}),
                **plan.environment,
            }
            environment = environment_of(folder, broker_port, name, extra)
            quiet = clouds.profile.starts_with is not None  # then it has every reason to complain
            guide = await stack.enter_async_context(running_guide(environment, quiet=quiet))
            await guide.until_heard("commentator")
            if name == "pool":
                systems.append(GuideSystem(name, guide, clouds, from_the_pool))
            else:
                systems.append(GuideSystem(name, guide, clouds))
        yield systems
