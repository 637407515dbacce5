"""While the guide speaks, is what is captured a passenger's voice rather than the guide's? Pure.

WebRTC's canceller holds down whatever comes with an echo, the passenger too: what is left of a question can
be told from silence, but hardly be understood. Where the passenger is much louder than any echo can be,
the sound as it was captured is the better one.
"""

from __future__ import annotations

from collections import deque

BEGIN = 4.0
"""Captured power over the loudest that the echo can have, from which on the passenger is heard (6 dB)."""
STAY = 1.5
"""And as long as it is so much (2 dB): switching back and forth is heard."""
RECENT_FRAMES = 8
"""Frames of 32 ms in which the echo of a sound comes: delay and room."""


class NearVoice:
    """Powers are those of frames, as means of squares."""

    def __init__(self) -> None:
        self.dominates = False
        """The latest frame is a passenger's."""
        self._echo_gain: float | None = None
        self._played: deque[float] = deque(maxlen=RECENT_FRAMES)

    def learn(self, played_power: float, captured_power: float) -> None:
        """Of a while in which the guide alone was heard."""
        self._echo_gain = captured_power / played_power if played_power > 0 else None

    def hear(self, played_power: float, captured_power: float) -> None:
        """Take the next frame."""
        self._played.append(played_power)
        if self._echo_gain is None:
            self.dominates = False
            return
        echo = self._echo_gain * max(self._played)
        self.dominates = echo > 0 and captured_power > echo * (STAY if self.dominates else BEGIN)
