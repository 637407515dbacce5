"""The console's pages in Debian's Chromium: every button, all sizes, light and dark, by keyboard, cut off."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge.config import MqttSettings
from edge.messages import CostCeiling, Dropped, Hearing, PoolHoldings, Progress, Spending
from edge.telemetry import payloads
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
from tests.support.console_alone import TOKEN, ConsoleAlone, ended_turn
from tests.support.mqtt_watch import Watch

pytestmark = [needs_browser, pytest.mark.timeout(400)]
PAGES = ("driver", "engineer", "try")
PATIENCE_MS = 30_000
JUDGED = (("phone", "light"), ("desk", "light"), ("desk", "dark"))
"""What axe-core looks at; the rest differs in nothing that it judges."""
NEEDS_NO_MACHINE = True
"""A browser on this one is enough."""
FACTS = {"model.groq": "skipped: 401 (check GROQ_API_KEY)", "model.phrasebook": "ok"}


@contextlib.asynccontextmanager
async def scene(
    folder: Path, environment: dict[str, str] | None = None
) -> AsyncIterator[tuple[ConsoleAlone, Broker]]:
    with running(Broker(folder / "broker")) as broker:
        async with ConsoleAlone(folder / "c", broker.port, environment) as console:
            await console.until(
                lambda: bool(console.state and "connected to" in console.state.status), "its broker"
            )
            yield console, broker


def live_data(console: ConsoleAlone) -> None:
    """What a drive leaves on the pages."""
    console.all_ready(FACTS)
    console.obey(chattiness="high")
    console.play("Справа две собаки, обе на работе.", "Справа две")
    for number in range(6):
        kind = ("remark", "answer", "announcement")[number % 3]
        console.tell("commentator", ended_turn(f"t{number}", kind=kind, text="Слева храм. " * (number + 1)))  # type: ignore[arg-type]
    drop = Dropped(trigger_id="d", kind="remark", reason="object_seen", received_at=1.8e9)
    console.tell("commentator", drop)
    live = Progress(turn_id="live", trigger_id="x", stage="accepted", mono=1.0, since_received_ms=9.0)
    console.tell("commentator", live)
    day = time.strftime("%Y-%m-%d")
    spent = {"groq.remark.requests": 12.0, "groq.remark.tokens_in": 9000.0, "groq.remark.tokens_out": 800.0}
    told = Spending(process="commentator", today=day, days={day: spent}, services=("groq",))
    console.feeds["commentator"].keep(told)
    console.feeds["commentator"].keep(CostCeiling(level=1, shares={"money": 0.85}))
    console.feeds["speaker"].keep(PoolHoldings(instance="i", voice="v", characters_today=900))
    console.feeds["listener"].keep(Hearing(level_dbfs=-30, speaking=True, barge_in=False))


async def open_page(browser: Any, console: ConsoleAlone, name: str, **context: Any) -> Any:
    """A page that has been told everything once."""
    options = {"locale": "ru-RU", "bypass_csp": True} | context
    opened = await (await browser.new_context(**options)).new_page()
    opened.set_default_timeout(PATIENCE_MS)
    opened.wrong = []
    opened.on("pageerror", lambda error: opened.wrong.append(str(error)))
    opened.on("console", lambda line: opened.wrong.append(line.text) if line.type == "error" else None)
    await opened.goto(f"{console.address}/{name}")
    return opened


@pytest.mark.parametrize("condition", ["live", "muted", "alarm", "cut_off"])
async def test_each_page_is_accessible_and_fits_in_every_size_and_scheme(
    tmp_path: Path, condition: str
) -> None:
    async with scene(tmp_path) as (console, broker), chromium() as browser:
        live_data(console)
        if condition == "muted":
            console.play(None, muted=True)
            console.obey(muted=True, microphone_off=True)
        settings = MqttSettings(host="127.0.0.1", port=broker.port)
        if condition == "alarm":
            async with Watch(settings, "test-alarms") as watch:
                await watch.until_connected()
                for name in ("disk", "rung_skipped", "too_hot"):
                    alarm = payloads.alarm(name, (1.8e9, "a reason that is as long as reasons are " * 2))  # type: ignore[arg-type]
                    await watch.session.publish(f"shuttle/test/alarm/{name}", alarm, retain=True)
        views = {
            (name, size, scheme): await open_page(
                browser,
                console,
                name,
                viewport=dict(zip(("width", "height"), SIZES[size], strict=True)),
                color_scheme=scheme,
            )
            for name in PAGES
            for size in SIZES
            for scheme in SCHEMES
        }
        if condition == "cut_off":
            await console.kill()
        for (name, size, scheme), page in views.items():
            match condition:
                case "cut_off":
                    await page.wait_for_selector("#lost:visible")
                case "alarm":
                    await page.wait_for_selector("text=Слишком жарко")
                case _:
                    await page.wait_for_selector("#condition .state, #alarms .state")
            assert await overflow_px(page) <= 0, (name, size, scheme)
            if (size, scheme) in JUDGED:
                assert await violations(page) == [], (name, size, scheme)
            if condition != "cut_off":
                assert page.wrong == []


async def test_every_button_says_what_is_on_it(tmp_path: Path) -> None:
    async with scene(tmp_path) as (console, broker), chromium() as browser:
        live_data(console)
        settings = MqttSettings(host="127.0.0.1", port=broker.port)
        async with Watch(settings, "test-hears", subscriptions=("shuttle/test/#",)) as watch:
            await watch.until_connected()
            page = await open_page(browser, console, "driver")
            buttons = await page.locator("#controls button").evaluate_all("all => all.map(each => each.id)")
            assert len(buttons) == 11
            for number, name in enumerate(buttons, start=1):
                await page.click(f"#{name}")
                await watch.until(lambda: len(watch.messages) >= number)  # noqa: B023
            said = [
                (each.topic.removeprefix("shuttle/test/cmd/"), each.payload.decode())
                for each in watch.messages
            ]
            assert said[:6] == [
                *(("stop", ""), ("mute", ""), ("talk", "")),
                *(("volume", "0.4"), ("volume", "0.6"), ("microphone", "off")),
            ]
            levels = ("silent", "low", "normal", "high", "unlimited")
            assert said[6:] == [("chattiness", level) for level in levels]
            console.play(None, muted=True)
            await page.wait_for_selector('form[action="/do/unmute"]')


async def test_what_is_tried_is_drawn_as_it_happens(tmp_path: Path) -> None:
    async with scene(tmp_path) as (console, broker), chromium() as browser:
        live_data(console)
        settings = MqttSettings(host="127.0.0.1", port=broker.port)
        async with Watch(settings, "test-hears", subscriptions=("shuttle/test/+",)) as watch:
            await watch.until_connected()
            page = await open_page(browser, console, "try")
            for number, form in enumerate(("event", "ask", "announce"), start=1):
                await page.fill(f"#text-{form}", "две собаки справа")
                await page.press(f"#text-{form}", "Tab")
                await page.click(f'form[action="/do/{form}"] button')
                await watch.until(lambda: len(watch.messages) >= number)  # noqa: B023
                trigger_id = json.loads(watch.messages[-1].payload)["id"]
                live = Progress(
                    turn_id=f"w{number}",
                    trigger_id=trigger_id,
                    stage="accepted",
                    mono=1.0,
                    since_received_ms=9.0,
                )
                console.tell("commentator", live)
                await page.wait_for_selector("#tried code:text('accepted')")
                turn = ended_turn(f"w{number}")
                console.tell("commentator", msgspec.structs.replace(turn, trigger_id=trigger_id))
                await page.wait_for_selector(f"#tried #turn-w{number}")
            drive = Path(__file__).parents[1] / "drives" / "muted.jsonl"
            await page.set_input_files("#drive-file", drive)
            await page.click("#drive button")
            await page.wait_for_selector("#replayed svg", timeout=120_000)
            assert await violations(page) == []


async def test_the_keyboard_alone_reaches_everything(tmp_path: Path) -> None:
    async with scene(tmp_path) as (console, _), chromium() as browser:
        live_data(console)
        for name in PAGES:
            page = await open_page(browser, console, name)
            await page.wait_for_selector(".state:visible")
            reached, needed = await reached_by_tab(page)
            assert reached >= needed, f"{name}: {reached} of {needed}"


async def test_what_is_focused_stays_focused_when_it_is_made_anew(tmp_path: Path) -> None:
    async with scene(tmp_path) as (console, _), chromium() as browser:
        live_data(console)
        page = await open_page(browser, console, "driver")
        await page.focus("#do-louder")
        console.play(None, muted=True)
        await page.wait_for_selector('form[action="/do/unmute"]')
        assert await page.evaluate("document.activeElement.id") == "do-louder"


async def test_an_open_page_comes_back_with_its_console(tmp_path: Path) -> None:
    async with scene(tmp_path) as (console, _), chromium() as browser:
        live_data(console)
        page = await open_page(browser, console, "driver")
        await page.wait_for_selector("text=обе на работе")
        await console.kill()
        await page.wait_for_selector("#lost:visible")
        await console.start()
        await page.wait_for_selector("#lost", state="hidden")
        console.play("И снова едем.", "")
        await page.wait_for_selector("text=И снова едем")


async def test_who_logs_in_stays_in_and_who_is_unknown_is_led_to_the_door(tmp_path: Path) -> None:
    async with scene(tmp_path, {"CONSOLE_TOKEN": TOKEN}) as (console, _), chromium() as browser:
        page = await open_page(browser, console, "engineer", bypass_csp=False)
        assert page.url.endswith("/login")
        await page.fill("#token", TOKEN)
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/driver")
        await page.wait_for_selector("#condition .state")
        assert await page.evaluate("document.cookie") == ""
        await page.click("header >> text=EN")
        await page.wait_for_selector("h1:text('Driver')")
        await page.click("text=Log out")
        await page.wait_for_url("**/login")
        assert not [line for line in page.wrong if "Content Security Policy" in line]


async def test_many_pages_are_fed_at_once(tmp_path: Path) -> None:
    async with scene(tmp_path) as (console, _), chromium() as browser:
        live_data(console)
        pages = [await open_page(browser, console, PAGES[number % 3]) for number in range(12)]
        console.play("Двенадцать страниц видят это.", "")
        drivers = [page for page in pages if page.url.endswith("driver")]
        await asyncio.gather(*(page.wait_for_selector("text=Двенадцать страниц") for page in drivers))
