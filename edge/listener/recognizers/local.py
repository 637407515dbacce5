"""A recognizer on this machine: a blocking engine behind threads of its own.

Threads and not processes: the engines do their work outside the interpreter lock (or in slices of a few
milliseconds), and all workers share one copy of the model.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncGenerator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from edge.journal_events import MessageId, event
from edge.ladder import RungError
from edge.listener.segment import RecognitionRequest, Transcript

log = logging.getLogger(__name__)

HANGS_AFTER_S = 8.0
"""On a GPU, for what a model hears at once. Who asks waits 12 s, and the CPU shall still answer in them."""


class Cancelled(Exception):
    """Nobody wants the transcript any more. Raised inside an engine's thread, seen by nobody."""


class Engine(Protocol):
    """What recognises, blocking. Called from several threads at once."""

    name: str

    @property
    def fact(self) -> str:
        """Model and device that are really used."""
        ...

    @property
    def fell_back(self) -> bool:
        """The device that is really used is not the one that was asked for."""
        ...

    def load(self) -> None:
        """Load all models and recognise something with them, so that the first segment is not slower.

        Raises:
            RungError: it cannot work; the text says what to do.
        """
        ...

    def transcribe(self, request: RecognitionRequest, cancelled: threading.Event) -> Transcript:
        """Recognise; ``cancelled`` is looked at wherever the engine can stop.

        Raises:
            Cancelled: it was looked at, and set.
            RungError: this segment could not be recognised.
        """
        ...


def fact_of(model: str, requested: object, actual: object | None, reasons: Sequence[str]) -> str:
    """Model and *requested → actual (reasons)*, for people; None: it is not loaded."""
    if actual is None:
        return f"{model}: not loaded"
    if not reasons:
        return f"{model} on {actual}"
    return f"{model} on {requested} → {actual} ({'; '.join(reasons)})"


class LocalRecognizer:
    """A rung that runs a blocking engine in threads.

    Args:
        engine: shared by all workers.
        workers: segments that are recognised at the same time.
    """

    paid = False
    local = True

    def __init__(self, engine: Engine, workers: int) -> None:
        self.name = engine.name
        self._engine = engine
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix=engine.name)
        self._trouble: str | None = "is not loaded"

    @property
    def fact(self) -> str:
        return self._trouble or self._engine.fact

    @property
    def usable(self) -> bool:
        return self._trouble is None

    async def start(self) -> None:
        try:
            await self._load()
        except RungError as error:
            log.error("%s cannot be used: %s", self.name, error, extra={"RUNG": self.name})

    async def close(self) -> None:
        """What is still being recognised ends by itself within one segment; nobody waits for it."""
        self._trouble = "is closed"
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def open(self, request: RecognitionRequest) -> AsyncGenerator[Transcript, None]:
        self._require_usable()
        cancelled = threading.Event()
        loop = asyncio.get_running_loop()
        try:
            yield await loop.run_in_executor(self._threads, self._engine.transcribe, request, cancelled)
        finally:
            cancelled.set()

    async def probe(self) -> None:
        """Look again for a model that was missing."""
        if not self.usable:
            await self._load()

    async def _load(self) -> None:
        try:
            await asyncio.get_running_loop().run_in_executor(self._threads, self._engine.load)
        except RungError as error:
            self._trouble = str(error)
            raise
        self._trouble = None
        if self._engine.fell_back:
            told = event(MessageId.FELL_BACK, rung=self.name, part=self.name)
            log.warning("%s: %s", self.name, self.fact, extra=told)
        else:
            log.info("%s: %s", self.name, self.fact, extra={"RUNG": self.name})

    def _require_usable(self) -> None:
        if self._trouble is not None:
            raise RungError(self._trouble, permanent=True)
