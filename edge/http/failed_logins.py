"""Who tries one token after another is not listened to for a while. Pure: the time is passed in."""

from __future__ import annotations

from collections import deque

from edge.recent import Recent

FAILURES = 10
WITHIN_S = 60.0
"""An address with that many wrong tokens within so long is not heard any more until they are that old."""
MAX_ADDRESSES = 1024
"""Beyond that the one that was wrong longest ago is forgotten."""


class FailedLogins:
    """Wrong tokens, by the address that they came from. Seconds on any one clock."""

    def __init__(self) -> None:
        self._times = Recent[str, deque[float]](MAX_ADDRESSES)

    def wait_s(self, address: str, now: float) -> float:
        """How long this address is still refused unheard, in seconds; 0: it is heard."""
        times = self._times.get(address)
        if times is None or len(times) < FAILURES:
            return 0.0
        return max(0.0, times[0] + WITHIN_S - now)

    def add(self, address: str, now: float) -> None:
        """Note that a wrong token came from this address."""
        times = self._times.get(address, deque(maxlen=FAILURES))
        times.append(now)
        self._times[address] = times

    def forgive(self, address: str) -> None:
        """The right token came from there."""
        self._times.pop(address, None)
