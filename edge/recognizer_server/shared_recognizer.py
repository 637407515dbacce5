"""One recognizer for all clients: the listener's ladder behind a fair queue."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from edge.config import Settings
from edge.listener.recognizers import RecognitionLadder
from edge.listener.segment import SAMPLE_RATE, RecognitionRequest, Transcript
from edge.recognizer_server.turns import Turns
from edge.tasks import cancel_and_wait

CLAIM_S = 0.1


class SharedRecognizer:
    """Recognises what clients say.

    Args:
        ladder: started and closed by whoever made it.
    """

    def __init__(self, settings: Settings, ladder: RecognitionLadder) -> None:
        recognizer = settings.listener.recognizer
        self._ladder = ladder
        self.finals = Turns(recognizer.workers)
        own_model = recognizer.whisper.interim_model is not None
        # Without a model of their own interim transcripts take what finals leave.
        self.interims = Turns(1, lambda: own_model or not self.finals.busy)
        self.finals.on_free = self.interims.look
        self._claimed_mono = float("-inf")
        self._interim_work: set[asyncio.Task[Transcript]] = set()

    async def recognise(self, client: str, request: RecognitionRequest) -> Transcript:
        """
        Raises:
            RungError: there is no recognizer that works, or too much of this client's waits already.
        """
        if not request.interim:
            return await self._recognise(self.finals, client, request)
        # An engine cannot stop at once. Its place is held until it has, else the next would wait behind it
        # with sound that grows old.
        work = asyncio.create_task(self._recognise(self.interims, client, request))
        self._interim_work.add(work)
        work.add_done_callback(self._ended)
        return await asyncio.shield(work)

    async def close(self) -> None:
        """Nothing is wanted any more."""
        await cancel_and_wait(*self._interim_work)

    async def _recognise(self, turns: Turns, client: str, request: RecognitionRequest) -> Transcript:
        async with turns.turn(client, len(request.samples) / SAMPLE_RATE):
            if request.interim:
                self._claimed_mono = float("-inf")  # from here on the place itself is taken
            return await self._ladder.recognise(request)

    def _ended(self, work: asyncio.Task[Transcript]) -> None:
        self._interim_work.discard(work)
        if not work.cancelled():
            work.exception()  # who asked has been told, or wants to hear nothing of it

    def claim_interim(self) -> bool:
        """Whether an interim request that is made at once would begin at once; if so, nobody else is told so.

        What waits would be old when its turn comes. A claim that is not taken up lapses.
        """
        now = time.monotonic()
        if self.interims.busy or now - self._claimed_mono < CLAIM_S or not self.usable(interim=True):
            return False
        self._claimed_mono = now
        return True

    def usable(self, *, interim: bool = False) -> bool:
        """Whether there is any sense in asking."""
        return self._ladder.usable(interim=interim)

    def facts(self) -> dict[str, str]:
        """Recognizer → what it really runs on, or why it does not."""
        return self._ladder.facts()

    def forget(self, client: str) -> None:
        """The client has left."""
        self.finals.forget(client)
        self.interims.forget(client)

    @property
    def load(self) -> dict[str, Any]:
        """What waits, for people and programs."""
        return {
            "recognising": self.finals.running,
            "waiting": self.finals.waiting,
            "waiting_sound_s": round(self.finals.waiting_sound_s, 1),
            "longest_wait_s": round(self.finals.longest_wait_s, 2),
        }
