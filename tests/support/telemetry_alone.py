"""The telemetry process by itself; the test is its commentator."""

from __future__ import annotations

import asyncio
import math
import os
import resource
import signal
from collections.abc import Mapping
from pathlib import Path

from edge.bus import Delivery, FeedPublisher, PipeSender
from edge.bus.topology import REPORTS
from edge.messages import Control, Kind, Priority, Turn
from tests.support.process_alone import ProcessAlone


class TelemetryAlone(ProcessAlone):
    """``shuttle-guide run telemetry``; ready means that it is connected to the on-device broker."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        super().__init__("telemetry", folder, environment)
        self._pipe = PipeSender(self.runtime_dir, REPORTS, "commentator", capacity=10_000)
        self._waiting: set[asyncio.Future[Delivery]] = set()
        self.control = FeedPublisher(self.runtime_dir, "ingest")

    def end_turn(self, turn_id: str, *, trigger_id: str | None = None, kind: Kind = "remark") -> None:
        """A turn has ended; it is kept until telemetry has acknowledged it."""
        turn = Turn(
            turn_id=turn_id,
            trigger_id=trigger_id or turn_id,
            kind=kind,
            priority=Priority.REMARK,
            language="ru",
            text="Справа собака.",
            outcome="spoken",
            received_at=1.8e9,
            stages=(),
        )
        self.tell(turn)

    def tell(self, turn: Turn) -> None:
        """The same for a whole turn."""
        sent = self._pipe.put(turn, priority=0, expires_mono=math.inf)
        self._waiting.add(sent)
        sent.add_done_callback(self._waiting.discard)

    def waiting_turns(self) -> int:
        """Turns that it has not acknowledged."""
        return len(self._waiting)

    def most_memory_mb(self) -> float:
        """The most that it has held since it began."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 1000

    def threads(self) -> int:
        return len(list(Path(f"/proc/{self.pid}/task").iterdir()))

    def fill_disk(self, bytes_left: int | None) -> None:
        """No file of its may be longer than this; None: there is room again."""
        limit = resource.RLIM_INFINITY if bytes_left is None else bytes_left
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))

    def obey(self, **control: bool | int | float | str) -> None:
        """What ingest tells of the control state."""
        self.control.keep(Control(**control))  # type: ignore[arg-type]  # each of its field's type

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def _connect(self) -> None:
        self._pipe.start(self._context)
        self.control.start(self._context)

    async def _disconnect(self) -> None:
        await self._pipe.close()
        await self.control.close()
