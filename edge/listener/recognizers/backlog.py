"""What waits to be recognised. Pure."""

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
