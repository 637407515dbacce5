"""The passengers' page in Debian's Chromium: words light up as they sound, and it survives much."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bench.guide_process import PATIENCE_S
from edge.messages import Priority, SpeechCancel
from tests.support.browser import SCHEMES, SIZES, chromium, needs_browser, overflow_px, violations
from tests.support.console_beside import ConsoleBeside
from tests.support.speaker_alone import SpeakerAlone

pytestmark = [
    needs_browser,
    pytest.mark.timeout(300),  # two processes and a browser are started on a busy machine
]

TEXT = "До храма 5 км, вход слева."
WORDS = ["До", "храма", "5 км,", "вход", "слева."]
LONG = "Лягушки настраивают скрипки до самого ужина, и всё это совершенно бесплатно для каждого гостя."
LIT = """() => {
  window.lit = [];
  new MutationObserver(() => {
    const word = document.querySelector('#line .now')?.textContent;
    if (word && window.lit.at(-1) !== word) window.lit.push(word);
  }).observe(document.getElementById('line'), { subtree: true, childList: true, attributes: true });
}"""


async def until(page: Any, expression: str) -> None:
    """Wait for it from here: the page's policy lets nobody evaluate text in it."""
    async with asyncio.timeout(PATIENCE_S):
        while not await page.evaluate(expression):
            await asyncio.sleep(0.02)


class Scene:
    """A speaker, a console and a browser."""

    def __init__(self, speaker: SpeakerAlone, console: ConsoleBeside, browser: Any) -> None:
        self.speaker = speaker
        self.console = console
        self.browser = browser

    async def page(self, **options: Any) -> Any:
        context = await self.browser.new_context(**{"locale": "ru-RU"} | options)
        page = await context.new_page()
        await page.goto(f"{self.console.url}/spoken")
        await page.evaluate(LIT)
        await self.connected(page)
        return page

    async def connected(self, page: Any) -> None:
        await until(page, "clock.length > 0 && document.getElementById('sign').textContent === ''")


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    """Each test has its own: what one says or kills is nothing to another."""
    settings = {"SHUTTLE_GUIDE_SPEAKER__OUTPUT": "null", "SHUTTLE_GUIDE_SPEAKER__VOICES": "espeak"}
    async with (
        SpeakerAlone(tmp_path, settings) as speaker,
        ConsoleBeside(tmp_path) as console,
        chromium() as browser,
    ):
        yield Scene(speaker, console, browser)


async def test_each_word_lights_up_in_its_order_and_stays_until_the_sentence_is_over(scene: Scene) -> None:
    page = await scene.page()
    scene.speaker.say("order", TEXT, priority=Priority.ANNOUNCEMENT)
    await scene.speaker.report("order")
    await until(page, "document.querySelectorAll('#line .said').length === 5")
    lit = await page.evaluate("window.lit")
    assert lit == [word for word in WORDS if word in lit], "on a busy machine one may be passed over"
    assert len(lit) > 1
    assert await page.inner_text("#line") == TEXT
    assert await page.inner_text("#kind") == "Объявление"
    assert await page.get_attribute("#line", "lang") == "ru"
    await until(page, "document.getElementById('line').textContent === ''")
    await page.context.close()


async def test_who_opens_the_page_in_mid_sentence_sees_it(scene: Scene) -> None:
    scene.speaker.say("middle", f"{LONG} " * 6 + TEXT)  # longer than a busy machine takes for the page
    await scene.speaker.until_stage("middle", "first_sample")
    page = await scene.page()
    await page.wait_for_selector("#line .now")
    assert (await page.inner_text("#line")).startswith(LONG)
    scene.speaker.send(SpeechCancel(turn_id="middle", reason="test"), Priority.SAFETY)
    await scene.speaker.report("middle")
    await until(page, "document.querySelector('#line .now') === null")
    assert TEXT not in await page.inner_text("#line"), "what was cut is not shown as said"
    await page.context.close()


async def test_what_stands_on_the_page_goes_on_while_the_console_is_killed_and_the_next_is_shown(
    scene: Scene,
) -> None:
    page = await scene.page()
    text = f"{LONG} {LONG} {LONG} {TEXT}"  # it still sounds when a page on a busy machine has found out
    scene.speaker.say("killed", text)
    await page.wait_for_selector("#line .now")
    await scene.console.kill()
    await until(page, "document.getElementById('sign').textContent.startsWith('Нет связи')")
    before = len(await page.evaluate("window.lit"))
    await until(page, f"window.lit.length > {before}")
    assert await page.inner_text("#line") == text
    await scene.console.start()
    await scene.connected(page)
    scene.speaker.say("next", TEXT, replaces=("killed",))
    await until(page, f"document.getElementById('line').textContent === '{TEXT}'")
    await scene.speaker.report("next")
    await page.context.close()


async def test_a_speaker_that_is_killed_is_told_and_found_again(scene: Scene) -> None:
    page = await scene.page()
    scene.speaker.say("dies", f"{LONG} {TEXT}")
    await page.wait_for_selector("#line .now")
    await scene.speaker.kill()
    await until(page, "document.getElementById('sign').textContent === 'Гид запускается.'")
    await scene.speaker.start()
    await scene.connected(page)
    scene.speaker.say("again", TEXT)
    await until(page, f"document.getElementById('line').textContent === '{TEXT}'")
    await scene.speaker.report("again")
    await page.context.close()


async def test_it_is_accessible_and_fits_every_screen(scene: Scene) -> None:
    moving = "getComputedStyle(document.querySelector('#line .now')).transitionDuration"
    for size, (width, height) in SIZES.items():
        for scheme in SCHEMES:
            turn_id = f"{size} {scheme}"
            page = await scene.page(
                viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce"
            )
            assert await violations(page) == [], f"{turn_id}, while nothing sounds"
            text = f"{LONG} {'Аэрогидродинамическая' * 3}."
            scene.speaker.say(turn_id, text, priority=Priority.SAFETY)
            await page.wait_for_selector("#line .now")
            assert await page.evaluate(moving) == "0s"
            assert await overflow_px(page) <= 0, turn_id
            assert await violations(page) == [], turn_id
            scene.speaker.send(SpeechCancel(turn_id=turn_id, reason="test"), Priority.SAFETY)
            await scene.speaker.report(turn_id)
            await page.context.close()
