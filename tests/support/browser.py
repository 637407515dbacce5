"""Debian's Chromium, driven by playwright, and axe-core's judgement of a page."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import AsyncIterator
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
SIZES = {"phone": (390, 844), "tablet": (1024, 768), "desk": (1440, 900)}
SCHEMES = ("light", "dark")
REACHABLE = "a[href], button, input:not([type=hidden]), textarea, select, summary"


def missing() -> str | None:
    """What is not on this machine, in one line; None: nothing."""
    if CHROMIUM is None:
        return "no chromium on this machine (Debian: apt-get install chromium)"
    try:
        import axe_playwright_python
        import playwright
    except ImportError as error:
        return f"no {error.name} in .venv; run: make setup"
    del axe_playwright_python, playwright
    return None


needs_browser = pytest.mark.skipif(bool(missing()), reason=str(missing()))


@contextlib.asynccontextmanager
async def chromium(*arguments: str) -> AsyncIterator[Any]:
    """A browser without a window; ``arguments`` are its own."""
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        # As root its sandbox does not start; the pages are our own.
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", *arguments]
        )
        try:
            yield browser
        finally:
            await browser.close()


async def overflow_px(page: Any) -> int:
    """How much wider than its window the page is."""
    return int(
        await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    )


async def reached_by_tab(page: Any) -> tuple[int, int]:
    """How many elements the Tab key comes to, and how many somebody without a mouse needs."""
    needed = await page.evaluate(
        f"[...document.querySelectorAll('{REACHABLE}')].filter(each => each.checkVisibility()).length"
    )
    reached = set()
    for _ in range(needed + 10):
        await page.keyboard.press("Tab")
        reached.add(
            await page.evaluate("[...document.querySelectorAll('*')].indexOf(document.activeElement)")
        )
    return len(reached), needed


async def violations(page: Any) -> list[str]:
    """What axe-core finds wrong, a line each. The page must have been opened with ``bypass_csp``."""
    from axe_playwright_python.async_playwright import Axe

    found = (await Axe().run(page)).response["violations"]
    return [f"{each['id']}: {each['nodes'][0]['html'][:200]}" for each in found]
