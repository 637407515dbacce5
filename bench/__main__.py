"""``python -m bench``: figures of whole guides and their parts, against emulated clouds and a real broker."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from rich.console import Console

from bench import (
    ablation,
    beside_filling,
    conversation,
    dead_cloud,
    drive,
    footprint,
    hop,
    hostile,
    latency,
    pool,
    spoken_form,
    yardstick,
)
from bench.cloud_process import running_clouds
from bench.measured_guide import environment_of
from bench.noise import NoiseMeter
from bench.report import BenchReport
from edge.config import ENV_PREFIX
from tests.support.broker import MOSQUITTO, Broker, running
from tests.support.sound_server import TOOLS, SoundServer

SCENARIOS = (
    "yardstick",
    "ablation",
    "beside-filling",
    "latency",
    "hop",
    "pool",
    "drive",
    "dead-cloud",
    "footprint",
    "conversation",
    "hostile",
    "spoken-form",
)
PROFILES = ("seed", "fast", "lossy", "dead", "hanging")
USUAL_PROFILES = ("seed", "fast")


async def run(options: argparse.Namespace, folder: Path, broker_port: int) -> BenchReport:
    """Run the chosen scenarios one after the other, so that none disturbs another.

    SIGTERM ends it as Ctrl-C does, so that no process that it started is left behind.
    """
    running_task = asyncio.current_task()
    assert running_task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running_task.cancel)
    console = Console(width=None if sys.stdout.isatty() else 140)
    report = BenchReport(console)

    def tell(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    if "hop" in options.only:
        tell(f"the hop, {hop.EVENTS} times")
        report.hop(await hop.measure(folder, broker_port))
    if "latency" in options.only:
        for profile in set(options.profile) & set(USUAL_PROFILES):
            report.latencies(
                await latency.measure(profile, folder, broker_port, long=options.long, tell=tell)
            )
    if "yardstick" in options.only:
        with contextlib.ExitStack() as stack:
            output, environment = _sound(stack, tell)
            for profile in options.profile:
                plan = yardstick.YardstickPlan(
                    profile,
                    tuple(options.system),
                    trials=options.trials,
                    output=output,
                    environment=environment,
                )
                report.yardstick(await yardstick.measure(plan, folder, broker_port, tell), options.svg)
    if "ablation" in options.only:
        for profile in options.profile:
            report.ablation(
                await ablation.measure(profile, options.trials, folder, broker_port, tell, quiet_s=0.3)
            )
    if "beside-filling" in options.only:
        with contextlib.ExitStack() as stack:
            output, environment = _sound(stack, tell)
            extra = {f"{ENV_PREFIX}SPEAKER__OUTPUT": output, **environment}
            report.beside_filling(await beside_filling.measure(folder, broker_port, extra, tell))
    if "pool" in options.only:
        with contextlib.ExitStack() as stack:
            if server := _sound_server(stack):
                report.pool(await pool.measure(folder, server, tell))
            else:
                tell("no sound server on this machine: the pool is not measured")
    if "drive" in options.only:
        tell("two days with two hours of driving each, simulated")
        report.drive(drive.measure())
    if "dead-cloud" in options.only:
        survivals = await dead_cloud.measure_faults(folder, broker_port, tell)
        first_sound_ms, nothing_at_all = await dead_cloud.measure_breaker_open(folder, broker_port, tell)
        report.survivals([*survivals, *nothing_at_all])
        report.hung(await dead_cloud.measure_hung(folder, broker_port, tell))
        report.breaker_open(first_sound_ms)
    if "footprint" in options.only:
        await _footprints(folder, broker_port, report, tell)
    if "conversation" in options.only:
        report.data["conversation"] = await conversation.measure(
            folder / "conversation", broker_port, console, tell, options.part
        )
    if "hostile" in options.only:
        report.hostile(await hostile.measure(tell))
    if "spoken-form" in options.only:
        report.spoken_form(*spoken_form.measure(tell))
    return report


async def _footprints(
    folder: Path, broker_port: int, report: BenchReport, tell: Callable[[str], None]
) -> None:
    """Measure two guides side by side: one without a device, one on a sound server, where there is one."""
    outputs: dict[str, Mapping[str, str]] = {"null": {}}
    with contextlib.ExitStack() as stack:
        if server := _sound_server(stack):
            outputs["a sound server"] = {f"{ENV_PREFIX}SPEAKER__OUTPUT": "default", **server.environment}
        else:
            tell("no sound server on this machine: the footprint is taken without a device only")
        tell(f"memory, and {footprint.IDLE_S:.0f} s of doing nothing")
        async with running_clouds("seed") as clouds:
            found = await asyncio.gather(
                *(
                    footprint.measure(
                        environment_of(
                            folder, broker_port, f"footprint{number}", clouds.environment | dict(extra)
                        )
                    )
                    for number, extra in enumerate(outputs.values())
                )
            )
    for output, each in zip(outputs, found, strict=True):
        report.footprint(output, each)


def _sound(stack: contextlib.ExitStack, tell: Callable[[str], None]) -> tuple[str, Mapping[str, str]]:
    """The guides' output, and the environment that leads them there."""
    if server := _sound_server(stack):
        return "default", server.environment
    tell("no sound server on this machine: nothing is played")
    return "null", {}


def _sound_server(stack: contextlib.ExitStack) -> SoundServer | None:
    """A running one, until the stack is left; None where this machine has none."""
    if not all(shutil.which(tool) for tool in TOOLS):
        return None
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="sound-"))
    server = SoundServer(Path(folder))
    stack.callback(server.kill)
    server.start()
    return server


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")
    parser.add_argument("--only", nargs="+", choices=SCENARIOS, default=SCENARIOS, help="default: all")
    parser.add_argument(
        "--profile", nargs="+", choices=PROFILES, default=USUAL_PROFILES, help="of the clouds"
    )
    parser.add_argument("--trials", type=int, default=12, help="of each system, or of each ablation")
    parser.add_argument(
        "--system", nargs="+", choices=yardstick.SYSTEMS, default=yardstick.SYSTEMS, help="of the yardstick"
    )
    parser.add_argument(
        "--svg", type=Path, metavar="FILE", help="the yardstick's picture (of the last profile)"
    )
    parser.add_argument(
        "--long", action="store_true", help=f"latency also after {latency.LONG_QUIET_S:.0f} s of quiet"
    )
    parser.add_argument(
        "--part",
        nargs="+",
        choices=conversation.PARTS,
        default=conversation.PARTS,
        help="of the conversation",
    )
    options = parser.parse_args()
    if MOSQUITTO is None:
        print(
            "bench: mosquitto is not installed; `apt-get install mosquitto`, or `make setup`", file=sys.stderr
        )
        return 1
    with tempfile.TemporaryDirectory(prefix="guide-bench-") as name:
        folder = Path(name)
        with running(Broker(folder / "broker")) as broker, NoiseMeter() as noise:
            try:
                report = asyncio.run(run(options, folder, broker.port))
            except (asyncio.CancelledError, KeyboardInterrupt):
                return 130
    report.noise(noise.late_ms)
    if options.json:
        options.json.write_text(
            json.dumps(report.data, ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
        )
    return 1 if report.silent else 0


if __name__ == "__main__":
    sys.exit(main())
