"""How hot the board is, as telemetry last told it: for whoever does with less then."""

from __future__ import annotations

from edge.clock import monotonic
from edge.messages import Heat
from edge.process import Life
from edge.vitals.heat import HeatLevel

PERIOD_S = 2.0
"""How often telemetry reads and tells it."""
SILENT_AFTER_S = 4 * PERIOD_S
"""What was not told for so long counts no more: a telemetry that hangs or died holds nobody back."""
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
        return self._level if monotonic() - self._heard_mono < SILENT_AFTER_S else 0

    async def _follow(self) -> None:
        async for heat in self._life.watch({"telemetry": [Heat]}):
            if isinstance(heat, Heat):
                self._level, self._heard_mono = heat.level, monotonic()
