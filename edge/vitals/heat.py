"""What heat costs the guide: first the local language model, then recognition, never speech. Pure.

NVIDIA's device tree of the Orin ("arm64: tegra: Add thermal support for Tegra234") has the kernel lower the
clocks from 99 °C (``cpu-sw-throttle``) and power off at 104.5 °C (``cpu-sw-shutdown``). What can be done
without ends before that, since lower clocks would slow the voice too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

HeatLevel = Literal[0, 1, 2]
"""See ``RESTS``."""
RESTS: dict[HeatLevel, str] = {
    0: "nothing",
    1: "the local language model, captions and guesses",
    2: "the local language model and recognition",
}
"""What is left out, for people."""
LEVELS: tuple[HeatLevel, ...] = (0, 1, 2)
BEGINS_C = (90.0, 95.0)
"""Where level 1 and 2 begin."""
ENDS_C = (85.0, 90.0)
COOL_S = 30.0
"""The time that it must have been cooler: what begins again heats again."""
ZONES = ("cpu", "gpu", "cv", "soc", "tj")
"""How the names of a Jetson's own zones begin. Those of other machines mean something else."""


def hottest_c(temperatures_c: Mapping[str, float]) -> float | None:
    """The hottest of the zones that count; None: there are none."""
    return max((celsius for zone, celsius in temperatures_c.items() if zone.startswith(ZONES)), default=None)


class HeatPolicy:
    """Makes the board's heat level of readings."""

    def __init__(self) -> None:
        self.level: HeatLevel = 0
        self._cool_since_mono: float | None = None

    def follow(self, temperatures_c: Mapping[str, float], now_mono: float) -> HeatLevel:
        """Take a reading; returns the level that holds now.

        Args:
            temperatures_c: zone → °C, as ``read_temperatures_c`` gives them.
        """
        hottest = hottest_c(temperatures_c)
        reached = LEVELS[sum(hottest is not None and hottest >= begins for begins in BEGINS_C)]
        if reached > self.level:
            self.level = reached
        held = LEVELS[sum(hottest is not None and hottest >= ends for ends in ENDS_C)]
        if held >= self.level:
            self._cool_since_mono = None
        elif self._cool_since_mono is None:
            self._cool_since_mono = now_mono
        elif now_mono - self._cool_since_mono >= COOL_S:
            self.level, self._cool_since_mono = held, None
        return self.level
