"""The connection to a recognizer server: sound goes, words come, and what is lost is made again."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import deque
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from websockets.asyncio.client import ClientConnection

from edge.backoff import Backoff
from edge.clouds.websocket import connect_straight
from edge.dictation.language_choice import LanguageChoice
from edge.dictation.link_state import RETRY_MAX_S, RETRY_MIN_S, LinkState, state_after
from edge.dictation.protocol import MAX_NEWS_BYTES, ServerStage, Understood, read_news, sound_message
from edge.dictation.server_address import ServerAccess
from edge.listener.framing import FRAME_S
from edge.listener.segment import SAMPLE_RATE
from edge.tasks import cancel_and_wait

OPEN_WITHIN_S = 10.0
WAITING_FRAMES = 1000
"""Half a minute of sound that a server which is behind has not taken yet; then the oldest are lost."""
STRANGE_NEWS_MAX = 20
"""Messages that are no news; who sends more is no recognizer server."""


class NoRecognizerServerError(Exception):
    """Who answers there tells nothing that a recognizer server would."""


class RecognizerLink:
    """A connection to the server's data socket, for as long as ``run`` runs.

    Args:
        access: where the server is.
        on_news: called with what the server tells.
        on_state: called with each change.
        language: is told to the server before anything is said; who made it runs it.
    """

    def __init__(
        self,
        access: ServerAccess,
        on_news: Callable[[Understood | ServerStage], None],
        on_state: Callable[[LinkState], None] = lambda state: None,
        language: LanguageChoice | None = None,
    ) -> None:
        self.state = LinkState("connecting")
        self.lost_frames = 0
        """Frames of sound that reached no server."""
        self._access = access
        self._on_news = on_news
        self._on_state = on_state
        self._language = language
        self._waiting: deque[NDArray[np.int16]] = deque(maxlen=WAITING_FRAMES)
        self._changed = asyncio.Event()

    @property
    def lost_s(self) -> float:
        """Seconds of sound that reached no server."""
        return self.lost_frames * FRAME_S

    def send(self, samples: NDArray[np.int16]) -> None:
        """A piece of sound, shape (n,), mono, 16 kHz. Without a connection it is lost, and counted."""
        if self.state.name != "connected":
            self.lost_frames += 1
            return
        self.lost_frames += len(self._waiting) == WAITING_FRAMES
        self._waiting.append(samples)
        self._changed.set()

    async def run(self) -> None:
        """Connect, and connect again, for ever."""
        backoff = Backoff(RETRY_MIN_S, RETRY_MAX_S, lambda: random.uniform(0.8, 1.2))
        while True:
            if self._language is not None:
                await self._language.settled()
            try:
                async with connect_straight(
                    self._access.data_address,
                    additional_headers=self._access.headers,
                    ssl=self._access.tls,
                    compression=None,  # sound does not shrink enough to be worth the time
                    open_timeout=OPEN_WITHIN_S,
                    close_timeout=1.0,
                    max_size=MAX_NEWS_BYTES,
                ) as websocket:
                    self._tell(LinkState("connected"))
                    await self._serve(websocket)
            except Exception as error:  # whatever broke this connection, the next one is opened
                state = state_after(error)
            else:
                state = LinkState("away", "it closed the connection")
            was_connected = self.state.name == "connected"
            self._waiting.clear()
            self._tell(state)
            if was_connected and state.name != "refused":
                backoff.reset()
            await asyncio.sleep(backoff.longest_s() if state.name == "refused" else backoff.next_s())

    async def _serve(self, websocket: ClientConnection) -> None:
        writer = asyncio.create_task(self._write(websocket))
        strange = 0
        try:
            async for data in websocket:
                try:
                    news = read_news(data)
                except ValueError as error:
                    strange += 1
                    if strange > STRANGE_NEWS_MAX:
                        raise NoRecognizerServerError(f"it is no recognizer server: {error}") from error
                    continue
                if news is not None:
                    self._on_news(news)
        finally:
            await cancel_and_wait(writer)

    async def _write(self, websocket: ClientConnection) -> None:
        with contextlib.suppress(Exception):  # the reader learns of it too, and says so
            while True:
                while self._waiting:
                    await websocket.send(sound_message(self._waiting.popleft(), SAMPLE_RATE))
                self._changed.clear()
                await self._changed.wait()

    def _tell(self, state: LinkState) -> None:
        if state != self.state:
            self.state = state
            self._on_state(state)
