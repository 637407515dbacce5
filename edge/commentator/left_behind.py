"""Turns that an earlier commentator had begun and could not end: how each of them ends.

The speaker gives up what a dead commentator began, and reports what of it was heard. Only dispatch's and
safety's words are said anew, in a turn of their own; everything else has passed.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable

from edge.messages import Language, Playback, Priority, SpeechReport, Trigger, Turn
from edge.timeline import Timeline

REASON = "the commentator restarted"
REPORTS_WITHIN_S = 2.0
"""A speaker that is there finds the new commentator within half a second, fades, and reports."""
WATCHED_AGAIN_S = 2.0
"""By then whoever watched the old commentator's feed has found the new one (see the feeds' reconnection)."""


class LeftBehind:
    """Finds out how the turns ended that an earlier commentator had begun.

    Args:
        triggers: of the turns.
        language: to name where a trigger names none.
    """

    def __init__(self, triggers: Iterable[Trigger], language: Language) -> None:
        self._language = language
        self._triggers = list(triggers)
        self._reports: dict[str, SpeechReport] = {}
        self._reported = asyncio.Event()

    def note(self, playback: Playback) -> None:
        """News from the speaker."""
        wanted = {trigger.turn_id for trigger in self._triggers}
        for report in playback.recent:
            if report.turn_id in wanted:
                self._reports.setdefault(report.turn_id, report)
        if len(self._reports) == len(wanted):
            self._reported.set()

    async def ends(self) -> list[tuple[Trigger, Turn]]:
        """The turns as they ended; waits for what the speaker has to say of them, and not for ever."""
        if self._triggers:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._reported.wait(), REPORTS_WITHIN_S)
        return [(trigger, self._end(trigger)) for trigger in self._triggers]

    def _end(self, trigger: Trigger) -> Turn:
        report = self._reports.get(trigger.turn_id)
        timeline = Timeline(trigger.received_mono)
        timeline.merge((*trigger.stages, *(report.stages if report else ())))
        return Turn(
            turn_id=trigger.turn_id,
            trigger_id=trigger.trigger_id,
            kind=trigger.kind,
            priority=trigger.priority,
            language=trigger.language or self._language,
            text=report.spoken_text if report else "",
            outcome=report.outcome if report else "failed",
            reason=report.reason if report else REASON,
            voices=report.voices if report else (),
            received_at=trigger.received_at,
            stages=timeline.stages(),
        )


def is_said_anew(trigger: Trigger, ended: Turn, now: float) -> bool:
    """Whether a turn was not heard to its end, and must be."""
    important = trigger.priority >= Priority.ANNOUNCEMENT
    return important and ended.outcome == "failed" and now < trigger.expires_mono
