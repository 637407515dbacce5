"""The language of an utterance, found once, where the choice of its recognizer depends on it."""

from __future__ import annotations

import asyncio
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from edge.journal_events import MessageId, event
from edge.ladder import RungError
from edge.listener.segment import RecognitionRequest
from edge.messages import Language

log = logging.getLogger(__name__)


class Finder(Protocol):
    """What finds it, blocking: a Whisper, by a short run of its encoder."""

    @property
    def fact(self) -> str:
        """Model and device that are really used."""
        ...

    @property
    def fell_back(self) -> bool:
        """The device that is really used is not the one that was asked for."""
        ...

    def load(self) -> None:
        """Raises RungError."""
        ...

    def find_language(self, request: RecognitionRequest) -> Language:
        """Raises RungError."""
        ...


class FindLanguage:
    """Asks a finder in a thread of its own.

    Args:
        finder: that knows languages by their sound.
        default: what counts while it cannot be asked.
        loads: the finder is nobody else's, and has to be loaded.
    """

    def __init__(self, finder: Finder, default: Language, *, loads: bool) -> None:
        self._finder = finder
        self._default: Language = default
        self._loads = loads
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="language")
        self._told = threading.Event()

    async def start(self) -> None:
        """Returns when it is loaded."""
        if self._loads:
            try:
                await asyncio.get_running_loop().run_in_executor(self._thread, self._finder.load)
            except RungError as error:
                self._tell(error)
                return
            if self._finder.fell_back:
                told = event(MessageId.FELL_BACK, part="language")
                log.warning("the language is found by %s", self._finder.fact, extra=told)

    async def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def __call__(self, request: RecognitionRequest) -> Language:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._thread, self._finder.find_language, request)
        except RungError as error:
            self._tell(error)
            return self._default

    def _tell(self, error: RungError) -> None:
        """Once: it would be told of each utterance."""
        if not self._told.is_set():
            self._told.set()
            told = event(MessageId.FELL_BACK, part="language")
            log.warning("the language is not found, %s counts: %s", self._default, error, extra=told)
