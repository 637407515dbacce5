"""Which turns are still owed an end: each accepted trigger ends in exactly one published turn.

Also where the speaker dies with it and it is said anew, or where the commentator dies and its successor has
to tell how it ended.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import msgspec

from edge.clock import monotonic
from edge.commentator.exactly_once.known_triggers import KnownTriggers, TriggerKey
from edge.commentator.exactly_once.left_behind import WATCHED_AGAIN_S, LeftBehind
from edge.commentator.exactly_once.reporter import Reporter
from edge.commentator.exactly_once.spool import Spool
from edge.commentator.turn_record import Cut, log_turn
from edge.journal import turn_fields
from edge.messages import Dropped, Language, Playback, Priority, Reports, Trigger, Turn, new_id
from edge.process import Life

log = logging.getLogger(__name__)


class TurnLedger:
    """Keeps which turns are owed an end, and tells each end once.

    Args:
        life: of the commentator; ended turns are told on its feed and counted.
        spool: outlives this process.
        language: of a turn that names none.
        reporter: tells the fleet; None: there is none.
    """

    def __init__(
        self, life: Life, spool: Spool, language: Language, reporter: Reporter | None = None
    ) -> None:
        self._life = life
        self._spool = spool
        self._language = language
        self._reporter = reporter
        self._known = KnownTriggers()
        self._left_behind = LeftBehind((), language)
        self._tried: dict[TriggerKey, Turn] = {}
        """How the turn ended of what is to be said anew; told if that never happens."""

    def take_over(self, now: float) -> list[Trigger]:
        """Read what an earlier commentator left; returns what it had not begun and is to be said now."""
        left = self._spool.left_over(now)
        if self._reporter:
            self._reporter.take_over()
        for unended in left:
            self._known.is_new(unended.trigger)  # the pipe may bring it once more
        self._left_behind = LeftBehind((each.trigger for each in left if each.begun), self._language)
        waiting = [each.trigger for each in left if not each.begun]
        for trigger in waiting:
            log.warning("%s was accepted before a restart and is said now", trigger.kind)
        return waiting

    async def end_left_behind(self, since_mono: float, offer: Callable[[Trigger], None]) -> None:
        """Tell how the turns ended that an earlier commentator had begun.

        Args:
            since_mono: when the feed began on which they are told.
            offer: takes what is to be said anew.
        """
        passed: list[tuple[Trigger, Turn]] = []
        for trigger, turn in await self._left_behind.ends():
            if anew := self._anew(trigger, turn, Cut.LOST if turn.outcome == "failed" else None):
                offer(anew)
            else:
                passed.append((trigger, turn))
        if passed:
            await asyncio.sleep(max(0.0, since_mono + WATCHED_AGAIN_S - monotonic()))
        for trigger, turn in passed:
            log_turn(turn, trigger.received_mono)
            self._tell(trigger, turn)

    def note(self, playback: Playback) -> None:
        """News from the speaker."""
        self._left_behind.note(playback)

    def accept(self, trigger: Trigger) -> bool:
        """Note a trigger. False: it came before, and is not spoken twice."""
        if not self._known.is_new(trigger):
            return False
        self._spool.add(trigger)
        return True

    def begun(self, trigger: Trigger, language: Language) -> None:
        """A trigger's turn was begun in this language."""
        self._spool.begin(msgspec.structs.replace(trigger, language=language))

    def dropped(self, trigger: Trigger, dropped: Dropped) -> None:
        """A trigger will not be said: counted by reason, and no turn, unless it had been tried."""
        if tried := self._tried.get(TriggerKey.of(trigger)):
            self._tell(trigger, tried)
        else:
            self._done(trigger, dropped if trigger.priority >= Priority.ANNOUNCEMENT else None)

    def ended(self, trigger: Trigger, turn: Turn, cut: Cut | None = None) -> Trigger | None:
        """Tell the end of its turn, once; or give the trigger of the turn in which it is said anew."""
        if anew := self._anew(trigger, turn, cut):
            return anew
        self._tell(trigger, turn)
        return None

    def _anew(self, trigger: Trigger, turn: Turn, cut: Cut | None) -> Trigger | None:
        if cut is None or trigger.priority < cut.value or trigger.expires_mono <= monotonic():
            return None
        log.warning("%s is said anew", trigger.kind, extra=turn_fields(trigger.turn_id))
        self._tried[TriggerKey.of(trigger)] = turn
        return msgspec.structs.replace(trigger, turn_id=new_id())

    def _tell(self, trigger: Trigger, turn: Turn) -> None:
        self._tried.pop(TriggerKey.of(trigger), None)
        self._life.counters[f"turns.{turn.outcome}"] += 1
        self._life.feed.publish(turn)
        self._done(trigger, turn)

    def _done(self, trigger: Trigger, report: Reports | None) -> None:
        if self._reporter:
            self._reporter.done(trigger, report)
        else:
            self._spool.done(trigger)
