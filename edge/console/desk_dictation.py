"""What a page's microphone hears, taken to the recognizer server, and what was understood back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.config import DeskSettings
from edge.dictation.link import RecognizerLink
from edge.dictation.link_state import LinkState
from edge.dictation.protocol import ServerStage, Understood
from edge.dictation.sentence_tail import LAST_WORDS_S, SentenceTail, send_silence
from edge.dictation.server_address import ServerAccess, access_of
from edge.operator_error import OperatorError
from edge.tasks import cancel_and_wait, wait_at_most

TellPage = Callable[[dict[str, Any]], None]
"""Tells the page something; returns at once."""


class DeskDictation:
    """One page's dictation: switched on and off, in a language that may change.

    Args:
        settings: where the recognizer server is.
        tell: gets the server's words and its state.
    """

    def __init__(self, settings: DeskSettings, tell: TellPage) -> None:
        self._settings = settings
        self._tell = tell
        self._line: _ServerLine | None = None
        self._language = ""
        self._tasks: set[asyncio.Task[None]] = set()

    def switch(self, on: bool, language: str) -> None:
        """Take the sound from now on, or end the sentence that was begun; "": the server finds in which."""
        if self._line is None or language != self._language:
            self._choose(language)
        if self._line is not None:
            self._line.switch(on)

    def hear(self, samples: NDArray[np.int16]) -> None:
        """A piece of sound, shape (n,), mono, 16 kHz."""
        if self._line is not None:
            self._line.hear(samples)

    async def close(self) -> None:
        """The page has left."""
        await cancel_and_wait(*self._tasks)

    def _choose(self, language: str) -> None:
        self._language = language
        try:
            access = access_of(self._settings, language=language)
        except OperatorError as error:
            self._tell({"type": "server", "name": "refused", "told": str(error)})
            return
        if self._line is not None:
            self._line.replaced = True
            self._line.switch(False)
        self._line = _ServerLine(access, self._tell)
        task = asyncio.create_task(self._line.run(), name="a desk's recognizer server")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class _ServerLine:
    """The connection in one language."""

    def __init__(self, access: ServerAccess, tell: TellPage) -> None:
        self.replaced = False
        """Another one takes the sound; what was said before is still told."""
        self._on = False
        self._tell = tell
        self._tail = SentenceTail()
        self._switched = asyncio.Event()
        self._news = asyncio.Event()
        self._link = RecognizerLink(access, self._take, self._state_changed)

    def switch(self, on: bool) -> None:
        if self._on and not on:
            self._tail.ended(time.monotonic())
        self._on = on
        self._switched.set()

    def hear(self, samples: NDArray[np.int16]) -> None:
        if self._on:
            self._link.send(samples)

    async def run(self) -> None:
        """Dictate for ever, or until it is replaced and has told its last words."""
        self._state_changed(self._link.state)
        connecting = asyncio.create_task(self._link.run())
        try:
            while not self.replaced:
                await self._switched.wait()
                self._switched.clear()
                if not self._on:
                    await send_silence(self._link.send, self._needs_silence)
            # A sentence that was begun in one language is finished in it.
            deadline = time.monotonic() + LAST_WORDS_S
            while self._tail.awaited and (left_s := deadline - time.monotonic()) > 0:
                self._news.clear()
                await wait_at_most(self._news, left_s)
        finally:
            await cancel_and_wait(connecting)

    def _needs_silence(self) -> bool:
        return not self._on and self._tail.wanted(time.monotonic())

    def _take(self, news: Understood | ServerStage) -> None:
        self._tail.take(news)
        self._news.set()
        if isinstance(news, Understood):
            self._tell({"type": "fullSentence" if news.final else "realtime", "text": news.text})

    def _state_changed(self, state: LinkState) -> None:
        if not self.replaced:
            self._tell({"type": "server", "name": state.name, "told": state.reason})
