"""Where a turn's words come from: they are given, held in the pool, or written now by a model."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import NamedTuple, Protocol

from edge.commentator.clauses import ClauseCutter
from edge.commentator.cleaning import without_markup
from edge.commentator.models.request import ModelRequest, WrittenClause
from edge.journal import turn_fields
from edge.ladder import LadderExhausted, RungOutput
from edge.messages import PoolEntry
from edge.rung_trail import RungTrail

log = logging.getLogger(__name__)

POOL, ENDING = "pool", "ending"
"""Beside the rungs of the ladder: who a turn's words are from."""

Ask = Callable[[], Awaitable[ModelRequest]]
WriteClauses = Callable[[ModelRequest], AsyncGenerator[RungOutput[WrittenClause], None]]
"""What writes the words: the model ladder, or who has asked it already."""


class Words(NamedTuple):
    """A clause to be spoken."""

    text: str
    source: str | None = None
    """The rung, ``pool`` or ``ending``; None: they were given from outside."""
    first_token_mono: float | None = None
    pool_entry: str | None = None
    """The speaker may hold their sound."""
    is_aside: bool = False
    """There are none: the guide was not meant."""


class Wording(Protocol):
    """Gives the words of one turn, once."""

    sources: tuple[str, ...]
    """Pages that an answer could draw on, or the one that it quotes; known with its first words."""
    refused: Sequence[str]
    """Why what models wrote was not said, a line for each reply that the gate stopped."""
    trail: RungTrail | None
    """What was asked of models; None: nothing yet."""
    takes_time: bool
    """The words are not there at once, nor is their sound."""

    def clauses(self) -> AsyncGenerator[Words, None]: ...


class _ReadyWords:
    """Words that are there at once; no model is asked for them."""

    sources: tuple[str, ...] = ()
    refused: Sequence[str] = ()
    trail: RungTrail | None = None
    takes_time = False


class GivenWords(_ReadyWords):
    """Words that are spoken as they are, without mark-up and emoji."""

    def __init__(self, text: str) -> None:
        self._text = without_markup(text)

    async def clauses(self) -> AsyncGenerator[Words, None]:
        cutter = ClauseCutter()
        for clause in [*cutter.feed(self._text), cutter.rest()]:
            if clause:
                yield Words(clause)


class PooledWords(_ReadyWords):
    """A remark that was written and voiced ahead."""

    def __init__(self, entry: PoolEntry) -> None:
        self._text = entry.text

    async def clauses(self) -> AsyncGenerator[Words, None]:
        yield Words(self._text.text, POOL, pool_entry=self._text.entry_id)


class WrittenWords:
    """Words that the model ladder writes while they are spoken.

    Args:
        ask: makes what to ask the models.
        write: writes what they are asked for.
        turn_id: for the journal.
    """

    takes_time = True

    def __init__(self, ask: Ask, write: WriteClauses, turn_id: str) -> None:
        self.sources: tuple[str, ...] = ()
        self.refused: Sequence[str] = ()
        self.trail: RungTrail | None = None
        self._ask = ask
        self._write = write
        self._turn_id = turn_id

    async def clauses(self) -> AsyncGenerator[Words, None]:
        """Raises LadderExhausted when not a single clause came."""
        request = await self._ask()
        self.sources, self.refused, self.trail = request.sources, request.refused, request.trail
        has_words = False
        try:
            async for rung, clause in self._write(request):
                has_words = True
                if clause.page:
                    self.sources = (clause.page,)
                yield Words(clause.text, rung, clause.first_token_mono, is_aside=clause.is_aside)
        except LadderExhausted as error:
            if not has_words:
                raise
            log.warning("the remark ends early: %s", error, extra=turn_fields(self._turn_id))
