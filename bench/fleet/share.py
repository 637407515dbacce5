"""``python -m bench.fleet.share``: what a telemetry at rest takes with a fleet, and one without beside it.

Each pair runs side by side, so that both see the same load; who is started first alternates.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import tempfile
import time
from pathlib import Path

from bench.fleet.phases import rss_mb
from bench.processes import cpu_s, pss_mb
from tests.support.broker import Broker, running
from tests.support.fleet_broker import FleetBroker, Operator
from tests.support.telemetry_alone import TelemetryAlone

SETTLE_S = 5.0
WITH, WITHOUT = "with", "without"


async def pair(
    folder: Path, broker: Broker, fleet: FleetBroker, order: tuple[str, ...], seconds: float
) -> dict[str, dict[str, float]]:
    """RSS and PSS in MB, and percent of a core, of each of both."""
    there: dict[str, TelemetryAlone] = {}
    async with Operator(fleet).there() as operator:
        try:
            for name in order:
                environment = {
                    "SHUTTLE_GUIDE_MQTT__PORT": str(broker.port),
                    "SHUTTLE_GUIDE_SHUTTLE__ID": name,
                }
                environment |= fleet.environment(name) if name == WITH else {}
                there[name] = TelemetryAlone(folder / name, environment)
                await there[name].__aenter__()
            await operator.until(lambda: bool(operator.told("birth")), "a birth")
            await asyncio.sleep(SETTLE_S)
            before, began_mono = {name: _cpu(each) for name, each in there.items()}, time.monotonic()
            await asyncio.sleep(seconds)
            passed_s = time.monotonic() - began_mono
            return {
                name: {
                    "rss_mb": round(rss_mb(each.pid), 2),
                    "pss_mb": round(pss_mb(each.pid), 2),
                    "cpu_percent": round((_cpu(each) - before[name]) / passed_s * 100, 3),
                }
                for name, each in there.items()
            }
        finally:
            for each in there.values():
                await each.__aexit__(None, None, None)


def _cpu(telemetry: TelemetryAlone) -> float:
    return sum(cpu_s(telemetry.pid).values())


def main() -> None:
    """Print a line of JSON for each pair."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--pairs", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=60.0, help="at rest, of each pair")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="share-") as name:
        folder = Path(name)
        with running(Broker(folder / "on-device")) as broker, running(FleetBroker(folder / "fleet")) as fleet:
            assert isinstance(fleet, FleetBroker)
            for number in range(options.pairs):
                order = (WITH, WITHOUT) if number % 2 == 0 else (WITHOUT, WITH)
                work = pair(folder / str(number), broker, fleet, order, options.seconds)
                print(json.dumps({**asyncio.run(work), "load": round(os.getloadavg()[0], 1)}), flush=True)


if __name__ == "__main__":
    main()
