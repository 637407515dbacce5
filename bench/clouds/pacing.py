"""Leaving at the right time: absolute deadlines, so that a late wake-up does not delay what follows."""

from __future__ import annotations

import asyncio
import random
import time
from typing import NoReturn

from bench.clouds.profile import Profile


async def sleep_until(deadline_mono: float) -> None:
    """Return at ``deadline_mono`` (CLOCK_MONOTONIC seconds), or at once when that has passed."""
    remaining_s = deadline_mono - time.monotonic()
    if remaining_s > 0:
        await asyncio.sleep(remaining_s)


async def hang() -> NoReturn:
    """Never return. The server cancels its handlers when the client leaves."""
    while True:
        await asyncio.Event().wait()


class Weather:
    """The random part of a profile: jitter and stalls from one seeded generator."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self._random = random.Random(profile.seed)

    def latency_s(self, base_s: float) -> float:
        return base_s + self._random.uniform(0.0, self.profile.jitter_s)

    def stall_s(self) -> float:
        stalled = self._random.random() < self.profile.stall_probability
        return self.profile.stall_s if stalled else 0.0


class Pacer:
    """Releases the pieces of one stream: the first at ``first_due_mono``, each next a step later."""

    def __init__(self, first_due_mono: float, weather: Weather) -> None:
        self.due_mono = first_due_mono
        self._weather = weather

    async def release(self, step_to_next_s: float) -> None:
        """Wait until the current piece is due; the next is due ``step_to_next_s`` after it."""
        self.due_mono += self._weather.stall_s()
        await sleep_until(self.due_mono)
        self.due_mono += step_to_next_s
