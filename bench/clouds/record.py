"""What the emulated clouds saw: one record for each request, kept for tests and benchmarks."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import asdict, dataclass, field
from typing import Any

from bench.clouds.faults import CloudName, FaultKind

KEPT_RECORDS = 5000


@dataclass
class ServiceOutput:
    """One text that a service began to give out: an answer, or one generation of speech."""

    text: str
    requested_mono: float
    """When what set it off had arrived."""
    first_mono: float | None = None
    """First content token or first audio."""
    tokens_mono: list[float] = field(default_factory=list)
    """When each token of content left, of an answer that is streamed."""
    context_id: str | None = None


@dataclass
class ReceivedMessage:
    """One message of a client on a WebSocket."""

    at_mono: float
    message: Any


@dataclass
class RequestRecord:
    """One HTTP request or one WebSocket. Times are CLOCK_MONOTONIC seconds, the same in every process."""

    number: int
    service: CloudName
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    """Names in lower case."""
    connection: int
    """Number of the TCP connection."""
    new_connection: bool
    arrived_mono: float
    arrived_at: float
    """Unix seconds."""
    body: Any = None
    """The JSON body, as it came."""
    status: int | None = None
    fault: FaultKind | None = None
    outputs: list[ServiceOutput] = field(default_factory=list)
    messages: list[ReceivedMessage] = field(default_factory=list)
    close_code: int | None = None
    """The code with which a WebSocket was closed."""
    client_left: bool = False
    """The client disconnected before the answer was complete."""
    ended_mono: float | None = None

    def begin_output(self, text: str, context_id: str | None = None) -> ServiceOutput:
        output = ServiceOutput(text, time.monotonic(), context_id=context_id)
        self.outputs.append(output)
        return output


class RequestRecorder:
    """The records, oldest first; the oldest go when there are more than ``KEPT_RECORDS``."""

    def __init__(self) -> None:
        self.records: deque[RequestRecord] = deque(maxlen=KEPT_RECORDS)
        self._count = 0

    def next_number(self) -> int:
        self._count += 1
        return self._count

    def of(self, service: CloudName) -> list[RequestRecord]:
        return [record for record in self.records if record.service == service]

    def to_builtins(self, service: str | None = None) -> list[dict[str, Any]]:
        return [asdict(record) for record in self.records if service in (None, record.service)]
