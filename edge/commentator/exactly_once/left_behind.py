"""Turns that an earlier commentator had begun and could not end: how each of them ends.

The speaker gives up what a dead commentator began, and reports what of it was heard.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from edge.commentator.turn_record import turn_of
from edge.messages import Language, Playback, SpeechReport, Trigger, Turn
from edge.tasks import wait_at_most
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
            await wait_at_most(self._reported, REPORTS_WITHIN_S)
        return [(trigger, self._end(trigger)) for trigger in self._triggers]

    def _end(self, trigger: Trigger) -> Turn:
        unknown = SpeechReport(turn_id=trigger.turn_id, outcome="failed", reason=REASON, spoken_text="")
        timeline = Timeline(trigger.received_mono)
        timeline.merge(trigger.stages)
        report = self._reports.get(trigger.turn_id, unknown)
        return turn_of(trigger, trigger.language or self._language, report, timeline)
