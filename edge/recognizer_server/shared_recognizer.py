"""One recognizer for all clients: the listener's ladder behind a fair queue."""

from __future__ import annotations

from typing import Any

from edge.config import Settings
from edge.listener.recognizers import RecognitionLadder
from edge.listener.segment import SAMPLE_RATE, RecognitionRequest, Transcript
from edge.recognizer_server.turns import Turns


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

    async def recognise(self, client: str, request: RecognitionRequest) -> Transcript:
        """
        Raises:
            RungError: there is no recognizer that works, or too much of this client's waits already.
        """
        turns = self.interims if request.interim else self.finals
        async with turns.turn(client, len(request.samples) / SAMPLE_RATE):
            return await self._ladder.recognise(request)

    def usable(self, *, interim: bool = False) -> bool:
        """Whether there is any sense in asking."""
        return self._ladder.usable(interim=interim)

    def facts(self) -> dict[str, str]:
        """Recognizer → what it really runs on, or why it does not."""
        return self._ladder.facts()

    def forget(self, client: str) -> None:
        """It has left."""
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
