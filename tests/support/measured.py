"""A run of the yardstick as it might have been, for what is made of its figures."""

from __future__ import annotations

from typing import cast

from bench.cloud_log import CloudBill
from bench.clouds import PROFILES
from bench.filling import Filling
from bench.floor import LatencyFloor
from bench.trial import SystemName, Trial
from bench.yardstick import Measured, YardstickPlan

FLOOR_MS = 480.0


def pool_trial(first_sound_ms: float = 9.0) -> Trial:
    """A hit."""
    return Trial(
        {
            "received": 1.0,
            "accepted": 2.0,
            "first_text": 2.5,
            "first_audio": 5.0,
            "first_sample": first_sound_ms,
            "first_content": first_sound_ms,
        }
    )


def stream_trial(over_ms: float = 10.0, *, opener_end_ms: float | None = None) -> Trial:
    """Live, so much over the floor; behind an opener where that has an end."""
    content_ms = FLOOR_MS + over_ms
    return Trial(
        {
            "received": 1.0,
            "accepted": 2.0,
            "model_asked": 4.0,
            "first_token": 385.0,
            "first_text": 402.0,
            "voice_asked": 404.0,
            "first_audio": content_ms - 3.0,
            "first_sample": content_ms if opener_end_ms is None else 9.0,
            "first_content": content_ms,
        },
        LatencyFloor(FLOOR_MS - 2.0, FLOOR_MS),
        CloudBill(tokens=100, characters=60),
        opener_end_ms,
    )


def prototype_trial(first_sound_ms: float = 1400.0) -> Trial:
    """A design that notes nothing itself."""
    return Trial(
        {
            "model_asked": 120.0,
            "first_token": 500.0,
            "voice_asked": 700.0,
            "first_sample": first_sound_ms,
            "first_content": first_sound_ms,
        },
        LatencyFloor(FLOOR_MS - 2.0, FLOOR_MS),
        CloudBill(tokens=100, characters=60),
    )


def measured(profile: str = "seed", **trials: list[Trial]) -> Measured:
    """The systems by name, with ``_`` for ``-``; without any, three trials of the most."""
    given = trials or {
        "pool": [pool_trial(9.0), pool_trial(9.5), pool_trial(14.0)],
        "opener": [stream_trial(40.0, opener_end_ms=430.0)] * 3,
        "stream": [stream_trial(8.0), stream_trial(9.0), stream_trial(20.0)],
        "seed_v1": [prototype_trial()] * 3,
    }
    return Measured(
        YardstickPlan(profile, trials=3),
        PROFILES[profile],
        {cast(SystemName, name.replace("_", "-")): each for name, each in given.items()},
        {"pool": Filling(12, CloudBill(900, 400))},
        [0.5, 1.5],
    )
