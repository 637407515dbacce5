"""Does the device play on? Told by how much it has still to play, before and behind each step. Pure.

A device that ran dry may play on only when it is full again; waiting for it to play would last for ever.
"""

from __future__ import annotations

STALLED_AFTER_S = 0.03
"""The time in which a playing device may tell the same: a sound server's figures move in steps."""


class Stall:
    """Finds out that a device has stopped taking samples. Durations are seconds."""

    def __init__(self) -> None:
        self.is_stalled = False
        """The device is to be filled rather than waited for."""
        self._unmoved_s = 0.0

    def waited(self, seconds: float, before_s: float, latency_s: float) -> None:
        """The device was waited for, so long, and nothing was written."""
        self._unmoved_s = 0.0 if latency_s < before_s else self._unmoved_s + seconds
        self.is_stalled = self._unmoved_s >= STALLED_AFTER_S

    def wrote(self, before_s: float, latency_s: float) -> None:
        """Some more was written."""
        self._unmoved_s = 0.0
        self.is_stalled = self.is_stalled and latency_s > before_s
