"""Takes the pictures of docs/console: ``python -m scripts.console_pictures``; Chromium, emulated clouds."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from bench.clouds import CloudEmulator
from tests.support.broker import Broker, running
from tests.support.browser import chromium
from tests.support.browser_microphone import hearing
from tests.support.fleet_broker import FleetBroker
from tests.support.guide import Guide
from tests.support.ports import free_port
from tests.support.scripted_recognizer import scripted_recognizer

FOLDER = Path(__file__).parents[1] / "docs" / "console"
PRICES = "SHUTTLE_GUIDE_SERVICES__GROQ__PRICES__PER_MILLION_TOKENS_"
SEEN = (
    {"label": "dog", "count": 2, "side": "right"},
    {"label": "temple", "side": "left"},
    {"label": "monkey", "count": 3, "side": "ahead"},
    {"label": "rice field", "side": "left"},
    {"label": "scooter", "side": "right"},
)
QUESTION = "How far is the beach?"
ANNOUNCEMENT = {"text": "Next stop: Luna Beach. Please mind the step.", "chime": True}
DICTATED = (
    "Next stop: Luna Beach.",
    "Please hold on, the road is steep.",
    "The ride back leaves at seven.",
    "Thank you.",
)
SAID = np.concatenate([np.random.default_rng(1).normal(0, 4000, 16_000), np.zeros(16_000)]).astype(np.int16)
"""What the scripted server takes for a sentence."""
SIZES = {"driver": (1024, 768), "engineer": (1280, 1000), "try": (1024, 900), "desk": (1280, 1120)}


async def _drive(guide: Guide) -> None:
    """Some minutes of a ride, in some seconds."""
    for sighting in SEEN:
        await guide.say("event", **sighting)
    await guide.say("ask", text=QUESTION)
    await guide.say("announce", **ANNOUNCEMENT)


async def _dictate_and_send(page: Any) -> None:
    for number in (1, 2, 3):
        await page.wait_for_selector(f"#sentences li:nth-child({number})")
        if number == 2:
            await page.keyboard.press("F5")
            await page.check("#to-group\\/beach", timeout=60_000)
            await page.keyboard.press("F5")
    await page.keyboard.press("F1")
    await page.wait_for_selector("#receipts dd.good", timeout=60_000)


async def _take(page: Any, name: str) -> None:
    await page.screenshot(path=FOLDER / f"{name}.png")


async def main() -> None:
    """Write a picture of each page."""
    FOLDER.mkdir(exist_ok=True)
    port = free_port()
    with (
        tempfile.TemporaryDirectory(prefix="pictures-") as name,
        running(Broker(Path(name) / "b")) as broker,
        running(FleetBroker(Path(name) / "f")) as fleet,
    ):
        assert isinstance(fleet, FleetBroker)
        async with (
            CloudEmulator("seed") as clouds,
            scripted_recognizer(*DICTATED) as recognizer,
            chromium(*hearing(Path(name), SAID)) as browser,
        ):
            environment = (
                clouds.env()
                | fleet.environment("test", "beach")
                | {
                    "SHUTTLE_GUIDE_SHUTTLE__LANGUAGE": "en",
                    "SHUTTLE_GUIDE_CONSOLE__ENABLED": "true",
                    "SHUTTLE_GUIDE_CONSOLE__PORT": str(port),
                    "SHUTTLE_GUIDE_DESK__SERVER": f"127.0.0.1:{recognizer.port}",
                    f"{PRICES}IN": "0.15",
                    f"{PRICES}OUT": "0.6",
                }
            )
            async with Guide(Path(name) / "g", broker.port, environment) as guide:
                await guide.until_ready()
                await _drive(guide)
                for page_name, (width, height) in SIZES.items():
                    context = await browser.new_context(
                        viewport={"width": width, "height": height}, locale="en-GB"
                    )
                    page = await context.new_page()
                    await page.goto(f"http://127.0.0.1:{port}/{page_name}")
                    await page.wait_for_selector(".state:visible")
                    if page_name == "desk":
                        await page.keyboard.press("F1")
                        await _dictate_and_send(page)
                    if page_name == "engineer":
                        await page.click("#turns details summary")
                    if page_name == "try":
                        await page.fill("#text-event", "two dogs on the right")
                        await page.click('form[action="/do/event"] button')
                        await page.wait_for_selector("#tried details", timeout=60_000)
                    if page_name == "driver":
                        await guide.begin("event", label="monkey", side="left", count=2)
                        await page.wait_for_selector(".says .heard:not(:empty)", timeout=60_000)
                    await _take(page, page_name)


if __name__ == "__main__":
    asyncio.run(main())
