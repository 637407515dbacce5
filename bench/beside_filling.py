"""What filling the pool costs live turns: a guide that fills without pause beside one that does not."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench.cloud_process import running_clouds
from bench.filling import EAGER
from bench.measured_guide import environment_of, running_guide
from bench.schedule import interleaved
from bench.systems import GuideSystem
from edge.config import ENV_PREFIX

TRIALS = 16
UNTOLD = "дирижабль тянет за собой воздушного змея"
"""No label tells it, so no remark that was written ahead fits."""
REST_S = 0.2, 1.2
"""Drawn anew, so that a turn begins at any moment of a text's writing and voicing."""
SIZE = 2000
"""More than is written meanwhile."""


@dataclass
class BesideFilling:
    """First content over the floor of the same reply, in ms; a list entry a trial."""

    alone_ms: list[float] = field(default_factory=list)
    beside_ms: list[float] = field(default_factory=list)
    filled: int = 0
    """Texts that were voiced meanwhile."""


async def measure(
    folder: Path, broker_port: int, extra: Mapping[str, str], tell: Callable[[str], None]
) -> BesideFilling:
    """Both guides in turn.

    Args:
        extra: for both, the way to a sound server.
    """
    found = BesideFilling()
    filling = {
        **EAGER,
        f"{ENV_PREFIX}COMMENTATOR__AHEAD__ENABLED": "true",
        f"{ENV_PREFIX}COMMENTATOR__AHEAD__SIZE": str(SIZE),
    }
    rests = random.Random(1)
    async with running_clouds("seed") as clouds:
        common = {**clouds.environment, **extra}
        async with (
            running_guide(environment_of(folder, broker_port, "alone", common)) as alone,
            running_guide(environment_of(folder, broker_port, "filling", common | filling)) as beside,
        ):
            systems = [
                (GuideSystem("stream", guide, clouds, seen=UNTOLD), samples)
                for guide, samples in ((alone, found.alone_ms), (beside, found.beside_ms))
            ]
            for system, _ in systems:
                await system.trial()
            await beside.until_held(lambda held: bool(held.entries), 60.0)
            for number, (system, samples) in enumerate(interleaved(systems, TRIALS)):
                if number % 10 == 0:
                    tell(f"beside filling, {number} of {2 * TRIALS}")
                await asyncio.sleep(rests.uniform(*REST_S))
                trial = await system.trial()
                if trial.failure or trial.floor is None:
                    raise RuntimeError(f"expected a remark by the clouds, came {trial}")
                samples.append(trial.first_content_ms - trial.floor.observed_ms)
            found.filled = len(beside.holdings.entries) if beside.holdings else 0
    return found
