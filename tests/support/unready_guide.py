"""A guide whose speaker never gets ready at one speed, and whose trials are short."""

from __future__ import annotations

import asyncio
import sys

from edge import config, journal
from edge.cli.main import main
from edge.cli.up import up
from edge.process import Health
from edge.speaker.main import Speaker
from edge.telemetry.fleet import trial

PROGRAM = ("-m", "tests.support.unready_guide")
BAD_SPEED = 1.25
health = Speaker.health


def health_at_speed(speaker: Speaker) -> Health:
    is_bad = speaker._life.settings.speaker.speed == BAD_SPEED
    return health(speaker)._replace(ready=False, status="no voice") if is_bad else health(speaker)


if __name__ == "__main__":
    trial.READY_WITHIN_S = 30.0
    Speaker.health = health_at_speed  # type: ignore[assignment, method-assign]  # the fault that is wanted
    if sys.argv[1:] != ["up"]:
        sys.exit(main())
    journal.set_up("up", config.load())
    sys.exit(asyncio.run(up(PROGRAM)))
