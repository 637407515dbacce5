"""How often an interim transcript is made, if the machine is fast enough for any. Pure; time is passed in."""

from __future__ import annotations

LARGEST_SHARE = 0.5
"""Share of the time that goes into interim transcripts at most; the rest is the finals'."""
TOO_SLOW_S = 1.5
"""What takes longer is no caption of what is being said now: then there are none for a while."""
REST_S = 60.0


class InterimPace:
    """Says when the next interim transcript is due, by what the last ones cost.

    Args:
        gap_s: between two interim transcripts of one segment; longer where they take long.
    """

    def __init__(self, gap_s: float) -> None:
        self._wished_gap_s = gap_s
        self._cost_s = 0.0
        self._segment_id = ""
        self._last_mono = 0.0
        self._off_until = float("-inf")

    @property
    def gap_s(self) -> float:
        """What is kept between two, as fast as the machine is."""
        return max(self._wished_gap_s, self._cost_s / LARGEST_SHARE)

    def state(self, now: float) -> str:
        """One line for people."""
        if now < self._off_until:
            return f"off for {REST_S:.0f} s: one took {self._cost_s:.1f} s"
        return f"every {self.gap_s:.1f} s"

    def due(self, segment_id: str, now: float) -> bool:
        """Whether the next one of this segment is due; a new segment begins to wait when it is first seen."""
        if segment_id != self._segment_id:
            self._segment_id, self._last_mono = segment_id, now
        return now >= self._off_until and now - self._last_mono >= self.gap_s

    def started(self, now: float) -> None:
        self._last_mono = now

    def took(self, cost_s: float, now: float, *, finished: bool) -> None:
        """One has ended; one that was given up would have taken longer than that."""
        if finished or cost_s > self._cost_s:
            self._cost_s = cost_s
        if self._cost_s > TOO_SLOW_S:
            self._off_until = now + REST_S
