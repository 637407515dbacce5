"""The thread that keeps the source of sound open, reads it, and gets it back when it was lost."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterator

from edge.backoff import Backoff
from edge.error_lines import reason_of
from edge.journal_events import MessageId, event
from edge.listener.frame_queue import FrameQueue
from edge.listener.framing import FRAME_S, Framer
from edge.listener.input import AudioInput, InputEnded, InputError
from edge.listener.level import FLOOR_DBFS, LevelMeter
from edge.listener.segment import Frame
from edge.realtime import ask_for_realtime
from edge.sound.device_state import RETRY_MAX_S, RETRY_MIN_S, DeviceState, log_lost
from edge.sound.samples import Samples

log = logging.getLogger(__name__)

QUEUE_FRAMES = 64
"""Two seconds: a reader that is later than that answers what nobody remembers having asked."""
QUIET_AFTER_S = 0.5
"""Without a frame for so long, whoever was speaking is not heard any more."""
STUCK_AFTER_S = 2.0
SILENT_AFTER_S = 30.0
"""No microphone that hears gives nothing but zeros for so long, not even behind a noise gate."""
HUNG_AFTER_S = 60.0
OFF_LOOK_S = 0.2
OFF = DeviceState("absent", "switched off")
"""Closed, since nobody may be listened to."""


class Microphone:
    """One source of sound as frames in the event loop in which this is made.

    Args:
        source: what to hear.
        on_state: called in the event loop with each change.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        source: AudioInput,
        on_state: Callable[[DeviceState], None] = lambda state: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.state = DeviceState("absent", "not opened yet")
        self._source = source
        self._on_state = on_state
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._queue = FrameQueue(QUEUE_FRAMES)
        self._level = LevelMeter()
        self._stopping = threading.Event()
        self._wanted = threading.Event()
        self._wanted.set()
        self._reading_since: float | None = None
        self._backoff = Backoff(RETRY_MIN_S, RETRY_MAX_S)
        self._turned_at = self._sounded_at = clock()
        self._thread = threading.Thread(target=self._run, name="microphone", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def listen(self, on: bool) -> None:
        """Switch off (the source is let go, and nothing is captured), or on again."""
        if on:
            self._wanted.set()
        else:
            self._wanted.clear()

    async def frames(self) -> AsyncGenerator[Frame | None, None]:
        """What is heard; None after it, when nothing has come for ``QUIET_AFTER_S`` or it has ended.

        Ends with the source, where that has an end, and after ``close``.
        """
        quiet = True
        while not self._queue.ended:
            frame = await self._queue.get(QUIET_AFTER_S)
            if frame is not None or not quiet:
                yield frame
            quiet = frame is None
            if quiet:
                self._tell_if_stuck()
        if not quiet:
            yield None

    @property
    def level_dbfs(self) -> float:
        """Smoothed; the floor while there is no sound."""
        return self._level.dbfs if self.state.name == "open" else FLOOR_DBFS

    @property
    def silent(self) -> bool:
        """Whether the samples are all zero: the microphone is muted."""
        return self.state.name == "open" and self._clock() - self._sounded_at >= SILENT_AFTER_S

    @property
    def dropped_frames(self) -> int:
        """How many frames were read and not taken in time."""
        return self._queue.dropped

    @property
    def overflows(self) -> int:
        """How often the source lost sound because it was not read in time."""
        return self._source.overflows

    @property
    def losses(self) -> int:
        """How often sound was lost on either of these ways."""
        return self.dropped_frames + self.overflows

    @property
    def working(self) -> bool:
        """Whether the thread goes on; where it hangs in the device only a new process helps."""
        leaving = self._queue.ended or self._stopping.is_set()
        return leaving or self._clock() - self._turned_at < HUNG_AFTER_S

    async def close(self) -> None:
        """Let the source go; a source that hangs is left behind."""
        self._stopping.set()
        self._queue.close()
        if self._thread.is_alive():
            await asyncio.to_thread(self._thread.join, 0.5)
            if self._thread.is_alive():
                self._source.abandon()

    def _run(self) -> None:
        ask_for_realtime()
        while not self._stopping.is_set():
            reason = "stopped"
            ended = False
            if not self._wanted.wait(OFF_LOOK_S):
                self._turned_at = self._clock()
                self._tell(OFF)
                continue
            try:
                self._turned_at = self._clock()
                self._source.open()
                self._read()
            except InputEnded as end:
                reason, ended = str(end), True
            except InputError as error:
                reason = str(error)
            except Exception as error:
                log.exception("microphone: unexpected error; the source is opened again")
                reason = f"internal error: {reason_of(error)}"
            self._reading_since = None
            self._tell(DeviceState("absent", reason) if self._wanted.is_set() else OFF, for_good=ended)
            self._source.close()
            if ended:
                break
            if not self._wanted.is_set():
                continue
            self._stopping.wait(self._backoff.next_s())
        self._queue.close()

    def _read(self) -> None:
        framer = Framer(self._source.sample_rate)
        self._reading_since = heard_at = self._clock()
        while self._wanted.is_set() and not self._stopping.is_set():
            try:
                block = self._source.read()
            except InputEnded:
                self._put(framer.flush())
                raise
            now = self._turned_at = self._reading_since = self._clock()
            if len(block):
                heard_at = now
                self._hear(framer, block, now)
            elif now - heard_at >= QUIET_AFTER_S:
                framer = Framer(self._source.sample_rate)
                self._tell(DeviceState("absent", self._source.when_quiet))

    def _hear(self, framer: Framer, block: Samples, now: float) -> None:
        # A device counts as open when it has given sound: one that hangs can be opened as well.
        self._tell(DeviceState("open", ""))
        self._backoff.reset()
        self._put(framer.push(block, now - self._source.backlog_s))

    def _put(self, frames: Iterator[Frame]) -> None:
        for frame in frames:
            self._level.add(frame.samples, FRAME_S)
            if frame.samples.any():
                self._sounded_at = self._clock()
            self._queue.put(frame)

    def _tell_if_stuck(self) -> None:
        # The read is left alone: it goes on when the device recovers, and aborted it would hang for good
        # (seen with a suspended source of PulseAudio).
        since = self._reading_since
        if since is not None and self._clock() - since >= STUCK_AFTER_S:
            self._tell(DeviceState("absent", f"it has given no sound for {STUCK_AFTER_S:g} s"))

    def _tell(self, state: DeviceState, *, for_good: bool = False) -> None:
        if state == self.state:
            return
        was, self.state = self.state, state
        if state.name == "open":
            self._level.reset()
            self._sounded_at = self._clock()
            log.info(
                "audio input %r is open at %d Hz",
                self._source.name,
                self._source.sample_rate,
                extra=event(MessageId.AUDIO_FOUND, device="microphone"),
            )
        elif for_good or state == OFF:
            log.info("audio input %r: %s", self._source.name, state.reason)
        elif not self._stopping.is_set():
            log_lost(log, "microphone", f"audio input {self._source.name!r}", was, state)
        with contextlib.suppress(RuntimeError):  # the loop may be closed while the thread still leaves
            self._loop.call_soon_threadsafe(self._on_state, state)
