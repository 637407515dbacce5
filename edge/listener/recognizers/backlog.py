"""What waits to be recognised, and when an interim transcript is due. Pure; time is passed in."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from edge.listener.segment import RecognitionRequest


class Job(NamedTuple):
    """One request, for one segment."""

    segment_id: str
    request: RecognitionRequest


class Backlog:
    """Finished segments, oldest first; when it is full the oldest goes, which matters least by now."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._jobs: deque[Job] = deque()

    def __len__(self) -> int:
        return len(self._jobs)

    def add(self, job: Job) -> Job | None:
        """Returns the job that had to go."""
        dropped = self._jobs.popleft() if len(self._jobs) >= self._capacity else None
        self._jobs.append(job)
        return dropped

    def take(self) -> Job | None:
        return self._jobs.popleft() if self._jobs else None

    def clear(self) -> None:
        self._jobs.clear()

    def remove(self, segment_id: str) -> None:
        self._jobs = deque(job for job in self._jobs if job.segment_id != segment_id)


class Throttle:
    """Lets one in ``gap_s`` through; a new segment begins to wait when it is first seen."""

    def __init__(self, gap_s: float) -> None:
        self._gap_s = gap_s
        self._segment_id = ""
        self._last_mono = 0.0

    def due(self, segment_id: str, now: float) -> bool:
        """Whether the next interim transcript of this segment is due at monotonic time ``now``."""
        if segment_id != self._segment_id:
            self._segment_id, self._last_mono = segment_id, now
        return now - self._last_mono >= self._gap_s

    def started(self, now: float) -> None:
        self._last_mono = now
