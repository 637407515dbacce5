"""Half duplex: what the microphone hears while the guide speaks is not listened to. Pure.

Times are monotonic seconds.
"""

from __future__ import annotations

from edge.bus.topology import TIMINGS
from edge.messages import Playback


class HalfDuplexGate:
    """Says when what the microphone hears may be the guide's own voice.

    Args:
        tail_s: how long after its end the guide's voice is still in the device and in the room.
    """

    def __init__(self, tail_s: float) -> None:
        self._tail_s = tail_s
        self._playing = False
        self._told_at = float("-inf")
        self._closed_until = float("-inf")

    def plays(self, playing: bool, now: float) -> None:
        """News of the player: something sounds, or nothing does."""
        if self._playing and not playing:
            self._closed_until = now + self._tail_s
        self._playing = playing
        self._told_at = now

    def is_closed(self, now: float) -> bool:
        """Whether sound that reaches the microphone now may be the guide's."""
        return self._is_playing(now) or now < self._closed_until

    def _is_playing(self, now: float) -> bool:
        return self._playing and now - self._told_at < TIMINGS[Playback].fresh_s
