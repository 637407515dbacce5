"""Watches the machine that telemetry runs on: its vitals, its heat, and what slows it down."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import Path

from edge.bus.topology import TIMINGS
from edge.journal_events import MessageId, event
from edge.messages import Heat
from edge.process import Life
from edge.vitals.board import read_board
from edge.vitals.heat import RESTS, HeatLevel, HeatPolicy, hottest_c
from edge.vitals.sensors import read_temperatures_c
from edge.vitals.slowdowns import ADVICE, Episodes
from edge.vitals.tree import Tree
from edge.vitals.vitals import Vitals, describe, read_vitals, slowdown_counts

log = logging.getLogger(__name__)


class MachineWatch:
    """Keeps the vitals fresh, and tells the other processes how hot the board is.

    Args:
        life: of telemetry; its feed gets ``Heat``.
        on_known: called when the vitals are known for the first time.
    """

    def __init__(self, life: Life, on_known: Callable[[], None]) -> None:
        self.vitals: Vitals | None = None
        """None: not read yet."""
        self._life = life
        self._on_known = on_known
        self._heat = HeatPolicy()

    @property
    def heat_level(self) -> HeatLevel:
        return self._heat.level

    def start(self) -> None:
        self._life.spawn(self._read_vitals(), "reading vitals")
        self._life.spawn(self._watch_heat(), "watching the heat")

    async def _read_vitals(self) -> None:
        """Tell the journal once what machine this is, and keep the vitals fresh for ``state``."""
        tree, settings = Tree(), self._life.settings
        state_dir = Path(settings.state_dir)
        board = await asyncio.to_thread(read_board, tree)
        episodes = Episodes()
        while True:
            vitals = await asyncio.to_thread(read_vitals, tree, state_dir)
            if self.vitals is None:
                facts = {name.upper(): fact for name, fact in board._asdict().items() if fact}
                log.info("running on %s", describe(board, vitals), extra=facts)
                self._on_known()
            self.vitals = vitals
            tell_slowdowns(episodes, vitals, time.monotonic())
            await asyncio.sleep(settings.telemetry.state_period_s)

    async def _watch_heat(self) -> None:
        """Oftener than the other vitals, since others do with less because of it."""
        tree = Tree()
        while True:
            temperatures_c = await asyncio.to_thread(read_temperatures_c, tree)
            before = self._heat.level
            level = self._heat.follow(temperatures_c, time.monotonic())
            tell_heat(before, level, hottest_c(temperatures_c))
            self._life.feed.publish(Heat(level=level))
            await asyncio.sleep(TIMINGS[Heat].period_s)


def tell_heat(before: HeatLevel, level: HeatLevel, hottest: float | None) -> None:
    """One line of the journal for each step up, and one when it is over."""
    degrees = "unknown" if hottest is None else f"{hottest:.0f} °C"
    if level > before:
        fields = event(MessageId.HEAT_BEGAN, level=level)
        log.warning("the board is hot (%s): %s rest; see fan and air", degrees, RESTS[level], extra=fields)
    elif before and not level:
        fields = event(MessageId.HEAT_ENDED)
        log.info("the board is cool again (%s): nothing rests any more", degrees, extra=fields)


def tell_slowdowns(episodes: Episodes, vitals: Vitals, now_mono: float) -> None:
    """One line of the journal for each cause that has begun, or ended, to slow the board down."""
    for change in episodes.follow(slowdown_counts(vitals), vitals.throttled_by_heat, now_mono):
        if not change.began:
            fields = event(MessageId.SLOWDOWN_ENDED, cause=change.cause)
            log.info("the board is not slowed down by %s any more: %s", *change[::2], extra=fields)
        else:
            level = logging.INFO if change.cause == "current_peaks" else logging.WARNING
            fields = event(MessageId.SLOWDOWN_BEGAN, cause=change.cause)
            told = (change.cause, change.detail, ADVICE[change.cause])
            log.log(level, "the board is slowed down by %s: %s; %s", *told, extra=fields)
