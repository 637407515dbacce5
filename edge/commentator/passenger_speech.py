"""Whether passengers speak, and whether what sounds gives way to them. Pure; monotonic seconds."""

from __future__ import annotations

from edge.bus.topology import TIMINGS
from edge.messages import Hearing


class PassengerSpeech:
    """What the listener told last, for as long as it is worth something."""

    def __init__(self) -> None:
        self._hearing: Hearing | None = None
        self._heard_at = float("-inf")

    def heard(self, hearing: Hearing, now: float) -> None:
        """News from the listener."""
        self._hearing, self._heard_at = hearing, now

    def passengers_speak(self, now: float) -> bool:
        is_fresh = now - self._heard_at < TIMINGS[Hearing].fresh_s
        return is_fresh and self._hearing is not None and self._hearing.speaking

    def wants_duck(self, now: float) -> bool:
        """What sounds shall be lowered. In half duplex nobody is heard meanwhile, so nobody is yielded to."""
        hearing = self._hearing
        return self.passengers_speak(now) and hearing is not None and hearing.barge_in and hearing.wants_floor
