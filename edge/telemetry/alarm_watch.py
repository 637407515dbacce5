"""Watches for alarms, and has what changes remembered where there is something that remembers."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

from edge.fleet.frame import AlarmName
from edge.telemetry.alarms import AlarmCauses, AlarmChange, Alarms, Raised, Situation, not_known_yet

log = logging.getLogger(__name__)

LOOK_S = 1.0
LEARNS_S = 60.0
"""What an earlier telemetry has raised is not over for as long as nothing is known of it; then it is."""
KEPT_AGAIN_S = 5.0
MOST_UNKEPT = 200
"""Changes that wait for the disk; beyond it, the oldest are not told."""


class AlarmsNotKeptError(Exception):
    """The alarms are not remembered; they will be later."""


Keep = Callable[[Sequence[AlarmChange]], Awaitable[Mapping[AlarmName, Raised]]]
"""Remembers changes, and tells what was raised before. Raises AlarmsNotKeptError."""


class AlarmWatch:
    """Looks once a second, and has what changes told; also while nothing can be remembered.

    Args:
        situation: what alarms are made of.
        keep: None: nothing is remembered over restarts.
        untold: why something cannot be told; empty: it can.
        on_change: told when an alarm was raised or cleared, once that is remembered or cannot be.
    """

    def __init__(
        self,
        situation: Callable[[], Situation],
        keep: Keep | None = None,
        untold: Callable[[], str] = lambda: "",
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self._situation = situation
        self._keep_changes = keep
        self._untold = untold
        self._on_change = on_change
        self._alarms = Alarms({})
        self._told: Mapping[AlarmName, Raised] = {}
        self._unkept: list[AlarmChange] = []
        self._keeping: asyncio.Task[tuple[Sequence[AlarmChange], Mapping[AlarmName, Raised]]] | None = None
        self._remembers = keep is None

    @property
    def raised(self) -> Mapping[AlarmName, Raised]:
        """Alarms that are raised now. One that would be forgotten by a kill is told by nobody yet."""
        return self._told

    async def watch_for_ever(self) -> None:
        causes = AlarmCauses()
        kept_again_mono, learnt_mono = 0.0, time.monotonic() + LEARNS_S
        while True:
            now_mono = time.monotonic()
            if now_mono >= kept_again_mono and (self._unkept or not self._remembers):
                try:
                    await self._keep()
                except AlarmsNotKeptError as error:
                    log.error("alarms are not remembered yet: %s", error)
                    kept_again_mono = now_mono + KEPT_AGAIN_S
                    if self._told != self._alarms.raised:
                        self._changed()
            situation = self._situation()
            found = causes.of(situation, now_mono)
            unknown = not_known_yet(situation) if now_mono < learnt_mono else ()
            if now_mono < kept_again_mono:
                found["outbox"] = "the disk takes none of what is to be told"
            elif untold := self._untold():
                found["outbox"] = untold
            if changes := self._alarms.follow(found, now_mono, time.time(), unknown):
                self._unkept += changes
                del self._unkept[:-MOST_UNKEPT]
                if now_mono < kept_again_mono:
                    self._changed()
            else:
                await asyncio.sleep(LOOK_S)

    async def _keep(self) -> None:
        keeping = self._keeping or asyncio.create_task(self._kept(tuple(self._unkept)), name="keeping alarms")
        done, _ = await asyncio.wait([keeping], timeout=KEPT_AGAIN_S)
        self._keeping = None if done else keeping
        if not done:
            raise AlarmsNotKeptError(f"the disk has not answered for {KEPT_AGAIN_S:g} s")
        kept, before = await keeping
        if not self._remembers:
            self._alarms.raised = dict(before) | self._alarms.raised
        self._unkept = [change for change in self._unkept if change not in kept]
        self._remembers = True
        self._changed()

    async def _kept(
        self, changes: Sequence[AlarmChange]
    ) -> tuple[Sequence[AlarmChange], Mapping[AlarmName, Raised]]:
        return changes, await self._keep_changes(changes) if self._keep_changes else {}

    def _changed(self) -> None:
        self._told = dict(self._alarms.raised)
        self._on_change()
