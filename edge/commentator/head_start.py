"""An answer that was begun before it was certainly asked for: held back, then taken over or given up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from edge.commentator.models.request import ModelRequest, WrittenClause
from edge.commentator.wording import Ask
from edge.ladder import Ladder, RungOutput
from edge.tasks import cancel_and_wait


class HeadStart:
    """Begins to write at once. Nobody sees a word of it before ``run``; ``cancel`` stops the models, too.

    Args:
        ask: makes what to ask the models.
        models: the model ladder.
    """

    def __init__(self, ask: Ask, models: Ladder[ModelRequest, WrittenClause]) -> None:
        self._models = models
        self._written: asyncio.Queue[RungOutput[WrittenClause] | None] = asyncio.Queue()
        self._asking = asyncio.ensure_future(ask())
        self._writing = asyncio.create_task(self._write(), name="writing ahead")
        self._writing.add_done_callback(_look_at)

    async def ask(self) -> ModelRequest:
        """What the models were asked."""
        return await asyncio.shield(self._asking)

    async def run(self, request: ModelRequest) -> AsyncGenerator[RungOutput[WrittenClause], None]:
        """The ladder's outputs for ``request`` (which is that of ``ask``), those that are there at once.

        Raises:
            LadderExhausted: as the ladder does.
        """
        del request
        try:
            while (output := await self._written.get()) is not None:
                yield output
            await self._writing
        finally:
            await cancel_and_wait(self._asking, self._writing)  # so that what it cost is known

    def cancel(self) -> None:
        """Stop it at its source. Harmless when it has ended."""
        self._asking.cancel()
        self._writing.cancel()

    async def _write(self) -> None:
        try:
            request = replace(await self._asking, is_guess=True)
            async with aclosing(self._models.run(request)) as outputs:
                async for output in outputs:
                    self._written.put_nowait(output)
        finally:
            self._written.put_nowait(None)


def _look_at(ended: asyncio.Task[None]) -> None:
    """An error of what is given up matters to nobody; who takes it over gets it from ``run``."""
    if not ended.cancelled():
        ended.exception()
