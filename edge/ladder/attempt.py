"""One rung at work on one request."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Generic

from edge.clock import monotonic
from edge.ladder.step import Output, Request, Step
from edge.rung_trail import OneTry
from edge.tasks import cancel_and_wait


@dataclass(eq=False)
class Attempt(Generic[Request, Output]):
    """A step's stream, and the task that waits for its next output."""

    step: Step[Request, Output]
    stream: AsyncGenerator[Output | None, None]
    rank: int
    """Position of the step among those that take part: lower is better."""
    told: OneTry
    """What its turn is told of it."""
    started_mono: float = field(default_factory=monotonic)
    alive_mono: float = 0.0
    """When the stream last gave anything, be it only a sign of life."""
    pending: asyncio.Task[Output | None] = field(init=False)
    """The next output, or None at the end."""

    def __post_init__(self) -> None:
        self.expect()

    def expect(self) -> None:
        """Wait for the next output in a task of its own, so that several attempts can be watched at once."""
        self.pending = asyncio.create_task(self._next_output())

    async def abandon(self) -> None:
        """Stop it at its source: the request, the socket, the child process."""
        await cancel_and_wait(self.pending)
        with contextlib.suppress(Exception):
            await self.stream.aclose()

    async def _next_output(self) -> Output | None:
        async for output in self.stream:
            self.alive_mono = monotonic()
            if output is not None:
                return output
        return None
