"""Tells telemetry how triggers ended, for the fleet; each end is kept until it was acknowledged."""

from __future__ import annotations

import asyncio
import logging
import math

import msgspec

from edge.bus import Delivery
from edge.bus.topology import REPORTS
from edge.commentator.exactly_once.spool import Spool
from edge.messages import Reports, Trigger, Turn
from edge.process import Life

log = logging.getLogger(__name__)

MOST = 300
"""Ends that are kept while telemetry is away: the file is written anew with each."""


class Reporter:
    """The sending end of the pipe ``reports``.

    Args:
        life: of the commentator; ``reports.lost`` counts what found no room.
        spool: outlives this process.
    """

    def __init__(self, life: Life, spool: Spool) -> None:
        self._life = life
        self._spool = spool
        self._telemetry = life.settings.telemetry
        self._pipe = life.send_into(REPORTS)
        self._waiting: asyncio.Queue[Reports] = asyncio.Queue()

    def take_over(self) -> None:
        """What an earlier commentator has not told is told first."""
        for report in self._spool.untold:
            self._waiting.put_nowait(report)

    def start(self) -> None:
        self._life.spawn(self._tell_for_ever(), "telling the fleet how turns ended")

    def done(self, trigger: Trigger, report: Reports | None) -> None:
        """A trigger has ended; ``report`` None: nobody need hear of it."""
        if report is None:
            self._spool.done(trigger)
            return
        if isinstance(report, Turn):
            report = self._discreet(report)
        if len(untold := self._spool.untold) >= MOST:
            lost = next((each for each in untold if isinstance(each, Turn)), untold[0])
            self._spool.told(lost)
            self._life.counters["reports.lost"] += 1
            log.error("telemetry takes no reports: the end of a turn is lost for the fleet")
        self._spool.done(trigger, report)
        self._waiting.put_nowait(report)

    async def _tell_for_ever(self) -> None:
        """One at a time: the pipe would give up what it has no room for."""
        while True:
            report = await self._waiting.get()
            if all(report.id != kept.id for kept in self._spool.untold):
                continue  # it had to make room
            sent = self._pipe.put(report, priority=0, expires_mono=math.inf)
            if await sent is not Delivery.CLOSED:
                self._spool.told(report)

    def _discreet(self, turn: Turn) -> Turn:
        """The turn without the words that may neither leave the device nor be kept."""
        is_answer = turn.kind == "answer"
        if self._telemetry.answer_text if is_answer else self._telemetry.turn_text:
            return turn
        return msgspec.structs.replace(turn, text="", sources=())
