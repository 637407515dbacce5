"""How near the guide is to what a day may cost, as the commentator last told it."""

from __future__ import annotations

from edge.messages import CeilingLevel, CostCeiling
from edge.process import Life


class CeilingNews:
    """The level that the commentator told last; it holds until another is told.

    Args:
        life: of the process that wants to know.
    """

    def __init__(self, life: Life) -> None:
        self._life = life
        self.level: CeilingLevel = 0

    def start(self) -> None:
        self._life.spawn(self._follow(), "following what a day may cost")

    async def _follow(self) -> None:
        async for news in self._life.watch(CostCeiling):
            self.level = news.level
