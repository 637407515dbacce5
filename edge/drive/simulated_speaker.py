"""The speaker of a simulated drive: what is to be said takes its time, and makes no sound."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from msgspec.structs import replace

from edge.bus import Delivery
from edge.clock import monotonic
from edge.messages import (
    AnyMessage,
    Feed,
    Playback,
    PoolEntry,
    PoolHoldings,
    Priority,
    SpeechCancel,
    SpeechEnd,
    SpeechOpener,
    SpeechReport,
    SpeechStart,
    SpeechText,
    Stage,
    StageTime,
)

VOICE_S = 0.12
"""From a text to its first sound, where it was not voiced ahead."""
SECONDS_PER_CHAR = 0.07
VOICE = "scripted"
INSTANCE = "simulated"
REPORTS_TOLD = 8


class _Spoken:
    """A turn that is said, or waits for it."""

    def __init__(self, turn_id: str, priority: Priority) -> None:
        self.turn_id = turn_id
        self.priority = priority
        self.texts: deque[tuple[str, str | None]] = deque()
        self.more = asyncio.Event()
        self.closed = False
        self.heard = ""
        self.stages: dict[Stage, float] = {}
        self.work: asyncio.Task[None] | None = None

    def add(self, text: str, entry_id: str | None) -> None:
        self.texts.append((text, entry_id))
        self.more.set()

    def close(self) -> None:
        self.closed = True
        self.more.set()


class SimulatedSpeaker:
    """Takes the speech pipe's messages, as the speaker does; one turn sounds at a time.

    Args:
        tell: takes the news of its feed.
    """

    def __init__(self, tell: Callable[[Feed], None]) -> None:
        self._tell = tell
        self._turns: dict[str, _Spoken] = {}
        self._floor = asyncio.Lock()
        self._dead: dict[str, str] = {}
        self._reports: deque[SpeechReport] = deque(maxlen=REPORTS_TOLD)
        self._sounding: _Spoken | None = None
        self._entries: dict[str, PoolEntry] = {}

    def put(self, message: AnyMessage, *, priority: int, expires_mono: float) -> asyncio.Future[Delivery]:
        """The sending end of the speech pipe: everything arrives at once."""
        del priority, expires_mono
        loop = asyncio.get_running_loop()
        delivered: asyncio.Future[Delivery] = loop.create_future()
        loop.call_soon(self._take, message)
        loop.call_soon(delivered.set_result, Delivery.ACKNOWLEDGED)
        return delivered

    def hold(self, entries: list[PoolEntry]) -> None:
        """The pool holds these from now on."""
        self._entries = {entry.text.entry_id: entry for entry in entries}
        self._tell_holdings()

    def tell(self) -> None:
        """Tell the speaker's state to whoever needs it."""
        self._tell(
            Playback(
                instance=INSTANCE,
                started_mono=0.0,
                turn_id=self._sounding.turn_id if self._sounding else None,
                heard=self._sounding.heard if self._sounding else "",
                output="open",
                voice=VOICE,
                muted=False,
                volume=1.0,
                recent=tuple(self._reports),
            )
        )

    def _take(self, message: AnyMessage) -> None:
        match message:
            case SpeechOpener() if not self._turns and message.pool_entry in self._entries:
                self._new(message).add(message.text, message.pool_entry)
            case SpeechStart():
                self._begin(message)
            case SpeechText() if turn := self._turns.get(message.turn_id):
                turn.add(message.text, message.pool_entry)
            case SpeechEnd() if turn := self._turns.get(message.turn_id):
                turn.close()
            case SpeechCancel():
                self._kill(message.turn_id, message.reason)

    def _begin(self, start: SpeechStart) -> None:
        if reason := self._dead.get(start.turn_id):
            self._report(
                SpeechReport(turn_id=start.turn_id, outcome="interrupted", reason=reason, spoken_text="")
            )
            return
        lower = [
            i for i, turn in self._turns.items() if i != start.turn_id and turn.priority < start.priority
        ]
        for turn_id in dict.fromkeys((*start.replaces, *lower)):
            self._kill(turn_id, f"replaced by turn {start.turn_id}")
        turn = self._turns.get(start.turn_id) or self._new(start)
        turn.add(start.text, start.pool_entry)

    def _new(self, first: SpeechStart | SpeechOpener) -> _Spoken:
        turn = self._turns[first.turn_id] = _Spoken(first.turn_id, first.priority)
        turn.work = asyncio.create_task(self._say(turn), name=f"saying {first.turn_id}")
        return turn

    async def _say(self, turn: _Spoken) -> None:
        async with self._floor:
            try:
                while turn.texts or not turn.closed:
                    if not turn.texts:
                        turn.more.clear()
                        await turn.more.wait()
                        continue
                    await self._say_clause(turn, *turn.texts.popleft())
            finally:
                if self._sounding is turn:
                    self._sounding = None
        turn.stages["last_sample"] = monotonic()
        self._end(turn, SpeechReport(turn_id=turn.turn_id, outcome="spoken", spoken_text=turn.heard))

    async def _say_clause(self, turn: _Spoken, text: str, entry_id: str | None) -> None:
        entry = self._entries.get(entry_id or "")
        if entry is None:
            if self._sounding is not turn:
                await asyncio.sleep(VOICE_S)
            duration_s = len(text) * SECONDS_PER_CHAR
        else:
            duration_s = entry.duration_ms / 1000
            if entry.text.use == "remark":
                del self._entries[entry.text.entry_id]
                self._tell_holdings()
        now = monotonic()
        reached: tuple[Stage, ...] = ("first_audio", "first_sample")
        opens = entry is not None and entry.text.use in ("opener", "bridge")
        for stage in reached if opens else (*reached, "first_content"):
            turn.stages.setdefault(stage, now)
        self._sounding = turn
        self.tell()
        words = text.split(" ")
        before = turn.heard
        for number, word in enumerate(words, 1):
            await asyncio.sleep(duration_s * (len(word) + 1) / (len(text) + 1))
            if not opens:
                turn.heard = f"{before} {' '.join(words[:number])}".strip()
        self.tell()

    def _kill(self, turn_id: str, reason: str) -> None:
        self._dead[turn_id] = reason
        if (turn := self._turns.get(turn_id)) and turn.work:
            turn.work.cancel()
            outcome = SpeechReport(
                turn_id=turn_id, outcome="interrupted", reason=reason, spoken_text=turn.heard
            )
            self._end(turn, outcome)

    def _end(self, turn: _Spoken, report: SpeechReport) -> None:
        if self._turns.pop(turn.turn_id, None) is None:
            return
        if self._sounding is turn:
            self._sounding = None
        stages = tuple(StageTime(stage, mono) for stage, mono in turn.stages.items())
        self._report(replace(report, voices=(VOICE,) if stages else (), stages=stages))

    def _report(self, report: SpeechReport) -> None:
        self._reports.append(report)
        self.tell()

    def _tell_holdings(self) -> None:
        self._tell(
            PoolHoldings(
                instance=INSTANCE, voice=VOICE, entries=tuple(self._entries.values()), characters_left=10_000
            )
        )
