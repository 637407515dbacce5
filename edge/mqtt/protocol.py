"""Which protocol version to speak to this broker."""

from __future__ import annotations

from typing import Literal

ProtocolVersion = Literal["5", "3.1.1"]


class ProtocolChoice:
    """Chooses the protocol: MQTT 5 first, 3.1.1 where the broker refuses 5; remembers what was accepted."""

    def __init__(self, wanted: Literal["auto", "5", "3.1.1"]) -> None:
        self._fixed = wanted != "auto"
        self._accepted: ProtocolVersion | None = None
        self.current: ProtocolVersion = "3.1.1" if wanted == "3.1.1" else "5"

    def accepted(self) -> None:
        """The broker took ``current``."""
        self._accepted = self.current

    def refused(self, *, explicitly: bool) -> bool:
        """The broker refused ``current``; switch to the other version where that makes sense.

        Args:
            explicitly: it said so. Otherwise it just hung up before it answered, as old brokers do; a
                broker that took this version before is then merely restarting.

        Returns:
            True: try again at once with the new ``current``.
        """
        if self._fixed or (self._accepted == self.current and not explicitly):
            return False
        self._accepted = None
        if self.current == "5":
            self.current = "3.1.1"
            return True
        self.current = "5"
        return False
