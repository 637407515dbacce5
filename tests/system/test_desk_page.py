"""The desk in Debian's Chromium: a microphone that a file feeds, words at the cursor, copied, sent, heard."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.listener.segment import SAMPLE_RATE
from tests.support.broker import Broker, running
from tests.support.browser import (
    SCHEMES,
    SIZES,
    chromium,
    needs_browser,
    overflow_px,
    reached_by_tab,
    violations,
)
from tests.support.browser_microphone import hearing
from tests.support.console_alone import TOKEN, ConsoleAlone
from tests.support.fleet_broker import FleetBroker
from tests.support.guide import Guide
from tests.support.recognizer_program import RecognizerProgram
from tests.support.recognizer_server import needs_voice, sentence

pytestmark = [needs_browser, needs_voice, pytest.mark.timeout(400)]
NEEDS_NO_MACHINE = True
PATIENCE_MS = 60_000
CLIP = "navigator.clipboard.readText()"
CLIPBOARD = ("clipboard-read", "clipboard-write")


class DeskScene:
    """A recognizer server, a console and a browser with a microphone."""

    def __init__(self, server: RecognizerProgram, console: ConsoleAlone, browser: Any) -> None:
        self.server = server
        self.console = console
        self.browser = browser

    async def page(self, query: str = "", **more: Any) -> Any:
        """The desk, when it is connected to the server."""
        options = {"locale": "en-GB", "bypass_csp": False} | more
        context = await self.browser.new_context(permissions=["microphone", *CLIPBOARD], **options)
        page = await context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.wrong = []
        page.on("pageerror", lambda error: page.wrong.append(str(error)))
        page.on("console", lambda line: page.wrong.append(line.text) if line.type == "error" else None)
        await page.goto(f"{self.console.address}/desk{query}")
        await page.wait_for_selector("#server.good")
        return page


@contextlib.asynccontextmanager
async def scene(folder: Path, *numbers: int, **settings: str) -> AsyncIterator[DeskScene]:
    said = np.concatenate([sentence(number) for number in numbers])
    with running(Broker(folder / "broker")) as broker:
        async with RecognizerProgram() as server:
            ours = {"SHUTTLE_GUIDE_DESK__SERVER": f"127.0.0.1:{server.port}"} | settings
            async with (
                ConsoleAlone(folder / "c", broker.port, ours) as console,
                chromium(*hearing(folder, said)) as browser,
            ):
                yield DeskScene(server, console, browser)


async def until(page: Any, expression: str, fulfilled: Callable[[Any], bool]) -> Any:
    """Its value, when it fulfils it; evaluated from here, since the page's policy evaluates no text."""
    for _ in range(PATIENCE_MS // 50):
        value = await page.evaluate(expression)
        if fulfilled(value):
            return value
        await page.wait_for_timeout(50)
    raise AssertionError(f"{expression} is {value!r}; {page.wrong}")


async def clipboard(page: Any) -> str:
    return str(await page.evaluate(CLIP))


async def test_what_is_said_stands_at_the_cursor_is_corrected_and_copied(tmp_path: Path) -> None:
    async with scene(tmp_path, 3, 4) as at:
        page = await at.page()
        await page.fill("#text", "Внимание! Спасибо.")
        await page.evaluate("document.getElementById('text').setSelectionRange(9, 9)")
        await page.keyboard.press("F1")
        await until(page, "document.getElementById('level').value", lambda level: level > -50)
        await page.wait_for_selector("#interim:text('sentence')")
        text = await until(page, "document.getElementById('text').value", lambda value: "sentence 4" in value)
        assert text.startswith("Внимание! sentence 3 sentence 4")
        assert text.endswith(" Спасибо.")
        await page.keyboard.press("F1")
        await page.wait_for_selector('#dictate[aria-pressed="false"]')
        await until(page, CLIP, lambda copied: copied.startswith("sentence "))  # each is copied by itself
        text = await page.input_value("#text")
        await page.focus("#text")
        await page.keyboard.press("Control+z")
        undone = await until(page, "document.getElementById('text').value", lambda value: value != text)
        assert undone.count("sentence") == text.count("sentence") - 1, "a sentence is one step"
        await page.click("#sentences li:last-child button")
        await page.wait_for_selector("#said:text('Copied')")
        await until(page, CLIP, lambda copied: copied == "sentence 3")
        await page.fill("#text", "Corrected by hand.")
        await page.keyboard.press("F3")
        await page.wait_for_selector("#said:text('18')")
        await until(page, CLIP, lambda copied: copied == "Corrected by hand.")
        assert page.wrong == []


RESAMPLED = """async ([rate, hertz]) => {
  const code = await (await fetch("/static/desk_microphone.js")).text();
  const told = [];
  const base = class { port = { postMessage: (buffer) => told.push(...new Int16Array(buffer)) }; };
  let Made = null;
  const run = new Function("AudioWorkletProcessor", "registerProcessor", "sampleRate", code);
  run(base, (_, made) => { Made = made; }, rate);
  const processor = new Made();
  for (let at = 0; at < 2 * rate; at += 128) {
    const sine = (_, index) => 0.5 * Math.sin(2 * Math.PI * hertz * (at + index) / rate);
    const block = Float32Array.from({ length: 128 }, sine);
    processor.process([[block, block]]);
  }
  return told;
}"""


async def test_the_microphones_sound_is_brought_to_16_khz_and_nothing_is_folded_into_it(
    tmp_path: Path,
) -> None:
    with running(Broker(tmp_path / "broker")) as broker:
        async with ConsoleAlone(tmp_path / "c", broker.port) as console, chromium() as browser:
            page = await (await browser.new_context(bypass_csp=True)).new_page()
            await page.goto(f"{console.address}/desk")
            for rate in (16_000, 44_100, 48_000, 96_000):
                for hertz in (300, 1000, 6000, *([9500, 13_000] if rate > 32_000 else [])):
                    samples = np.array(await page.evaluate(RESAMPLED, [rate, hertz]))
                    assert abs(len(samples) - 32_000) < 1024, "two seconds"
                    heard = samples[4000:-4000] / 32768
                    if hertz > 8000:
                        assert np.sqrt(np.mean(heard**2)) < 0.003, (rate, hertz)
                        continue
                    times = np.arange(len(heard)) / SAMPLE_RATE
                    wave = np.exp(2j * np.pi * hertz * times)
                    amplitude = 2 * abs(np.mean(heard * wave))
                    assert amplitude == pytest.approx(0.5, rel=0.03), (rate, hertz)
                    rest = np.mean(heard**2) - amplitude**2 / 2
                    assert rest < 1e-5, f"nothing else is in it: {rate} {hertz}"


async def test_a_killed_recognizer_server_is_told_and_dictation_goes_on_with_its_return(
    tmp_path: Path,
) -> None:
    async with scene(tmp_path, 5) as at:
        page = await at.page("?auto")
        await page.wait_for_selector('#dictate[aria-pressed="true"]')
        await page.uncheck("#each")
        await page.evaluate("navigator.clipboard.writeText('left alone')")
        await page.wait_for_selector("#sentences li")
        assert await clipboard(page) == "left alone"
        await at.server.kill()
        await page.wait_for_selector("#server.bad:text('away')")
        known = await page.locator("#sentences li").count()
        await at.server.start()
        await page.wait_for_selector("#server.good")
        await page.locator(f"#sentences li:nth-child({known + 1})").wait_for()
        await at.console.kill()
        await page.wait_for_selector("#server.bad:text('No connection to the console')")
        await at.console.start()
        await page.wait_for_selector("#server.good")
        known = await page.locator("#sentences li").count()
        await page.locator(f"#sentences li:nth-child({known + 1})").wait_for()


async def test_it_is_sent_by_the_keyboard_alone_and_shows_who_has_played_it(
    tmp_path: Path, broker: Broker, fleet_broker: FleetBroker
) -> None:
    operator = fleet_broker.environment("desk") | {"SHUTTLE_GUIDE_SHUTTLE__ID": "depot"}
    environment = fleet_broker.environment("test", "beach")
    async with (
        Guide(tmp_path / "g", broker.port, environment) as guide,
        scene(tmp_path, 6, **operator) as at,
    ):
        await guide.until_ready()
        page = await at.page(bypass_csp=True)
        await page.keyboard.type("Стоп.")
        await page.keyboard.press("F5")
        await page.wait_for_selector("text=group beach (1 known)")
        assert await page.evaluate("document.activeElement.id") == "to-here"
        for _ in range(3):
            await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.id") == "to-test"
        await page.keyboard.press("Space")
        await page.keyboard.press("F5")
        await page.wait_for_selector("#receipts dd.good:text('played')")
        await page.wait_for_selector("#receipts >> text=heard at 1 of 1")
        assert not await page.is_checked("#to-test"), "nobody is told twice by pressing it again"
        assert await violations(page) == []
        turns = await guide.until_turns(lambda turn: True)
        assert [(turn["kind"], turn["text"]) for turn in turns] == [("announcement", "Стоп.")]


async def test_the_keyboard_reaches_everything(tmp_path: Path) -> None:
    async with scene(tmp_path, 7) as at:
        page = await at.page("?auto", bypass_csp=True)
        await page.wait_for_selector("#sentences li button")
        await page.keyboard.press("F1")
        await page.wait_for_selector('#dictate[aria-pressed="false"]')
        reached, needed = await reached_by_tab(page)
        assert reached >= needed


async def test_it_is_accessible_and_fits_in_every_size_and_scheme(tmp_path: Path) -> None:
    async with scene(tmp_path, 8) as at:
        for size, (width, height) in SIZES.items():
            for scheme in SCHEMES:
                page = await at.page(
                    "?auto",
                    locale="ru-RU",
                    bypass_csp=True,
                    viewport={"width": width, "height": height},
                    color_scheme=scheme,
                )
                await page.wait_for_selector("#sentences li")
                await page.fill("#text", "Аэрогидродинамическая" * 20)
                await page.check("#to-here")
                await page.keyboard.press("F5")
                await page.wait_for_selector("#receipts dd")
                assert await overflow_px(page) <= 0, (size, scheme)
                assert await violations(page) == [], (size, scheme)
                await page.context.close()


async def test_who_is_unknown_is_led_to_the_door(tmp_path: Path) -> None:
    async with scene(tmp_path, 9, CONSOLE_TOKEN=TOKEN) as at:
        page = await (await at.browser.new_context(locale="en-GB")).new_page()
        await page.goto(f"{at.console.address}/desk")
        assert page.url.endswith("/login")
        await page.fill("#token", TOKEN)
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/driver")
        await page.goto(f"{at.console.address}/desk")
        await page.wait_for_selector("#server.good", timeout=PATIENCE_MS)
