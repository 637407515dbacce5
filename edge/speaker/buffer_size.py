"""How much sound the device is asked to hold ahead: as little as this machine keeps up with. Pure.

Little gives way quickly to whoever interrupts; too little tears holes. Times are monotonic seconds.
"""

from __future__ import annotations

GROWTH = 1.5
MOST_S = 0.12
"""More would not be quick any more, and a machine that needs it has another fault."""
SHRINK_AFTER_S = 1800.0
"""Without a hole for so long, less is tried again."""


class BufferSize:
    """Chooses how much sound the device holds ahead, by how often it ran dry.

    Args:
        least_s: as set; a setting above ``MOST_S`` is left as it is.
    """

    def __init__(self, least_s: float) -> None:
        self.wanted_s = least_s
        """For the next opening."""
        self._least_s = least_s
        self._most_s = max(least_s, MOST_S)
        self._open_s = least_s
        self._calm_since = 0.0

    @property
    def is_other(self) -> bool:
        """The device should be opened anew, when nothing sounds."""
        return self.wanted_s != self._open_s

    def opened(self, now: float) -> None:
        """The device holds what was wanted."""
        self._open_s, self._calm_since = self.wanted_s, now

    def ran_dry(self, now: float) -> None:
        """Note a hole in the middle of sound. Several until the next opening count as one."""
        self._calm_since = now
        self.wanted_s = min(self._most_s, self._open_s * GROWTH)

    def rest(self, now: float) -> None:
        """Nothing sounds: after a long time without a hole it may be less."""
        if now - self._calm_since >= SHRINK_AFTER_S:
            self.wanted_s = max(self._least_s, self._open_s / GROWTH)
