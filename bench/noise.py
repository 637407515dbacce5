"""How busy the machine was with other things while the figures were taken."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Self

PERIOD_S = 0.02


class NoiseMeter:
    """A thread that does nothing but wake up, and notes how much too late it did.

    Each process on an event's way is woken like that, so this lateness comes on top several times a turn.
    """

    def __init__(self) -> None:
        self.late_ms: list[float] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="noise meter", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.is_set():
            due_mono = time.monotonic() + PERIOD_S
            time.sleep(PERIOD_S)
            self.late_ms.append((time.monotonic() - due_mono) * 1000)
