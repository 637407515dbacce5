"""One trial of the yardstick: a sighting, and when what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from bench.cloud_log import CloudBill
from bench.floor import LatencyFloor

SystemName = Literal["pool", "opener", "stream", "seed-v1", "seed-v5"]
NotedPoint = Literal[
    "received", "accepted", "first_token", "first_text", "first_audio", "first_sample", "first_content"
]
"""Stages of a turn, as the guide notes them itself."""
Point = NotedPoint | Literal["model_asked", "voice_asked"]
"""A stage, or when a service had read what it was asked, as the emulated clouds note it."""


@dataclass(frozen=True)
class Trial:
    """Times in ms since the sighting was published (for the prototypes: since they were told of it)."""

    points_ms: Mapping[Point, float] = field(default_factory=dict)
    """A system has no more points than stages; the two clocks are ``first_sample`` and ``first_content``."""
    floor: LatencyFloor | None = None
    """The floor of this very reply; None where no cloud was asked for it, or not for a stream."""
    spent: CloudBill = field(default_factory=CloudBill)
    opener_end_ms: float | None = None
    """When the opener in front was over; None: there was none."""
    failure: str | None = None
    """Why it does not count."""

    @property
    def first_sound_ms(self) -> float:
        return self.points_ms["first_sample"]

    @property
    def first_content_ms(self) -> float:
        return self.points_ms["first_content"]
