"""How much louder or quieter the guide gets when a passenger asks for it. Pure."""

from __future__ import annotations

STEP = 1.5
"""A factor on the amplitude, 3.5 dB: everybody hears it, and nobody is startled."""
LOWEST = 0.3
"""Passengers make it no quieter, so that everybody hears announcements: silence is another request."""


def stepped(volume: float, *, louder: bool) -> float:
    """The volume (0 … 1) after a step; the same where there is none left."""
    if louder:
        return min(1.0, round(max(volume, LOWEST / STEP) * STEP, 2))
    return volume if volume <= LOWEST else max(LOWEST, round(volume / STEP, 2))
