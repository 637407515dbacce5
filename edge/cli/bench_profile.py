"""``shuttle-guide bench --profile``: the yardstick, with everything that it needs, on loopback."""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import json
import signal
import sys
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from edge.cli.client import GuideUnreachableError
from edge.cli.private_broker import private_broker
from edge.cli.show import console
from edge.config import Settings

ALSO_MEASURED = {"dead": ("hanging",)}
"""A cloud that is dead refuses, or takes everything and never answers."""

T = TypeVar("T")
Measure = Callable[[Path, int, Callable[[str], None]], Coroutine[Any, Any, T]]


def bench_profile(options: argparse.Namespace, settings: Settings) -> int:
    """0 when the guide was heard in each way that was asked for; its settings here have no part in it.

    A prototype that falls silent is a finding.
    """
    del settings
    if importlib.util.find_spec("aiohttp") is None:
        print("bench: the emulated clouds need aiohttp: pip install 'shuttle-guide[bench]'", file=sys.stderr)
        return 1
    try:
        if options.ablate:
            return _ablate(options)
        profiles = (options.profile, *ALSO_MEASURED.get(options.profile, ()))
        return max([_compare(options, profile) for profile in profiles])
    except (GuideUnreachableError, TimeoutError) as error:
        print(f"bench: {error or 'nothing came in time; see above'}", file=sys.stderr)
        return 1


def _compare(options: argparse.Namespace, profile: str) -> int:
    """One table, or one line of JSON, and one picture."""
    from edge.bench import yardstick
    from edge.bench.figures import as_data, figures_of
    from edge.bench.picture import draw
    from edge.bench.table import show

    plan = yardstick.Plan(
        profile,
        tuple(dict.fromkeys(options.system or yardstick.SYSTEMS)),
        options.rounds,
        options.quiet,
        options.output,
    )
    measured = run(lambda folder, port, tell: yardstick.measure(plan, folder, port, tell))
    figures = figures_of(measured)
    if options.as_json:
        print(json.dumps(as_data(measured, figures), ensure_ascii=False))
    else:
        show(console, measured, figures)
    if options.svg:
        svg = (
            options.svg
            if profile == options.profile
            else options.svg.with_stem(f"{options.svg.stem}-{profile}")
        )
        svg.write_text(draw(measured, figures), encoding="utf-8")
        print(f"bench: the picture is in {svg}", file=sys.stderr)
    ours = (system for system in figures.systems if system.name not in yardstick.PROTOTYPES)
    return 0 if all(system.trials for system in ours) else 1


def _ablate(options: argparse.Namespace) -> int:
    from edge.bench import ablation

    found = run(
        lambda folder, port, tell: ablation.measure(
            options.profile, options.rounds, folder, port, tell, quiet_s=options.quiet
        )
    )
    if options.as_json:
        print(json.dumps(ablation.as_data(found), ensure_ascii=False))
    else:
        ablation.show(console, found)
    return 0


def run(measure: Measure[T]) -> T:
    """Run it with a broker and a folder of its own. SIGTERM ends it as Ctrl-C does: nothing is left behind.

    Raises:
        KeyboardInterrupt: it was ended.
    """

    async def measured() -> T:
        task = asyncio.current_task()
        assert task is not None
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        with tempfile.TemporaryDirectory(prefix="guide-bench-") as name:
            async with private_broker(Path(name)) as port:
                return await measure(Path(name), port, _tell)

    try:
        return asyncio.run(measured())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


def _tell(line: str) -> None:
    print(f"bench: {line}", file=sys.stderr, flush=True)
