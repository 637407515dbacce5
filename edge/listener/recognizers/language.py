"""The language of a segment, found once, where the choice of its recognizer depends on it."""

from __future__ import annotations

import asyncio
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, Protocol

from edge.journal_events import MessageId, event
from edge.ladder import RungError
from edge.listener.segment import SAMPLE_RATE, RecognitionRequest
from edge.messages import Language
from edge.recent import Recent

log = logging.getLogger(__name__)

ENOUGH_SAMPLES = 2 * SAMPLE_RATE
"""What was found by so much sound counts for the rest of the segment. By less it counts for interim
transcripts alone."""
MAX_SEGMENTS = 16
"""Twice what the recognizers' queue holds: older ones are forgotten."""


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


class _Found(NamedTuple):
    by_samples: int
    language: asyncio.Task[Language]

    def serves(self, request: RecognitionRequest) -> bool:
        return request.interim or self.by_samples >= min(ENOUGH_SAMPLES, len(request.samples))


class FindLanguage:
    """Asks a finder in a thread of its own, and keeps what it found of a segment.

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
        self._found = Recent[str, _Found](MAX_SEGMENTS)
        """Segment → its language."""

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
        found = self._found.get(request.segment_id)
        if found is None or not found.serves(request):
            found = _Found(len(request.samples), asyncio.create_task(self._find(request)))
            if request.segment_id:
                self._found[request.segment_id] = found
        # Who gave up a guess did not give up the segment: what is being found serves its next request.
        return await asyncio.shield(found.language)

    async def _find(self, request: RecognitionRequest) -> Language:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._thread, self._finder.find_language, request)
        except RungError as error:
            self._tell(error)
            self._found.pop(request.segment_id, None)
            return self._default

    def _tell(self, error: RungError) -> None:
        """Tell it once, and not of each utterance."""
        if not self._told.is_set():
            self._told.set()
            told = event(MessageId.FELL_BACK, part="language")
            log.warning("the language is not found, %s counts: %s", self._default, error, extra=told)
