"""The guide's own words for the passengers' page, as the speaker tells them, and their stream to a page."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any

from starlette.responses import Response

from edge.bus.topology import TIMINGS
from edge.console.changes import Changes
from edge.console.events import AGAIN_MS, MOST_PAGES, EventStream, SendEvents
from edge.http.access import refused
from edge.messages import GuideWords, Priority

PING_S = 2.0
"""A page is told so often that it is connected, and what time it is here."""


class SpokenWords:
    """What sounds now. The feed is watched from the first page on: until then nobody works for it.

    Args:
        watch: the words from the speaker's feed, for ever.
        spawn: runs it beside the rest.
    """

    def __init__(
        self,
        watch: Callable[[], AsyncGenerator[GuideWords, None]],
        spawn: Callable[[Coroutine[Any, Any, None], str], object],
    ) -> None:
        self._watch = watch
        self._spawn = spawn
        self._watched = False
        self._words: GuideWords | None = None
        self._heard_mono = float("-inf")
        self._changes = Changes()
        self.pages = 0

    def stream(self) -> Response:
        """What a page is told; it ends when the page leaves."""
        if self.pages >= MOST_PAGES:
            return refused(503, "too many pages are open", retry_after_s=AGAIN_MS / 1000)
        if not self._watched:
            self._watched = True
            self._spawn(self._follow(), "watching the words that sound")
        return _WordStream(self, self._count, self._changes)

    def close(self) -> None:
        """The pages shall end."""
        self._changes.close()

    def take(self, words: GuideWords, now_mono: float) -> None:
        """The speaker has told this."""
        is_new = self._words is None or self._words.id != words.id
        self._words, self._heard_mono = words, now_mono
        if is_new:
            self._changes.tell()

    def current(self, now_mono: float) -> GuideWords | None:
        """The words that sound now; None: the speaker does not answer."""
        is_fresh = now_mono - self._heard_mono <= TIMINGS[GuideWords].fresh_s
        return self._words if is_fresh else None

    def _count(self, more: int) -> None:
        self.pages += more

    async def _follow(self) -> None:
        async with contextlib.aclosing(self._watch()) as messages:
            async for words in messages:
                self.take(words, time.monotonic())


class _WordStream(EventStream):
    """Events: ``words`` with each change, ``away`` where the speaker does not answer, else ``still``."""

    def __init__(self, spoken: SpokenWords, opened: Callable[[int], None], changes: Changes) -> None:
        super().__init__(opened)
        self._spoken = spoken
        self._changes = changes

    async def _events(self, tell: SendEvents) -> None:
        told: str | None = None
        begin = f"retry: {AGAIN_MS}\n\n"
        while not self._changes.closed:
            change = self._changes.later()
            now_mono = time.monotonic()
            words = self._spoken.current(now_mono)
            known = words.id if words else ""
            text = begin + event_of(words, now_mono, is_new=known != told)
            told, begin = known, ""
            await tell(text)
            await self._changes.within(change, PING_S)


def event_of(words: GuideWords | None, now_mono: float, *, is_new: bool) -> str:
    """One event. Times are monotonic seconds of this machine, as ``now`` is: no set clock moves them."""
    if words is None:
        return f'event: away\ndata: {{"now": {now_mono:.3f}}}\n\n'
    if not is_new:
        return f'event: still\ndata: {{"now": {now_mono:.3f}}}\n\n'
    told = {
        "now": round(now_mono, 3),
        "turn": words.turn_id,
        "kind": Priority(words.priority).name.lower() if words.priority is not None else None,
        "language": words.language,
        "text": words.text,
        "words": [
            [word.start, word.end, None if word.begins_mono is None else round(word.begins_mono, 3)]
            for word in words.words
        ],
        "outcome": words.outcome,
    }
    return f"event: words\ndata: {json.dumps(told, ensure_ascii=False)}\n\n"
