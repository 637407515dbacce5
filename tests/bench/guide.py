"""A guide for measurements: its processes, a client over MQTT, and the exact times from its feeds."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import zmq.asyncio

from edge import config
from edge.bus import FeedSubscriber
from edge.bus.topology import PROCESSES, feed_path
from edge.cli.client import GuideClient
from edge.cli.up import Supervisor
from edge.config import ENV_PREFIX, Budget, Settings
from edge.messages import ProcessName, ProcessState, Stage, Turn, new_id

READY_WITHIN_S = 60.0
TURN_WITHIN_S = 40.0
HEALTHY_WITHIN_S = 30.0

SIGHTING = {"text": "две собаки справа"}


@dataclass(frozen=True)
class Asked:
    """A trigger that was published, and the turn that came of it."""

    published_mono: float
    """Right before the publication. All processes of a machine share this clock."""
    turn: Turn

    def at(self, stage: Stage) -> float:
        """Monotonic seconds. Raises KeyError when the turn did not reach the stage."""
        return dict(self.turn.stages)[stage]

    def until_ms(self, stage: Stage) -> float:
        """From the publication."""
        return (self.at(stage) - self.published_mono) * 1000


class Guide:
    """A running guide."""

    def __init__(self, settings: Settings, client: GuideClient, supervisor: Supervisor) -> None:
        self.settings = settings
        self._client = client
        self._supervisor = supervisor
        self._turns: dict[str, Turn] = {}
        self._states: dict[ProcessName, ProcessState] = {}
        self._news = asyncio.Event()

    async def ask(self, event: dict[str, str] = SIGHTING, *, leaf: str = "event") -> Asked:
        """Publish a trigger and wait for the end of its turn. Raises TimeoutError."""
        trigger_id = new_id()
        published_mono = time.monotonic()
        await self._client.publish_json(leaf, event | {"id": trigger_id})
        async with asyncio.timeout(TURN_WITHIN_S):
            while trigger_id not in self._turns:
                await self._next_news()
        return Asked(published_mono, self._turns.pop(trigger_id))

    async def until_rungs(self, process: ProcessName, *, working: bool, except_for: Iterable[str] = ()) -> None:
        """Wait until all the process's rungs (but for some) are usable, or none of them is."""
        ignored = {*except_for}
        async with asyncio.timeout(HEALTHY_WITHIN_S):
            while True:
                await self._next_news()
                facts = self._states[process].facts if process in self._states else {}
                rungs = {name.split(".")[1]: fact for name, fact in facts.items() if name.startswith(("model.", "voice."))}
                usable = [fact == "ok" for name, fact in rungs.items() if name not in ignored]
                if usable and all(usable) if working else usable and not any(usable):
                    return

    def pids(self) -> dict[ProcessName, int]:
        return {name: pid for name in PROCESSES if (pid := self._supervisor.pid(name)) is not None}

    async def watch(self, context: zmq.asyncio.Context) -> None:
        """Keep the turns and states that the feeds tell, for ever."""
        feeds = {feed_path(self.settings.runtime_dir, name): [Turn, ProcessState] for name in PROCESSES}
        async with contextlib.aclosing(FeedSubscriber(feeds).messages(context)) as messages:
            async for message in messages:
                if isinstance(message, Turn):
                    self._turns[message.trigger_id] = message
                elif isinstance(message, ProcessState):
                    self._states[message.process] = message
                news, self._news = self._news, asyncio.Event()
                news.set()

    async def _next_news(self) -> None:
        await self._news.wait()
