"""A pool for a measurement, filled the real way: a model writes, a voice speaks, the speaker keeps it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.cloud_log import CloudBill
from bench.cloud_process import CloudProcess
from bench.measured_guide import environment_of, running_guide
from edge.commentator.openers.texts import own_texts
from edge.config import ENV_PREFIX
from edge.messages import Pattern, PoolHoldings

FILLED_WITHIN_S = 180.0
LABEL = "dog"
EAGER: Mapping[str, str] = {
    f"{ENV_PREFIX}COMMENTATOR__AHEAD__REQUESTS_PER_DAY": "100000",
    f"{ENV_PREFIX}COMMENTATOR__AHEAD__TOKENS_PER_DAY": "100000000",
    f"{ENV_PREFIX}POOL__CHARACTERS_PER_DAY": "10000000",
    f"{ENV_PREFIX}POOL__QUIET_S": "0",
    f"{ENV_PREFIX}POOL__PAUSE_S": "0",
}
"""Settings of a pool without pauses and limits."""
OPENERS: Mapping[str, str] = {f"{ENV_PREFIX}COMMENTATOR__OPENERS": "true"}


@dataclass(frozen=True)
class Filling:
    """What a pool holds, and what it cost."""

    entries: int
    spent: CloudBill


async def fill_with_remarks(
    folder: Path, broker_port: int, name: str, clouds: CloudProcess, count: int
) -> Filling:
    """Fill the state of the guide ``name`` with ``count`` remarks about one dog, anywhere.

    Raises:
        TimeoutError: they did not come.
    """
    pattern = Pattern(label=LABEL)

    def enough(held: PoolHoldings) -> bool:
        return sum(entry.text.pattern == pattern for entry in held.entries) >= count

    extra = {
        **EAGER,
        f"{ENV_PREFIX}COMMENTATOR__AHEAD__ENABLED": "true",
        f"{ENV_PREFIX}COMMENTATOR__AHEAD__LABELS": LABEL,
        # Those about several dogs are written too, about one in four.
        f"{ENV_PREFIX}COMMENTATOR__AHEAD__SIZE": str(2 * count + 10),
    }
    return await _fill(folder, broker_port, name, clouds, extra, enough)


async def fill_with_openers(folder: Path, broker_port: int, name: str, clouds: CloudProcess) -> Filling:
    """Fill the state of the guide ``name`` with all openers, bridges and endings. Raises TimeoutError."""
    wanted = {text.entry_id for text in own_texts("ru", ["remark"])}

    def enough(held: PoolHoldings) -> bool:
        return wanted <= {entry.text.entry_id for entry in held.entries}

    return await _fill(folder, broker_port, name, clouds, {**EAGER, **OPENERS}, enough)


async def _fill(
    folder: Path,
    broker_port: int,
    name: str,
    clouds: CloudProcess,
    extra: Mapping[str, str],
    enough: Callable[[PoolHoldings], bool],
) -> Filling:
    started_mono = time.monotonic()
    environment = environment_of(folder, broker_port, name, {**clouds.environment, **extra})
    async with running_guide(environment) as guide:
        await guide.until_held(enough, FILLED_WITHIN_S)
        entries = len(guide.holdings.entries) if guide.holdings else 0
    return Filling(entries, (await clouds.log()).spent(started_mono, time.monotonic()))
