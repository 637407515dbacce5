"""A guide whose speaker never gets ready at one speed, and whose trials are over when a test says so."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from bench.changed_guide import run_changed
from edge.process import Health
from edge.speaker.main import Speaker
from edge.telemetry.fleet import trial
from edge.telemetry.fleet.trial import READY_WITHIN_S, SettingsTrial

PROGRAM = ("-m", "tests.support.unready_guide")
NO_VOICE = "no voice"
TIME_IS_UP = "time-is-up"
"""A file in the guide's folder: the time of a trial is over."""
BAD_SPEED = 1.25
health = Speaker.health
failure = trial.failure


def health_at_speed(speaker: Speaker) -> Health:
    is_bad = speaker._life.settings.speaker.speed == BAD_SPEED
    return health(speaker)._replace(ready=False, status=NO_VOICE) if is_bad else health(speaker)


def failure_in_time(tried: SettingsTrial, wants: Sequence[str], now_mono: float) -> str:
    return failure(tried, wants, now_mono + (READY_WITHIN_S if Path(TIME_IS_UP).exists() else 0.0))


if __name__ == "__main__":
    trial.failure = failure_in_time
    Speaker.health = health_at_speed  # type: ignore[assignment, method-assign]  # the fault that is wanted
    sys.exit(run_changed(PROGRAM, sys.argv[1:]))
