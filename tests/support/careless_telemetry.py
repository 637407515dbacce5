"""Telemetry that acknowledges before anything is on the disk: what the trials must catch."""

from __future__ import annotations

import asyncio
import sys

from bench.changed_guide import run_changed
from edge.messages import Reports
from edge.telemetry.fleet.link import FleetLink

SENT_WITHIN_S = 1.0
"""Of an acknowledgement: it has left the process."""
ACKNOWLEDGED = "acknowledged, and not kept:"
"""Begins the line, with the trigger's id, that is written then."""
TOO_LATE_S = 15.0
"""Long enough for a test to kill it before, on a busy machine."""
keep = FleetLink.keep
tasks: set[asyncio.Task[None]] = set()


async def keep_later(link: FleetLink, report: Reports) -> None:
    async def later() -> None:
        await asyncio.sleep(SENT_WITHIN_S)
        print(ACKNOWLEDGED, report.trigger_id, file=sys.stderr, flush=True)
        await asyncio.sleep(TOO_LATE_S)
        await keep(link, report)

    tasks.add(asyncio.create_task(later()))


CARELESS = ("-m", "tests.support.careless_telemetry")
"""The interpreter's arguments that start it, or a guide with it (``up``), instead of ``-m edge``."""

if __name__ == "__main__":
    FleetLink.keep = keep_later  # type: ignore[assignment, method-assign]  # the fault that is wanted
    sys.exit(run_changed(CARELESS, sys.argv[1:]))
