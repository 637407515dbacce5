"""The segment queue: bounded, a few at a time; interim transcripts only where nothing else has to wait."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from edge.clock import monotonic
from edge.ladder import RungError
from edge.listener.recognizers.backlog import Backlog, Job
from edge.listener.recognizers.interim_pace import InterimPace
from edge.listener.segment import RecognitionRequest, Transcript
from edge.tasks import cancel_and_wait

log = logging.getLogger(__name__)

CAPACITY = 8
TOO_MUCH = "more is said than can be recognised"
INTERIM_GAP_S = 0.5
"""While somebody speaks, an interim transcript is made so often, where the machine is fast enough."""
QUICK_S = 0.5
"""A segment that is recognised so soon may be recognised for nothing."""
DEADLINE_S = 15.0
"""Nobody waits longer for an answer; a recognizer that hangs shall not hold a worker for ever."""


class Recognition(NamedTuple):
    """What became of a request."""

    segment_id: str
    interim: bool
    transcript: Transcript | None
    reason: str = ""
    """Why there is none."""


class RecognitionQueue:
    """Holds segments until a worker recognises them.

    Args:
        recognise: the ladder's.
        deliver: called for each final request that was not cancelled, also where it was dropped or failed,
            and for each interim transcript that is still wanted. Finals may overtake each other.
        workers: requests at a time.
        counters: ``segments_dropped``, ``segments_failed``, ``interims_superseded`` are counted here.
    """

    def __init__(
        self,
        recognise: Callable[[RecognitionRequest], Awaitable[Transcript]],
        deliver: Callable[[Recognition], None],
        *,
        workers: int,
        counters: Counter[str],
        capacity: int = CAPACITY,
        interim_gap_s: float = INTERIM_GAP_S,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        self._recognise = recognise
        self._deliver = deliver
        self._workers = workers
        self._counters = counters
        self._deadline_s = deadline_s
        self._backlog = Backlog(capacity)
        self._pace = InterimPace(interim_gap_s)
        self._running: dict[asyncio.Task[None], Job] = {}
        self._is_quick = False

    def submit(self, segment_id: str, request: RecognitionRequest) -> None:
        """Recognise a finished segment. Its interim transcript is no longer wanted."""
        self._cancel_interims(segment_id)
        dropped = self._backlog.add(Job(segment_id, request))
        self._fill()
        if dropped:
            self._counters["segments_dropped"] += 1
            log.warning("segment %s is dropped: %s", dropped.segment_id, TOO_MUCH)
            self._deliver(Recognition(dropped.segment_id, False, None, TOO_MUCH))

    @property
    def has_time(self) -> bool:
        """Nothing is being recognised or waits for it, and the last segment was quickly recognised."""
        return self._is_quick and not self._running and not self._backlog

    def wants_interim(self, segment_id: str) -> bool:
        """Ask this before sound is collected for ``offer_interim``."""
        free = len(self._running) < self._workers and not self._backlog
        recognising = any(job.request.interim for job in self._running.values())
        return self._pace.due(segment_id, monotonic()) and free and not recognising

    def offer_interim(self, segment_id: str, request: RecognitionRequest) -> bool:
        """Recognise what was said so far, if it is due; a refused offer is made again, with more."""
        if not self.wants_interim(segment_id):
            return False
        self._pace.started(monotonic())
        self._start(Job(segment_id, request))
        return True

    def cancel(self, segment_id: str) -> None:
        """Nothing of this segment is wanted any more; what an engine cannot stop is ignored when it comes."""
        self._backlog.remove(segment_id)
        for task, job in self._running.items():
            if job.segment_id == segment_id:
                task.cancel()

    async def close(self) -> None:
        self._backlog.clear()
        await cancel_and_wait(*self._running)

    def _fill(self) -> None:
        """Give each free worker a segment; interim work makes room."""
        while len(self._running) < self._workers and (job := self._backlog.take()):
            self._start(job)
        if self._backlog:
            self._cancel_interims()

    def _start(self, job: Job) -> None:
        task = asyncio.create_task(self._work(job), name=f"recognising {job.segment_id}")
        self._running[task] = job
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        job = self._running.pop(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("recognising segment %s broke", job.segment_id, exc_info=error)
            self._fail(job, "recognising it broke")
        self._fill()

    def _cancel_interims(self, segment_id: str | None = None) -> None:
        for task, job in self._running.items():
            if job.request.interim and segment_id in (None, job.segment_id) and not task.cancelling():
                self._counters["interims_superseded"] += 1
                task.cancel()

    @property
    def interim_state(self) -> str:
        """How often interim transcripts are made, for people."""
        return self._pace.state(monotonic())

    async def _work(self, job: Job) -> None:
        if not job.request.interim:
            await self._finish(job)
            return
        started_mono, finished = monotonic(), False
        try:
            await self._finish(job)
            finished = True
        finally:
            now = monotonic()
            self._pace.took(now - started_mono, now, finished=finished)

    async def _finish(self, job: Job) -> None:
        started_mono = monotonic()
        try:
            async with asyncio.timeout(self._deadline_s):
                transcript = await self._recognise(job.request)
            if not job.request.interim:
                self._is_quick = monotonic() - started_mono <= QUICK_S
        except TimeoutError:
            self._fail(job, f"no transcript within {self._deadline_s:.0f} s")
        except RungError as error:
            self._fail(job, str(error))
        else:
            self._deliver(Recognition(job.segment_id, job.request.interim, transcript))

    def _fail(self, job: Job, reason: str) -> None:
        """An interim transcript that did not come is not missed."""
        if not job.request.interim:
            self._is_quick = False
            self._counters["segments_failed"] += 1
            self._deliver(Recognition(job.segment_id, False, None, reason))
