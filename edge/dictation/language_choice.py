"""In which language this client speaks: chosen here, told to the server on its control connection.

The connection is opened when a language is chosen for the first time: a server that finds it out by itself
needs none.
"""

from __future__ import annotations

import asyncio
import random
from typing import get_args
from urllib.parse import urlsplit

import msgspec
from websockets.asyncio.client import ClientConnection

from edge.backoff import Backoff
from edge.clouds.websocket import connect_straight
from edge.config.recognizer_server import DictationLanguage
from edge.dictation.link_state import LONGEST_REASON_CHARS, RETRY_MAX_S, RETRY_MIN_S, state_after
from edge.dictation.server_address import ServerAccess
from edge.ingest.parsed import printable
from edge.tasks import cancel_and_wait, wait_at_most

FOUND_OUT = ""
CHOICES: tuple[str, ...] = (FOUND_OUT, *get_args(DictationLanguage))
"""In the order of the key that goes through them."""
WITHIN_S = 5.0
"""For the connection, and for an answer."""
MAX_ANSWER_BYTES = 64 * 1024


class _Answer(msgspec.Struct):
    status: str = ""
    message: str = ""


class LanguageChoice:
    """The language of what is dictated, for as long as ``run`` runs.

    Args:
        access: where the server is.
        chosen: one of ``CHOICES``.
    """

    def __init__(self, access: ServerAccess, chosen: str = FOUND_OUT) -> None:
        self.chosen = chosen
        self.trouble = ""
        """Why it does not count, for people; empty: it does, or will in a moment."""
        self._access = access
        self._last_told = FOUND_OUT
        """By which the server went before the connection was lost."""
        self._told: str | None = FOUND_OUT if chosen == FOUND_OUT else None
        """What the server goes by; None: that is not known."""
        self._changed = asyncio.Event()
        self._settled = asyncio.Event()
        if chosen == FOUND_OUT:
            self._settled.set()

    @property
    def shown(self) -> str:
        """The choice, for people."""
        return self.chosen or "auto"

    def choose_next(self) -> None:
        """The next of ``CHOICES``; it counts from the next sentence on."""
        self.chosen = CHOICES[(CHOICES.index(self.chosen) + 1) % len(CHOICES)]
        self.trouble = ""
        self._changed.set()

    async def settled(self) -> None:
        """Return when the server knows it, or cannot be told now: what is said then is heard in it."""
        await wait_at_most(self._settled, WITHIN_S)

    async def run(self) -> None:
        """Tell it, and again after each loss of the connection, for ever."""
        backoff = Backoff(RETRY_MIN_S, RETRY_MAX_S, lambda: random.uniform(0.8, 1.2))
        while True:
            while self.chosen == self._told:
                await self._change()
            was_connected = False
            try:
                async with connect_straight(
                    self._access.control_address,
                    additional_headers=self._access.headers,
                    ssl=self._access.tls,
                    compression=None,
                    open_timeout=WITHIN_S,
                    close_timeout=1.0,
                    max_size=MAX_ANSWER_BYTES,
                ) as websocket:
                    was_connected = True
                    backoff.reset()
                    await self._keep(websocket)
            except Exception as error:  # whatever broke this connection, the next one is opened
                state = state_after(error)
                self.trouble = f"port {urlsplit(self._access.control_address).port}: {state.reason}"
            if was_connected:
                self._settled.clear()
            else:
                self._settled.set()
            # What it finds out it finds out by itself again.
            self._told = FOUND_OUT if self._last_told == FOUND_OUT else None
            if self.chosen == self._told:
                self.trouble = ""
            await asyncio.sleep(backoff.next_s())

    async def _keep(self, websocket: ClientConnection) -> None:
        """Tell each change until the connection is lost."""
        lost = asyncio.create_task(websocket.wait_closed())
        try:
            while not lost.done():
                if self.chosen != self._told:
                    await self._tell(websocket)
                changing = asyncio.create_task(self._change())
                try:
                    await asyncio.wait({lost, changing}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    await cancel_and_wait(changing)
        finally:
            await cancel_and_wait(lost)

    async def _tell(self, websocket: ClientConnection) -> None:
        asked = self.chosen
        command = {"command": "set_parameter", "parameter": "language", "value": asked}
        async with asyncio.timeout(WITHIN_S):
            await websocket.send(msgspec.json.encode(command).decode())
            answer = msgspec.json.decode(await websocket.recv(), type=_Answer)
        self._told = self._last_told = asked
        refused = answer.status != "success"
        self.trouble = (
            (printable(answer.message)[:LONGEST_REASON_CHARS] or "it is refused") if refused else ""
        )
        self._settled.set()

    async def _change(self) -> None:
        await self._changed.wait()
        self._changed.clear()
