"""``shuttle-guide pool fill``: have a running guide fill its pool now, and watch."""

from __future__ import annotations

import argparse
import asyncio
import time

from edge.bus import watching
from edge.cli.client import GuideClient
from edge.cli.show import console
from edge.config import Settings
from edge.messages import PoolHoldings, ProcessState
from edge.operator_error import OperatorError

READY_WITHIN_S = 10.0
ORDER_TAKEN_WITHIN_S = 3.0


def fill(options: argparse.Namespace, settings: Settings) -> int:
    """Exit code 0: it is full, or as full as today's budget allows; 1: not yet, or no guide is there."""
    return asyncio.run(_fill(settings, options.timeout))


async def _fill(settings: Settings, timeout_s: float) -> int:
    async with GuideClient(settings) as client:
        await client.wait_ready(READY_WITHIN_S)
        await client.publish("cmd/pool", "fill")
        try:
            async with asyncio.timeout(timeout_s):
                outcome = await _watch(settings)
        except TimeoutError:
            raise OperatorError(f"not full after {timeout_s:.0f} s; the guide goes on") from None
    print(f"pool: {outcome}")
    return 0


async def _watch(settings: Settings) -> str:
    """Print what is held until the order is carried out; what the guide says then."""
    taken_by_mono = time.monotonic() + ORDER_TAKEN_WITHIN_S
    held, waiting, outcome, taken = -1, 0, "", False
    async with watching(settings.runtime_dir, PoolHoldings, ProcessState) as news:
        async for message in news:
            match message:
                case PoolHoldings():
                    waiting = message.waiting
                    if len(message.entries) != held:
                        held, left = len(message.entries), message.characters_left
                        console.print(
                            f"{held} held, {waiting} waiting, {left} characters left", highlight=False
                        )
                case ProcessState(process="commentator"):
                    ordered = message.facts.get("pool.order") == "being carried out"
                    # A pool that is full already has carried it out before anyone could see it.
                    taken = taken or ordered or time.monotonic() > taken_by_mono
                    outcome = message.facts.get("pool.writing", "") if taken and not ordered else ""
            if outcome and not waiting:
                return outcome
    raise AssertionError("a feed has no end")
