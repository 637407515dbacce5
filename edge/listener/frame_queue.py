"""Hands frames from the thread that reads the device to the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque

from edge.listener.segment import Frame


class FrameQueue:
    """A bounded queue of frames: a late reader loses the oldest. Made in the event loop that reads it.

    Args:
        size: in frames.
    """

    def __init__(self, size: int) -> None:
        self.dropped = 0
        """How many frames nobody took in time."""
        self._frames: deque[Frame] = deque(maxlen=size)
        self._lock = threading.Lock()
        self._closed = False
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()

    def put(self, frame: Frame) -> None:
        """Put a frame in. May be called in any thread."""
        with self._lock:
            self.dropped += len(self._frames) == self._frames.maxlen
            self._frames.append(frame)
        self._wake()

    def close(self) -> None:
        """What is in the queue can still be taken. May be called in any thread."""
        self._closed = True
        self._wake()

    @property
    def ended(self) -> bool:
        return self._closed and not self._frames

    async def get(self, timeout_s: float) -> Frame | None:
        """The next frame; None when none came in time or the queue has ended."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while not self._frames and not self._closed:
                    self._changed.clear()
                    await self._changed.wait()
        with self._lock:
            return self._frames.popleft() if self._frames else None

    def _wake(self) -> None:
        # The loop may be closed while the thread still leaves.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._changed.set)
