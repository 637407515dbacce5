"""``python -m bench.fleet``: so many shuttles at one broker, by the product's own fleet module and outbox."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console

from bench.fleet import phases, report, wire
from bench.fleet.observer import Observer
from bench.fleet.report import Figure
from bench.fleet.where import Where, broker_of
from bench.noise import NoiseMeter
from bench.statistics import summarize
from tests.support.broker import MOSQUITTO, Broker, running


def tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


async def run(options: argparse.Namespace, where: Where, on_device_port: int, folder: Path) -> list[Figure]:
    """Measure one thing after the other; SIGTERM ends it as Ctrl-C does."""
    running_task = asyncio.current_task()
    assert running_task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running_task.cancel)
    tell("what each kind of message costs, with a whole guide")
    on_wire = await wire.measure(folder, on_device_port, options.trials)
    figures = report.of_wire(on_wire)
    figures.append(
        Figure("disk: a turn that waits", await phases.stored_bytes_per_turn(folder / "store"), "bytes")
    )
    async with Observer(where.settings) as observer:
        broker_before_mb = phases.rss_mb(where.own.pid) if where.own else None
        began_mono = time.monotonic()
        tell(f"{options.shuttles} shuttles, {options.processes} of them telemetry processes")
        fleet_of = (options.shuttles, options.processes, where, on_device_port, folder, on_wire.state)
        async with phases.running_fleet(*fleet_of) as fleet:
            all_there_s = await phases.all_there(observer, fleet, began_mono)
            figures.append(Figure("all started and connected", all_there_s, "s"))
            await asyncio.sleep(options.settle_s)
            tell(f"{options.idle_s:g} s of doing nothing")
            figures += report.of_idle(
                await phases.idle(observer, fleet, where, options.idle_s, broker_before_mb)
            )
            written = await phases.written_bytes_per_turn(observer, fleet)
            figures.append(Figure("disk: written until a turn was told", written, "bytes"))
            tell(f"{options.rounds} announcements to all")
            answered = await phases.announce(observer, fleet, options.rounds)
            figures += report.of_answers("announced to all, accepted", answered, report.ACCEPTED_P99_S)
            tell(f"{options.rounds} desired changes")
            answered = await phases.desire(observer, fleet, on_device_port, options.rounds)
            figures += report.of_answers("desired change, in force", answered, report.FOLLOWED_P99_S)
            tell("the broker restarts")
            figures += report.of_storm(await phases.storm(observer, fleet, where, options.away_s))
    return figures


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.fleet", description=__doc__)
    parser.add_argument("--shuttles", type=int, default=500, metavar="N")
    parser.add_argument("--processes", type=int, default=20, help="real telemetry processes among them")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")
    parser.add_argument(
        "--broker", metavar="HOST:PORT", help="MQTT 5 over TLS; default: a Mosquitto of its own"
    )
    parser.add_argument("--ca", metavar="FILE", help="whose certificates count")
    parser.add_argument("--cert", metavar="FILE", help="a client certificate for all of them, with --key")
    parser.add_argument("--key", metavar="FILE")
    parser.add_argument("--username", help="an account for all of them, instead of a certificate")
    parser.add_argument("--password-file", type=Path, metavar="FILE")
    parser.add_argument(
        "--folder",
        type=Path,
        metavar="DIR",
        help="for what they keep; in memory (/dev/shm) hundreds of stores do not wait for one disk",
    )
    parser.add_argument("--rounds", type=int, default=5, help="announcements to all")
    parser.add_argument("--trials", type=int, default=5, help="of each kind of message on the wire")
    parser.add_argument("--idle-s", type=float, default=60.0)
    parser.add_argument("--settle-s", type=float, default=5.0)
    parser.add_argument("--away-s", type=float, default=5.0, help="how long the broker is away")
    options = parser.parse_args()
    if not 1 <= options.processes <= options.shuttles:
        parser.error("expected 1 ≤ --processes ≤ --shuttles")
    if MOSQUITTO is None:
        tell("bench: mosquitto is not installed; `apt-get install mosquitto`, or `make setup`")
        return 1
    with tempfile.TemporaryDirectory(prefix="fleet-", dir=options.folder) as name:
        folder = Path(name)
        with (
            running(Broker(folder / "broker")) as on_device,
            broker_of(options, folder) as where,
            NoiseMeter() as noise,
        ):
            try:
                figures = asyncio.run(run(options, where, on_device.port, folder))
            except (asyncio.CancelledError, KeyboardInterrupt):
                return 130
    if late := summarize(noise.late_ms):
        figures.append(Figure("this machine wakes idle threads late: p99", late.p99, "ms"))
    report.show(Console(width=report.WIDTH), f"{options.shuttles} shuttles on one broker", figures)
    if options.json:
        options.json.write_text(json.dumps(report.as_data(figures), indent=2) + "\n", encoding="utf-8")
    return 1 if any(figure.met is False for figure in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
