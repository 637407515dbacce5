"""``python -m bench.console``: how quickly the console's pages come and follow, and what they cost the guide.

First paint and the lag of an update are measured in Debian's Chromium on loopback. What open pages add to a
turn's first sound is measured in turn with and without them, so that both see the same load.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx

from bench.measured_guide import MeasuredGuide, environment_of, running_guide
from bench.processes import cpu_s, pss_mb
from edge.messages import ProcessName
from edge.nearest_rank import nearest_rank
from edge.tasks import cancel_and_wait
from tests.support.broker import Broker, running
from tests.support.browser import chromium
from tests.support.console_alone import ConsoleAlone, ended_turn
from tests.support.ports import free_port

PAINTS = 10
UPDATES = 60
PAGES = 20
BLOCKS = 6
TURNS_OF_BLOCK = 8
SETTLE_S = 3.0
ANNOUNCEMENT = {"text": "Пляж."}
NOTE_LAGS = """
window.lags = [];
new MutationObserver(() => {
  const told = /at (\\d+)/.exec(document.getElementById("now").textContent);
  if (told) window.lags.push(Date.now() - Number(told[1]));
}).observe(document.getElementById("now"), { childList: true, subtree: true });
"""


async def of_pages(folder: Path) -> dict[str, float]:
    """First paints, and how far an update is behind its feed, in ms."""
    with running(Broker(folder / "broker")) as broker:
        async with ConsoleAlone(folder / "c", broker.port) as console, chromium() as browser:
            console.all_ready()
            for number in range(25):
                console.tell("commentator", ended_turn(f"t{number}"))
            figures: dict[str, float] = {}
            for name in ("driver", "engineer", "try"):
                paints = [await _first_paint_ms(browser, f"{console.address}/{name}") for _ in range(PAINTS)]
                figures[f"first paint, {name}, median"] = round(statistics.median(paints), 1)
                figures[f"first paint, {name}, most"] = round(max(paints), 1)
            lags = await _lags_ms(browser, console)
            figures["update behind its feed, median"] = round(statistics.median(lags), 1)
            figures["update behind its feed, p95"] = round(nearest_rank(sorted(lags), 95), 1)
            return figures


async def _first_paint_ms(browser: Any, address: str) -> float:
    context = await browser.new_context(bypass_csp=True)  # playwright waits by means that the pages forbid
    try:
        page = await context.new_page()
        await page.goto(address)
        await page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
        found = await page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        return float(found)
    finally:
        await context.close()


async def _lags_ms(browser: Any, console: ConsoleAlone) -> list[float]:
    page = await (await browser.new_context(bypass_csp=True)).new_page()
    await page.goto(f"{console.address}/driver")
    await page.evaluate(NOTE_LAGS)
    for number in range(UPDATES):
        console.play(f"{number} at {time.time() * 1000:.0f}")
        await asyncio.sleep(0.2)
    lags = [float(lag) for lag in await page.evaluate("window.lags")]
    assert len(lags) >= UPDATES * 0.9, f"{len(lags)} of {UPDATES} updates were seen"
    return lags


async def of_guide(folder: Path, seconds: float) -> dict[str, float]:
    """What the console takes at rest, and what open pages add to a first sound, in ms."""
    with running(Broker(folder / "broker", log="error")) as broker:
        port = free_port()
        console = {"SHUTTLE_GUIDE_CONSOLE__ENABLED": "true", "SHUTTLE_GUIDE_CONSOLE__PORT": str(port)}
        environment = environment_of(folder, broker.port, "pages", console)
        async with running_guide(environment) as guide:
            await guide.until_heard("console")
            await asyncio.sleep(SETTLE_S)
            return await _at_rest(guide, seconds) | await _first_sounds(guide, port)


async def _at_rest(guide: MeasuredGuide, seconds: float) -> dict[str, float]:
    pids = guide.pids()
    names: tuple[ProcessName, ...] = ("console", "telemetry")
    before = {name: sum(cpu_s(pids[name]).values()) for name in names}
    began_mono = time.monotonic()
    await asyncio.sleep(seconds)
    passed_s = time.monotonic() - began_mono
    used = {name: (sum(cpu_s(pids[name]).values()) - before[name]) / passed_s * 100 for name in names}
    return {
        "console at rest, of a core, %": round(used["console"], 2),
        "telemetry at rest, of a core, %": round(used["telemetry"], 2),
        "console above telemetry, PSS, MB": round(pss_mb(pids["console"]) - pss_mb(pids["telemetry"]), 1),
    }


async def _first_sounds(guide: MeasuredGuide, port: int) -> dict[str, float]:
    alone: list[float] = []
    watched: list[float] = []
    for _ in range(BLOCKS):
        alone += await _asked(guide)
        async with _open_pages(port):
            watched += await _asked(guide)
    added = statistics.median(watched) - statistics.median(alone)
    return {
        "first sound without pages, median": round(statistics.median(alone), 1),
        f"added by {PAGES} open pages, median": round(added, 1),
    }


async def _asked(guide: MeasuredGuide) -> list[float]:
    return [
        (await guide.ask(ANNOUNCEMENT, leaf="announce")).until_ms("first_sample")
        for _ in range(TURNS_OF_BLOCK)
    ]


@contextlib.asynccontextmanager
async def _open_pages(port: int) -> AsyncIterator[None]:
    """Streams as pages have them, all read as they come."""
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(timeout=None, trust_env=False, limits=limits) as client:

        async def follow(page: str) -> None:
            async with client.stream("GET", f"http://127.0.0.1:{port}/events/{page}") as response:
                async for _ in response.aiter_bytes():
                    pass

        names = ("driver", "engineer", "try")
        following = [asyncio.create_task(follow(names[number % 3])) for number in range(PAGES)]
        await asyncio.sleep(1.0)
        try:
            yield
        finally:
            await cancel_and_wait(*following)


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30.0, help="at rest (30)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="console-") as name:
        folder = Path(name)
        figures = asyncio.run(of_pages(folder / "p")) | asyncio.run(of_guide(folder / "g", options.seconds))
    print(json.dumps(figures | {"load": round(os.getloadavg()[0], 1)}, ensure_ascii=False, indent=2))


if __name__ == "__main__":
    main()
