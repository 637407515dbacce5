"""Begins answers on guesses, and hands them to the turns that they turn out to belong to."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable

from edge.clock import monotonic
from edge.commentator.head_start import HeadStart
from edge.commentator.models.request import ModelRequest, WrittenClause
from edge.commentator.speculation import Speculation
from edge.commentator.wording import Ask
from edge.journal import turn_fields
from edge.ladder import Ladder
from edge.messages import Guess, GuessVoid, Trigger

log = logging.getLogger(__name__)

LAPSE_S = 0.01
"""Beyond the deadline, so that it has passed when it is looked at."""


class Speculator:
    """Has answers made for probable questions, and gives each to the turn that asks it.

    Args:
        per_minute: see ``Speculation``.
        models: the model ladder.
        begin: opens the voice for the guess and gives what to ask the models; None: no answer would be given.
        counters: ``speculation.used`` and ``speculation.wasted`` are counted here.
    """

    def __init__(
        self,
        per_minute: int,
        models: Ladder[ModelRequest, WrittenClause],
        begin: Callable[[Guess], Ask | None],
        counters: Counter[str],
    ) -> None:
        self._speculation = Speculation(per_minute)
        self._models = models
        self._begin = begin
        self._counters = counters
        self._head_start: HeadStart | None = None
        self._lapse: asyncio.TimerHandle | None = None

    def take(self, message: Guess | GuessVoid) -> None:
        """News from the listener."""
        now = monotonic()
        if isinstance(message, GuessVoid):
            self._speculation.void(message.turn_id)
        elif self._speculation.begins(message, now):
            self._waste()
            if ask := self._begin(message):
                self._start(message, ask, now)
            else:
                self._speculation.void(message.turn_id)
        self._waste_if_void()

    def adopt(self, trigger: Trigger) -> HeadStart | None:
        """The answer that was begun for this trigger, if there is one; the caller sees to its end."""
        is_right = self._speculation.is_right(trigger, monotonic())
        if not is_right or self._head_start is None:
            self._waste_if_void()
            return None
        adopted, self._head_start = self._head_start, None
        self._counters["speculation.used"] += 1
        log.info("its answer was begun before", extra=turn_fields(trigger.turn_id))
        return adopted

    def close(self) -> None:
        self._waste()

    def _start(self, guess: Guess, ask: Ask, now: float) -> None:
        self._head_start = HeadStart(ask, self._models)
        if self._lapse:
            self._lapse.cancel()
        self._lapse = asyncio.get_running_loop().call_later(guess.expires_mono - now + LAPSE_S, self._expire)

    def _expire(self) -> None:
        self._speculation.expire(monotonic())
        self._waste_if_void()

    def _waste_if_void(self) -> None:
        if self._speculation.current is None:
            self._waste()

    def _waste(self) -> None:
        if self._head_start:
            self._head_start.cancel()
            self._head_start = None
            self._counters["speculation.wasted"] += 1
