"""A guide for measurements: its processes, a client over MQTT, and the exact times from its feeds."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.own_settings import own_settings
from edge import config
from edge.bus import watching
from edge.bus.topology import PROCESSES
from edge.cli.client import GuideClient
from edge.cli.up import PROGRAM, Supervisor
from edge.config import ENV_PREFIX, Settings
from edge.messages import Kind, PoolHoldings, ProcessName, ProcessState, Stage, Turn, new_id
from edge.tasks import cancel_and_wait

READY_WITHIN_S = 60.0
PATIENCE_S = 40.0

SIGHTING = {"text": "две собаки справа"}


@dataclass(frozen=True)
class AskedTurn:
    """A trigger that was published, and the turn that came of it."""

    published_mono: float
    """Right before the publication, on the clock that all processes of a machine share."""
    turn: Turn

    def reached(self, stage: Stage) -> bool:
        return stage in dict(self.turn.stages)

    def at(self, stage: Stage) -> float:
        """Monotonic seconds. Raises KeyError when the turn did not reach the stage."""
        return dict(self.turn.stages)[stage]

    def until_ms(self, stage: Stage) -> float:
        """Time from the publication to a stage."""
        return (self.at(stage) - self.published_mono) * 1000


class MeasuredGuide:
    """A running guide. The turn's times are those that its processes noted themselves."""

    def __init__(self, settings: Settings, client: GuideClient, supervisor: Supervisor) -> None:
        self._settings = settings
        self._client = client
        self._supervisor = supervisor
        self._turns: dict[str, Turn] = {}
        self._states: dict[ProcessName, ProcessState] = {}
        self.holdings: PoolHoldings | None = None
        """What the pool holds, as last told."""
        self._news = asyncio.Event()

    async def ask(self, event: Mapping[str, str] = SIGHTING, *, leaf: str = "event") -> AskedTurn:
        """Publish a trigger and wait for the end of its turn. Raises TimeoutError."""
        trigger_id = new_id()
        payload = json.dumps({**event, "id": trigger_id}, ensure_ascii=False)
        published_mono = time.monotonic()
        await self._client.publish(leaf, payload)
        await self._until(lambda: trigger_id in self._turns)
        return AskedTurn(published_mono, self._turns.pop(trigger_id))

    async def next_turn(self, kind: Kind) -> Turn:
        """Wait for a turn that nobody asked for by name. Raises TimeoutError."""
        await self._until(lambda: any(turn.kind == kind for turn in self._turns.values()))
        return self._turns.pop(next(key for key, turn in self._turns.items() if turn.kind == kind))

    async def until_heard(self, process: ProcessName) -> None:
        """Wait until the process's feed reaches us: before that a very short turn would be missed."""
        await self._until(lambda: process in self._states)

    async def until_rungs(self, process: ProcessName, *, working: bool, last: Iterable[str] = ()) -> None:
        """Wait until every rung of the process but the ``last`` ones works, or until none of them does."""
        await self.until_heard(process)
        await self._until(
            lambda: all(
                (fact == "ok") is working
                for name, fact in self._states[process].facts.items()
                if name.startswith(("model.", "voice.")) and name.partition(".")[2] not in last
            )
        )

    async def until_held(self, enough: Callable[[PoolHoldings], bool], within_s: float) -> None:
        """Order the pool to be filled, and wait until it holds enough. Raises TimeoutError."""
        await self._client.publish("cmd/pool", "fill")
        await self._until(lambda: self.holdings is not None and enough(self.holdings), within_s)

    async def _until(self, fulfilled: Callable[[], bool], within_s: float = PATIENCE_S) -> None:
        async with asyncio.timeout(within_s):
            while not fulfilled():
                await self._news.wait()

    def pids(self) -> dict[ProcessName, int]:
        return {name: pid for name in PROCESSES if (pid := self._supervisor.pid(name)) is not None}

    async def watch(self) -> None:
        """Keep what the feeds tell, for ever."""
        async with watching(self._settings.runtime_dir, Turn, ProcessState, PoolHoldings) as messages:
            async for message in messages:
                if isinstance(message, Turn):
                    self._turns[message.trigger_id] = message
                elif isinstance(message, ProcessState):
                    self._states[message.process] = message
                elif isinstance(message, PoolHoldings):
                    self.holdings = message
                news, self._news = self._news, asyncio.Event()
                news.set()


def environment_of(
    folder: Path, broker_port: int, shuttle_id: str, extra: Mapping[str, str]
) -> dict[str, str]:
    """Ours without a guide's settings, and those of a guide by itself that makes no sound."""
    own_folder = folder / shuttle_id
    own_folder.mkdir(exist_ok=True)
    ours = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(ENV_PREFIX) and not name.endswith("_API_KEY")
    }
    return {
        **ours,
        **own_settings(own_folder, broker_port, shuttle_id),
        f"{ENV_PREFIX}SPEAKER__OUTPUT": "null",
        f"{ENV_PREFIX}ELEVENLABS__SPEED": "1.2",  # turns end sooner, so the run does; no figure is of that
        f"{ENV_PREFIX}LOG_LEVEL": "WARNING",
        **extra,
    }


@contextlib.asynccontextmanager
async def running_guide(
    environment: Mapping[str, str],
    *,
    processes: Sequence[ProcessName] = PROCESSES,
    quiet: bool = False,
    program: Sequence[str] = PROGRAM,
) -> AsyncIterator[MeasuredGuide]:
    """Start a guide; yields at the moment when it says READY.

    Args:
        processes: those to start, when somebody stands in for the others.
        quiet: throw its log lines away (for faults that it is made to complain about).
        program: see ``Supervisor``.
    """
    settings = config.load(environment, dotenv=None)
    async with (
        Supervisor(processes, environment, quiet=quiet, program=program) as supervisor,
        GuideClient(settings) as client,
    ):
        guide = MeasuredGuide(settings, client, supervisor)
        watch = asyncio.create_task(guide.watch())
        try:
            await client.wait_ready(READY_WITHIN_S)
            yield guide
        finally:
            await cancel_and_wait(watch)
