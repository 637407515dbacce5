"""A guide for measurements: it is asked over MQTT, and its feeds tell the exact times."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.guide_process import GuideProcess
from bench.own_environment import own_environment
from edge import config
from edge.bus.topology import PROCESSES
from edge.cli.client import GuideClient
from edge.cli.up import PROGRAM
from edge.config import ENV_PREFIX
from edge.messages import AnyMessage, Kind, PoolHoldings, ProcessName, Stage, Turn, new_id

READY_WITHIN_S = 60.0

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


class MeasuredGuide(GuideProcess):
    """A running guide. The turn's times are those that its processes noted themselves.

    Args:
        client: of the same guide.
    """

    NEWS = (Turn, PoolHoldings)

    def __init__(
        self,
        environment: Mapping[str, str],
        client: GuideClient,
        only: ProcessName | None = None,
        program: Sequence[str] = PROGRAM,
    ) -> None:
        super().__init__(environment, only, program)
        self.holdings: PoolHoldings | None = None
        """What the pool holds, as last told."""
        self._watched = PROCESSES
        self._client = client
        self._turns: dict[str, Turn] = {}

    async def ask(self, event: Mapping[str, str] = SIGHTING, *, leaf: str = "event") -> AskedTurn:
        """Publish a trigger and wait for the end of its turn. Raises TimeoutError."""
        trigger_id = new_id()
        payload = json.dumps({**event, "id": trigger_id}, ensure_ascii=False)
        published_mono = time.monotonic()
        await self._client.publish(leaf, payload)
        await self.until(lambda: trigger_id in self._turns, "a turn")
        return AskedTurn(published_mono, self._turns.pop(trigger_id))

    async def next_turn(self, kind: Kind) -> Turn:
        """Wait for a turn that nobody asked for by name. Raises TimeoutError."""
        await self.until(lambda: any(turn.kind == kind for turn in self._turns.values()), f"a turn ({kind})")
        return self._turns.pop(next(key for key, turn in self._turns.items() if turn.kind == kind))

    async def until_heard(self, process: ProcessName) -> None:
        """Wait until the process's feed reaches us: before that a very short turn would be missed."""
        await self.until(lambda: process in self.states, f"news of the {process}")

    async def until_rungs(self, process: ProcessName, *, working: bool, last: Iterable[str] = ()) -> None:
        """Wait until every rung of the process but the ``last`` ones works, or until none of them does."""
        await self.until_heard(process)
        await self.until(
            lambda: all(
                (fact == "ok") is working
                for name, fact in self.states[process].facts.items()
                if name.startswith(("model.", "voice.")) and name.partition(".")[2] not in last
            ),
            "the rungs",
        )

    async def until_held(self, enough: Callable[[PoolHoldings], bool], within_s: float) -> None:
        """Order the pool to be filled, and wait until it holds enough. Raises TimeoutError."""
        await self._client.publish("cmd/pool", "fill")
        await self.until(lambda: self.holdings is not None and enough(self.holdings), "the pool", within_s)

    def _told(self, message: AnyMessage) -> None:
        super()._told(message)
        if isinstance(message, Turn):
            self._turns[message.trigger_id] = message
        elif isinstance(message, PoolHoldings):
            self.holdings = message


def environment_of(
    folder: Path, broker_port: int, shuttle_id: str, extra: Mapping[str, str]
) -> dict[str, str]:
    """Return the environment of a guide by itself that makes no sound."""
    return {
        **own_environment(folder / shuttle_id, broker_port, shuttle_id),
        f"{ENV_PREFIX}SPEAKER__OUTPUT": "null",
        f"{ENV_PREFIX}ELEVENLABS__SPEED": "1.2",  # turns end sooner, so the run does; no figure is of that
        f"{ENV_PREFIX}LOG_LEVEL": "WARNING",
        **extra,
    }


@contextlib.asynccontextmanager
async def running_guide(
    environment: Mapping[str, str],
    *,
    only: ProcessName | None = None,
    quiet: bool = False,
    program: Sequence[str] = PROGRAM,
) -> AsyncIterator[MeasuredGuide]:
    """Start a guide; yields at the moment when it says READY. What it logged is shown afterwards.

    Args:
        only: the process to start, where somebody starts the others.
        quiet: show nothing of it (for faults that it is made to complain about).
        program: see ``GuideProcess``.
    """
    async with (
        GuideClient(config.load(environment, dotenv=None)) as client,
        MeasuredGuide(environment, client, only, program) as guide,
    ):
        try:
            await client.wait_ready(READY_WITHIN_S)
            yield guide
        finally:
            if not quiet:
                sys.stderr.write(guide.log())
