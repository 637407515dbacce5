"""The speaker process by itself; the test is its commentator."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from bench.guide_process import PATIENCE_S
from edge.bus import FeedPublisher, PipeSender
from edge.bus.topology import SPEECH
from edge.messages import (
    AnyMessage,
    Language,
    Playback,
    PoolHoldings,
    PoolText,
    PoolVoice,
    Priority,
    ProcessName,
    ProcessState,
    Progress,
    Speech,
    SpeechEnd,
    SpeechOpener,
    SpeechReport,
    SpeechStart,
    Stage,
)
from tests.support.process_alone import ProcessAlone

SENDER = "the test"
ENDING = "Бывает."
"""What the turns end with that never get more than an opener."""
EAGER_POOL = {
    "SHUTTLE_GUIDE_POOL__QUIET_S": "0",
    "SHUTTLE_GUIDE_POOL__PAUSE_S": "0",
}
"""Settings of a speaker that fills its pool without pausing."""


class SpeakerAlone(ProcessAlone):
    """``shuttle-guide run speaker``; ready includes that its device is open."""

    NEWS = (Playback, PoolHoldings, Progress)

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        super().__init__("speaker", folder, environment)
        self.pool_folder = folder / "state" / "pool"
        self.holdings: PoolHoldings | None = None
        self.playback: Playback | None = None
        self.reports: dict[str, SpeechReport] = {}
        self.stages: dict[str, dict[Stage, float]] = {}
        """Turn's id → stage → monotonic seconds."""
        self._pipe = PipeSender(self.runtime_dir, SPEECH, "commentator", capacity=1024)

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
        language: Language = "ru",
        local_only: bool = False,
    ) -> None:
        """Begin a turn with this text; ``whole``: nothing follows."""
        now = time.monotonic()
        start = SpeechStart(
            turn_id=turn_id,
            sender=SENDER,
            priority=priority,
            language=language,
            text=text,
            pool_entry=entry,
            replaces=replaces,
            local_only=local_only,
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
        feed = FeedPublisher(self.runtime_dir, "commentator")
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

    def _told(self, message: AnyMessage) -> None:
        super()._told(message)
        match message:
            case PoolHoldings():
                self.holdings = message
            case Progress():
                self.stages.setdefault(message.turn_id, {})[message.stage] = message.mono
            case Playback():
                self.playback = message
                self.reports |= {report.turn_id: report for report in message.recent}

    def _connect(self) -> None:
        self._pipe.start(self._context)

    async def _disconnect(self) -> None:
        await self._pipe.close()

    def _is_ready(self) -> bool:
        is_open = self.playback is not None and self.playback.output == "open"
        return super()._is_ready() and self.holdings is not None and is_open

    def _forget(self, name: ProcessName) -> None:
        super()._forget(name)
        self.holdings = self.playback = None
