"""The speaker process by itself; the test is its commentator."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import zmq.asyncio

from edge.bus import FeedPublisher, FeedSubscriber, PipeSender
from edge.bus.topology import feed_path, pipe_path
from edge.messages import (
    Feed,
    Playback,
    PoolHoldings,
    PoolText,
    PoolVoice,
    Priority,
    ProcessState,
    Progress,
    Speech,
    SpeechEnd,
    SpeechOpener,
    SpeechReport,
    SpeechStart,
    Stage,
)
from tests.support.guide import clean_environment

PATIENCE_S = 30.0
LOG_TAIL_LINES = 25
SENDER = "the test"
ENDING = "Бывает."
"""What the turns end with that never get more than an opener."""
EAGER_POOL = {
    "SHUTTLE_GUIDE_POOL__QUIET_S": "0",
    "SHUTTLE_GUIDE_POOL__PAUSE_S": "0",
}
"""Settings of a speaker that fills its pool without pausing."""


class SpeakerAlone:
    """``shuttle-guide run speaker`` in a folder of its own; as a context it runs and is ready.

    Args:
        folder: for sockets, state and the log; short enough for socket paths.
        environment: settings and keys on top of what a test always wants.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.pool_folder = folder / "state" / "pool"
        self.environment = clean_environment(folder, 1883) | dict(environment)
        self.holdings: PoolHoldings | None = None
        self.playback: Playback | None = None
        self.state: ProcessState | None = None
        self.reports: dict[str, SpeechReport] = {}
        self.stages: dict[str, dict[Stage, float]] = {}
        """Turn's id → stage → monotonic seconds."""
        self._context = zmq.asyncio.Context()
        self._pipe = PipeSender(pipe_path(str(folder / "run"), "speech"), capacity=1024)
        self._process: asyncio.subprocess.Process | None = None
        self._watching: asyncio.Task[None] | None = None
        self._log_path = folder / "speaker.log"

    async def __aenter__(self) -> Self:
        self._watching = asyncio.create_task(self._watch())
        self._pipe.start(self._context)
        try:
            await self.start()
        except BaseException:
            await self._leave_nothing_behind()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._leave_nothing_behind()

    async def start(self) -> None:
        """Start it (again) and wait until it is ready and its device is open."""
        self.holdings = self.playback = self.state = None
        with self._log_path.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "edge", "run", "speaker"),
                env=self.environment,
                cwd=self.folder,
                stderr=log,
            )
        await self.until(
            lambda: bool(
                self.state
                and self.state.ready
                and self.holdings
                and self.playback
                and self.playback.output == "open"
            ),
            "the speaker to be ready",
        )

    async def kill(self) -> None:
        """``kill -9``."""
        assert self._process is not None
        self._process.kill()
        await self._process.wait()

    async def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        assert self._process is not None
        self._process.terminate()
        async with asyncio.timeout(10):
            return await self._process.wait()

    def send(self, message: Speech, priority: int = Priority.REMARK) -> None:
        self._pipe.put(message, priority=priority, expires_mono=time.monotonic() + PATIENCE_S)

    def say(
        self,
        turn_id: str,
        text: str,
        *,
        entry: str | None = None,
        priority: Priority = Priority.REMARK,
        replaces: tuple[str, ...] = (),
        whole: bool = True,
    ) -> None:
        """Begin a turn with this text; ``whole``: nothing follows."""
        now = time.monotonic()
        start = SpeechStart(
            turn_id=turn_id,
            sender=SENDER,
            priority=priority,
            language="ru",
            text=text,
            pool_entry=entry,
            replaces=replaces,
            received_mono=now,
            expires_mono=now + PATIENCE_S,
        )
        self.send(start, priority)
        if whole:
            self.send(SpeechEnd(turn_id=turn_id), priority)

    def open_with(
        self,
        turn_id: str,
        text: str,
        entry: str,
        *,
        priority: Priority = Priority.REMARK,
        ttl_s: float = 10.0,
    ) -> None:
        """Play an opener in front of a turn's text."""
        now = time.monotonic()
        opener = SpeechOpener(
            turn_id=turn_id,
            sender=SENDER,
            priority=priority,
            language="ru",
            text=text,
            pool_entry=entry,
            ending=ENDING,
            ending_entry="ending",
            received_mono=now,
            expires_mono=now + ttl_s,
        )
        self.send(opener, priority)

    @contextlib.asynccontextmanager
    async def another_commentator(self) -> AsyncIterator[None]:
        """A commentator that knows nothing of what was begun here."""
        feed = FeedPublisher(feed_path(str(self.folder / "run"), "commentator"))
        feed.start(self._context)
        feed.keep(ProcessState(process="commentator", instance="another", ready=True, status=""))
        try:
            yield
        finally:
            await feed.close()

    async def fill(self, *texts: PoolText) -> None:
        """Have these voiced ahead, and wait until they are held."""
        for text in texts:
            self.send_pool_text(text)
        await self.until_held(*(text.entry_id for text in texts))

    def send_pool_text(self, text: PoolText) -> None:
        self.send(PoolVoice(text=text), 0)

    @property
    def held(self) -> set[str]:
        """Ids of the entries that it says it holds."""
        return {entry.text.entry_id for entry in self.holdings.entries} if self.holdings else set()

    async def until_held(self, *entry_ids: str) -> None:
        await self.until(lambda: self.held >= set(entry_ids), f"{entry_ids} to be held")

    async def report(self, turn_id: str) -> SpeechReport:
        """How this turn ended, when it has."""
        await self.until(lambda: turn_id in self.reports, f"{turn_id} to end")
        return self.reports[turn_id]

    async def until_stage(self, turn_id: str, stage: Stage) -> float:
        """Monotonic seconds at which the turn reached it, when it has."""
        await self.until(lambda: stage in self.stages.get(turn_id, {}), f"{turn_id} to reach {stage}")
        return self.stages[turn_id][stage]

    def counter(self, name: str) -> int:
        return self.state.counters.get(name, 0) if self.state else 0

    async def until(self, fulfilled: Callable[[], bool], what: str) -> None:
        """Wait for a condition; fails with the end of the speaker's log."""
        deadline = time.monotonic() + PATIENCE_S
        while not fulfilled():
            await asyncio.sleep(0.01)
            if time.monotonic() > deadline:
                tail = "\n".join(self.log().splitlines()[-LOG_TAIL_LINES:])
                raise AssertionError(f"waited {PATIENCE_S:g} s in vain for {what}\n{tail}")

    def log(self) -> str:
        return self._log_path.read_text("utf-8", errors="replace")

    async def _watch(self) -> None:
        wanted: list[type[Feed]] = [Playback, PoolHoldings, Progress, ProcessState]
        feeds = {feed_path(str(self.folder / "run"), "speaker"): wanted}
        async with contextlib.aclosing(FeedSubscriber(feeds).messages(self._context)) as news:
            async for message in news:
                match message:
                    case PoolHoldings():
                        self.holdings = message
                    case ProcessState():
                        self.state = message
                    case Progress():
                        self.stages.setdefault(message.turn_id, {})[message.stage] = message.mono
                    case Playback():
                        self.playback = message
                        self.reports |= {report.turn_id: report for report in message.recent}

    async def _leave_nothing_behind(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        await self._pipe.close()
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        self._context.destroy(linger=0)
