"""The listener process by itself; the test is its ingest and its commentator."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from edge.bus import FeedPublisher, PipeReceiver
from edge.bus.topology import TRIGGERS
from edge.messages import AnyMessage, Control, Trigger
from tests.support.process_alone import ProcessAlone


class ListenerAlone(ProcessAlone):
    """``shuttle-guide run listener``, which is told that it may listen."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        super().__init__("listener", folder, environment)
        self.asked: list[Trigger] = []
        """What it asks the commentator."""
        self._ingest = FeedPublisher(self.runtime_dir, "ingest")
        self._commentator = PipeReceiver(self.runtime_dir, TRIGGERS, "listener", self._take)

    def judged(self, reason: str = "") -> int:
        """How many utterances were judged so; all of them without a reason."""
        counters = self.state.counters if self.state else {}
        return sum(count for name, count in counters.items() if name.startswith(f"utterances.{reason}"))

    def _take(self, message: AnyMessage) -> None:
        if isinstance(message, Trigger):
            self.asked.append(message)

    def _connect(self) -> None:
        self._commentator.start(self._context)
        self._ingest.start(self._context)
        self._ingest.keep(Control())  # it listens to nobody before it knows that it may

    async def _disconnect(self) -> None:
        await self._commentator.close()
        await self._ingest.close()
