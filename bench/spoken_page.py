"""When the passengers' page in Debian's Chromium lights up each word, in this machine's monotonic time."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from playwright.async_api import async_playwright

from tests.support.console_beside import ConsoleBeside

CHROMIUM = shutil.which("chromium")
NOTE_WORDS = """() => {
  window.lit = [];
  const note = () => {
    const word = document.querySelector('#line .now');
    if (word && window.lit.at(-1)?.word !== word.textContent)
      window.lit.push({ word: word.textContent, at: performance.timeOrigin + performance.now() });
  };
  new MutationObserver(note)
    .observe(document.getElementById('line'), { subtree: true, childList: true, attributes: true });
}"""


class PageWatch:
    """The page, open beside a speaker."""

    def __init__(self, page: Any) -> None:
        self._page = page

    async def begin(self) -> None:
        """Forget what was lit."""
        await self._page.evaluate("window.lit.length = 0")

    async def lit(self) -> list[tuple[str, float]]:
        """Word, and monotonic seconds at which it was lit, in order."""
        unix_minus_mono_s = time.time() - time.monotonic()
        lit = await self._page.evaluate("window.lit")
        return [(each["word"], each["at"] / 1000 - unix_minus_mono_s) for each in lit]


@contextlib.asynccontextmanager
async def page_beside(folder: Path) -> AsyncIterator[PageWatch]:
    """A console in the speaker's folder, and its page in a browser.

    Raises:
        RuntimeError: there is no Chromium.
    """
    if CHROMIUM is None:
        raise RuntimeError("no Chromium on this machine: apt-get install chromium")
    async with ConsoleBeside(folder) as console, async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = await browser.new_page()
        await page.goto(f"{console.url}/spoken")
        await page.evaluate(NOTE_WORDS)
        yield PageWatch(page)
        await browser.close()
