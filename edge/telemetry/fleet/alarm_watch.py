"""Watches for alarms: what is raised is told also while the disk takes nothing, and remembered later."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial

from edge.fleet.frame import AlarmName
from edge.telemetry.fleet import alarm_log
from edge.telemetry.fleet.alarms import AlarmCauses, AlarmChange, Alarms, Raised, Situation
from edge.telemetry.fleet.outbox import Made
from edge.telemetry.fleet.store import FleetStore, NotKeptError

log = logging.getLogger(__name__)

LOOK_S = 1.0
KEPT_AGAIN_S = 5.0


class AlarmWatch:
    """Looks once a second, and has what changes told.

    Args:
        situation: what alarms are made of.
        untold: why something cannot be told; empty: it can.
        now: as what is made now would be stamped.
        on_change: told when an alarm was raised or cleared, and when that is on the disk.
    """

    def __init__(
        self,
        store: FleetStore,
        situation: Callable[[], Situation],
        untold: Callable[[], str],
        now: Callable[[], Made],
        on_change: Callable[[], None],
    ) -> None:
        self._store = store
        self._situation = situation
        self._untold = untold
        self._now = now
        self._on_change = on_change
        self._alarms = Alarms({})
        self._unkept: list[AlarmChange] = []
        self._remembers = False

    @property
    def raised(self) -> Mapping[AlarmName, Raised]:
        """Alarms that are raised now."""
        return self._alarms.raised

    async def watch_for_ever(self) -> None:
        causes = AlarmCauses()
        kept_again_mono = 0.0
        while True:
            now_mono = time.monotonic()
            if now_mono >= kept_again_mono and (self._unkept or not self._remembers):
                try:
                    await self._keep()
                except NotKeptError as error:
                    log.error("alarms are not remembered yet: %s", error)
                    kept_again_mono = now_mono + KEPT_AGAIN_S
            found = causes.of(self._situation(), now_mono)
            if now_mono < kept_again_mono:
                found["outbox"] = "the disk takes none of what is to be told"
            elif untold := self._untold():
                found["outbox"] = untold
            if changes := self._alarms.follow(found, now_mono, time.time()):
                self._unkept += changes
                self._on_change()
            else:
                await asyncio.sleep(LOOK_S)

    async def _keep(self) -> None:
        work = partial(_remember, changes=tuple(self._unkept), made=self._now())
        before = await self._store.run(work)
        if not self._remembers:
            self._alarms.raised = before | self._alarms.raised
        self._unkept, self._remembers = [], True
        self._on_change()


def _remember(db: sqlite3.Connection, changes: Iterable[AlarmChange], made: Made) -> dict[AlarmName, Raised]:
    """Work for the store: those that were raised before, and are remembered from now on."""
    before = alarm_log.raised(db)
    alarm_log.tell(db, changes, made)
    return before
