"""How hot the board is, as telemetry last told it: for whoever does with less then."""

from __future__ import annotations

from edge.bus.topology import TIMINGS
from edge.clock import monotonic
from edge.messages import Heat
from edge.process import Life
from edge.vitals.heat import HeatLevel

TOO_HOT = "rests: the board is too hot"


class HeatNews:
    """The board's heat level as telemetry last told it; 0 where nothing was heard for long.

    Args:
        life: of the process that wants to know.
    """

    def __init__(self, life: Life) -> None:
        self._life = life
        self._level: HeatLevel = 0
        self._heard_mono = 0.0

    def start(self) -> None:
        self._life.spawn(self._follow(), "following the heat")

    @property
    def level(self) -> HeatLevel:
        return self._level if monotonic() - self._heard_mono < TIMINGS[Heat].fresh_s else 0

    async def _follow(self) -> None:
        async for heat in self._life.watch(Heat):
            self._level, self._heard_mono = heat.level, monotonic()
