"""When the ignition has been off for long enough. Pure: the time is passed in."""

from __future__ import annotations

from edge.ignition_note import Ignition


class Hold:
    """Measures how long the ignition has been off without a break.

    Args:
        hold_s: so long it must have been off without a break.
    """

    def __init__(self, hold_s: float) -> None:
        self._hold_s = hold_s
        self._off_since_mono: float | None = None

    def left_s(self, ignition: Ignition | None, now_mono: float, *, at_least_s: float = 0.0) -> float | None:
        """How long until it is over (0: it is); None: it does not run.

        Args:
            ignition: as it is now; where nobody knows, it is not off.
            at_least_s: so long it must have been off where ``hold_s`` is shorter.
        """
        if ignition != "off":
            self._off_since_mono = None
            return None
        if self._off_since_mono is None:
            self._off_since_mono = now_mono
        return max(0.0, self._off_since_mono + max(self._hold_s, at_least_s) - now_mono)
