"""Whether another client keeps throwing this one out by connecting with its id. Pure; times are passed in."""

from __future__ import annotations

SHORT_S = 10.0
"""A connection that ended sooner may have been thrown out: 3.1.1 cannot say so, and Mosquitto before 2.0.15
does not. Once this happens when a broker restarts; in a row it does not."""
FORGOTTEN_AFTER_S = 3600.0
"""A connection that lived so long begins a new row."""
AGAIN = 3
"""Takeovers in a row that are "again and again"."""


class Takeovers:
    """Counts the connections in a row that another client ended, or may have."""

    def __init__(self) -> None:
        self.in_a_row = 0

    @property
    def again_and_again(self) -> bool:
        return self.in_a_row >= AGAIN

    def ended(self, *, told: bool, lived_s: float) -> bool:
        """A connection that was accepted has ended.

        Args:
            told: the broker said that another client has taken the session over (MQTT 5, reason 0x8E).

        Returns:
            Whether it counts as thrown out.
        """
        if lived_s >= FORGOTTEN_AFTER_S:
            self.in_a_row = 0
        thrown_out = told or lived_s < SHORT_S
        self.in_a_row = self.in_a_row + 1 if thrown_out else 0
        return thrown_out

    def not_accepted(self) -> None:
        """The broker is away, has refused us or says what it has against us: nobody else was the cause."""
        self.in_a_row = 0
