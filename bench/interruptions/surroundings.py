"""What a listener has around it in simulated time: news that it is told, work that it sends, a recognizer."""

from __future__ import annotations

import asyncio
import hashlib
import json
import threading
from collections import Counter
from collections.abc import AsyncGenerator, Coroutine
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from edge.clock import monotonic
from edge.config import Settings
from edge.listener.recognizers.whisper import WhisperEngine
from edge.listener.segment import RecognitionRequest, Transcript
from tests.support.told import Inbox

FINAL_S, INTERIM_S = 0.7, 0.5
"""What Whisper base takes on two x86 cores, whatever else this machine does meanwhile."""


class Surroundings:
    """Stands in for a process's ``Life``: no sockets."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.counters: Counter[str] = Counter()
        self.sent: list[tuple[float, Any]] = []
        """What the listener sent into its pipes, with the time."""
        self.told: list[Any] = []
        """What it told on its feed."""
        self.feed = SimpleNamespace(keep=self.told.append, publish=self.told.append)
        self._inboxes: list[tuple[tuple[type[Any], ...], Inbox]] = []
        self._watchers: list[tuple[tuple[type[Any], ...], asyncio.Queue[Any]]] = []
        self._tasks: list[asyncio.Task[Any]] = []

    def tell(self, message: Any) -> None:
        """News from another process."""
        for types, inbox in self._inboxes:
            if isinstance(message, types):
                inbox.append(message)
        for types, queue in self._watchers:
            if isinstance(message, types):
                queue.put_nowait(message)

    def spawn(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        self._tasks.append(asyncio.create_task(work, name=name))
        return self._tasks[-1]

    def inbox(self, *types: type[Any]) -> Inbox:
        self._inboxes.append((types, Inbox()))
        return self._inboxes[-1][1]

    def watch(self, *types: type[Any]) -> AsyncGenerator[Any, None]:
        queue: asyncio.Queue[Any] = asyncio.Queue()
        self._watchers.append((types, queue))

        async def messages() -> AsyncGenerator[Any, None]:
            while True:
                yield await queue.get()

        return messages()

    def send_into(self, pipe: Any) -> Any:
        def put(message: Any, **options: Any) -> None:
            self.sent.append((monotonic(), message))

        return SimpleNamespace(put=put)

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()


class KeptTranscripts:
    """The real engine behind the ladder's face. What it understood is kept, so that a run can be resumed.

    Args:
        file: JSON lines; made where there is none.
        interim: it makes interim transcripts, too; where it is too slow for them, the guide does without.
    """

    final_s = FINAL_S

    def __init__(self, settings: Settings, file: Path, *, interim: bool) -> None:
        self._interim = interim
        self._engine = WhisperEngine(settings)
        self._loaded = False
        self._file = file
        self._kept: dict[str, Transcript] = {}
        if file.is_file():
            for line in file.read_text("utf-8").splitlines():
                one = json.loads(line)
                key = one.pop("key")
                self._kept[key] = Transcript(**one)

    def usable(self, *, interim: bool = False) -> bool:
        return self._interim or not interim

    async def close(self) -> None:
        """Nothing is open."""

    async def recognise(self, request: RecognitionRequest) -> Transcript:
        await asyncio.sleep(INTERIM_S if request.interim else self.final_s)
        key = hashlib.sha256(request.samples.tobytes() + bytes([request.interim])).hexdigest()[:24]
        if key not in self._kept:
            if not self._loaded:
                self._engine.load()
                self._loaded = True
            self._kept[key] = self._engine.transcribe(request, threading.Event())
            with self._file.open("a", encoding="utf-8") as file:
                told = {"key": key, **self._kept[key]._asdict()}
                file.write(json.dumps(told, ensure_ascii=False) + "\n")
        return self._kept[key]
