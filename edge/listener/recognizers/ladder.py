"""The recognition ladder: a segment in, one transcript out, by the best recognizer that works."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import NamedTuple

from edge.config import Budget
from edge.ladder import Ladder, LadderExhausted
from edge.listener.recognizers.recognizer import Recognizer
from edge.listener.segment import RecognitionRequest, Transcript


class Recognised(NamedTuple):
    """A transcript, and who wrote it."""

    transcript: Transcript
    recognizer: str


class _Heard(NamedTuple):
    """Wraps a transcript for the ladder: an empty one is an answer ("nobody spoke") and not a failure."""

    transcript: Transcript


class _Rung:
    """A recognizer as the ladder wants it."""

    def __init__(self, recognizer: Recognizer) -> None:
        self.name = recognizer.name
        self.paid = recognizer.paid
        self.local = recognizer.local
        self._recognizer = recognizer

    async def open(self, request: RecognitionRequest) -> AsyncGenerator[_Heard, None]:
        async with aclosing(self._recognizer.open(request)) as transcripts:
            async for transcript in transcripts:
                yield _Heard(transcript)

    async def probe(self) -> None:
        await self._recognizer.probe()


class RecognitionLadder:
    """
    Args:
        recognizers: best first; may be empty.
        budget: bounds of the time that one gets before the next starts beside it.
        interim: makes interim transcripts instead of these, where it works.
    """

    def __init__(
        self, recognizers: Sequence[Recognizer], budget: Budget, interim: Recognizer | None = None
    ) -> None:
        self._recognizers = recognizers
        self._interim = interim
        self._ladder: Ladder[RecognitionRequest, _Heard] = Ladder(
            "recognizer", [_Rung(one) for one in recognizers], budget, advance=lambda request, heard: request
        )

    async def start(self) -> None:
        """Returns when all models are loaded."""
        await asyncio.gather(*(recognizer.start() for recognizer in self._all))

    async def close(self) -> None:
        await self._ladder.close()
        await asyncio.gather(*(recognizer.close() for recognizer in self._all))

    @property
    def _all(self) -> list[Recognizer]:
        return [*self._recognizers, *([self._interim] if self._interim else [])]

    def usable(self, *, interim: bool = False) -> bool:
        """Whether there is any sense in asking. Interim requests stay on this machine."""
        if interim and self._interim and self._interim.usable:
            return True
        return any(one.usable and (one.local or not interim) for one in self._recognizers)

    def states(self) -> dict[str, str]:
        """Recognizer → "ok", or why it is not used at present."""
        states = self._ladder.states()
        return {one.name: states[one.name] if one.usable else one.fact for one in self._recognizers}

    def facts(self) -> dict[str, str]:
        """Recognizer → what it really runs on, or why it is not used at present."""
        states = self._ladder.states()
        facts = {
            one.name: one.fact if states[one.name] == "ok" else states[one.name] for one in self._recognizers
        }
        return facts | ({"interim": self._interim.fact} if self._interim else {})

    async def recognise(self, request: RecognitionRequest) -> Recognised:
        """Interim requests stay on this machine: asking a cloud twice a second would cost too much.

        Raises:
            LadderExhausted: there is no recognizer that works.
        """
        if request.interim and self._interim and self._interim.usable:
            async with aclosing(self._interim.open(request)) as transcripts:
                return Recognised(await anext(transcripts), self._interim.name)
        recognised: Recognised | None = None
        if not self.usable(interim=request.interim):
            raise LadderExhausted(f"no recognizer works: {self.facts()}")
        async with aclosing(self._ladder.run(request, local_only=request.interim)) as outputs:
            async for rung, heard in outputs:
                recognised = Recognised(heard.transcript, rung)
        if recognised is None:
            raise LadderExhausted("no recognizer answered")
        return recognised
