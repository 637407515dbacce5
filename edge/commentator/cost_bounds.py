"""Whether a turn may use a paid service: asked before each turn, counted, and told where it may not."""

from __future__ import annotations

import logging

from edge.clock import Moment
from edge.commentator.expenses import Expenses
from edge.commentator.paid_turns import PaidTurns, Refusal
from edge.journal_events import MessageId, event
from edge.messages import CeilingLevel, Kind, Trigger, Turn
from edge.process import Life

log = logging.getLogger(__name__)

GIVEN_UP_AT: dict[Kind, CeilingLevel] = {"remark": 1, "place": 1, "answer": 2}
"""The level from which on turns of a kind use no paid service; the others always may."""


class CostBounds:
    """Says whether a turn may use a paid service, and tells once where it may not.

    Args:
        life: of the commentator.
        has_paid_model: a model costs money.
        paid_turns: the bounds on turns.
        expenses: know of the day's ceilings.
    """

    def __init__(self, life: Life, has_paid_model: bool, paid_turns: PaidTurns, expenses: Expenses) -> None:
        self._life = life
        self._paid_turns = paid_turns
        self._expenses = expenses
        self._has_paid_model = has_paid_model

    @property
    def _is_anything_paid(self) -> bool:
        return self._has_paid_model or self._expenses.has_paid_voice

    @property
    def fact(self) -> str:
        """How many turns used paid services today, for people."""
        if not self._is_anything_paid:
            return "no paid service is configured"
        return f"{self._paid_turns.today(Moment.now().date)} today"

    def may_pay(self, trigger: Trigger) -> bool:
        """Whether the turn of this trigger may use a paid service; if so, it counts as one that does."""
        if self.is_at_ceiling(trigger.kind):
            self._life.counters["unpaid_turns.ceiling"] += 1
            return False
        if not self._is_anything_paid:
            return True
        return self._is_taken(self._paid_turns.take(trigger, Moment.now()))

    def may_guess(self) -> bool:
        """An answer may be begun that nobody has asked for yet; it costs as much as one that is heard."""
        if self._expenses.level:
            return False
        if not self._is_anything_paid:
            return True
        return self._is_taken(self._paid_turns.take_for("answer", "", "", Moment.now()))

    def turn_ended(self, turn: Turn) -> None:
        """Whatever it has cost; by their number what one costs is known."""
        self._expenses.meter.turn_ended(turn.kind)

    def is_at_ceiling(self, kind: Kind) -> bool:
        """The day's ceiling is so near that turns of this kind use no paid service."""
        level = GIVEN_UP_AT.get(kind)
        return level is not None and self._expenses.level >= level

    def _is_taken(self, refusal: Refusal | None) -> bool:
        if refusal is None:
            return True
        self._life.counters[f"unpaid_turns.{refusal.bound}"] += 1
        if refusal.is_news:
            settings = self._life.settings.commentator
            bounds = {"hour": settings.paid_turns_per_hour, "day": settings.paid_turns_per_day}
            log.warning(
                "%s: as many turns as may be paid for in one %s (see commentator.paid_turns_per_%s = %d); "
                "more are made of the pool, the phrasebook and local services",
                refusal.who,
                refusal.bound,
                refusal.bound,
                bounds[refusal.bound],
                extra=event(MessageId.COST_BOUND, who=refusal.who, bound=refusal.bound),
            )
        return False
