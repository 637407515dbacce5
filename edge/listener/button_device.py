"""The push-to-talk button on the device itself: read where it is, looked for where it is not."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable

from edge.listener.button import EVENT, ButtonEvents

log = logging.getLogger(__name__)

RETRY_S = 1.0
EVENTS_AT_ONCE = 64


class ButtonDevice:
    """Reads the button's device, and looks for it again when it has gone.

    Args:
        path: of the input device; one below ``/dev/input/by-id`` keeps its name.
        key: code of its key; None: every key.
        on_change: told when it goes down (True) and up (False).
    """

    def __init__(self, path: str, key: int | None, on_change: Callable[[bool], None]) -> None:
        self._path = path
        self._events = ButtonEvents(key)
        self._on_change = on_change
        self._trouble = "is looked for"

    @property
    def fact(self) -> str:
        """Which device the button is, and what is wrong with it, for people."""
        return f"{self._path}: {self._trouble or 'open'}"

    async def watch(self) -> None:
        """Watch for the device and its key, for ever."""
        while True:
            try:
                await self._read()
            except OSError as error:
                self._lose(error.strerror or str(error))
            if self._events.lost():
                self._on_change(False)
            await asyncio.sleep(RETRY_S)

    async def _read(self) -> None:
        """Read until the device is gone. Raises OSError."""
        device = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK)
        loop = asyncio.get_running_loop()
        readable = asyncio.Event()
        try:
            try:
                loop.add_reader(device, readable.set)
            except PermissionError:  # what a file or a folder gives
                raise OSError(0, "it is no input device") from None
            self._trouble = ""
            log.info("the button %s is there", self._path)
            while True:
                await readable.wait()
                readable.clear()
                try:
                    data = os.read(device, EVENT.size * EVENTS_AT_ONCE)
                except BlockingIOError:
                    continue
                if not data:
                    raise OSError(0, "it is gone")
                for is_down in self._events.feed(data):
                    self._on_change(is_down)
        finally:
            loop.remove_reader(device)
            os.close(device)

    def _lose(self, reason: str) -> None:
        if self._trouble != reason:
            log.warning("the button %s cannot be read: %s; looking for it again", self._path, reason)
        self._trouble = reason
