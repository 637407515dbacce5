"""A recognizer that gives only rubbish while voices are heard makes room for the next one."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from edge.ladder import RungError
from edge.listener.recognizers.recognizer import Recognizer
from edge.listener.segment import RecognitionRequest, Transcript

IN_A_ROW = 5
"""Utterances of nothing but rubbish. Fewer may be coughs, or a song."""


class Distrusted:
    """A recognizer whose transcripts are watched for rubbish: credits, sounds, loops that nobody said.

    After ``IN_A_ROW`` of them each further one is a failure, so that the next rung hears the utterance.
    Where that understands nothing either it was the sound (``acquit``).

    Args:
        recognizer: the rung.
        is_last: nobody comes behind it, so its rubbish stays an empty transcript.
    """

    def __init__(self, recognizer: Recognizer, *, is_last: bool) -> None:
        self._recognizer = recognizer
        self._is_last = is_last
        self._in_a_row = 0
        self.name, self.paid, self.local = recognizer.name, recognizer.paid, recognizer.local

    @property
    def fact(self) -> str:
        return self._recognizer.fact

    @property
    def usable(self) -> bool:
        return self._recognizer.usable

    @property
    def trouble(self) -> str:
        """What is wrong, and what to do, for people; empty: nothing."""
        if self._in_a_row < IN_A_ROW:
            return ""
        return (
            f"gave only rubbish for {self._in_a_row} utterances in a row: check the microphone's level, "
            f"or set another model or order in listener.recognizer"
        )

    async def start(self) -> None:
        await self._recognizer.start()

    async def close(self) -> None:
        await self._recognizer.close()

    async def probe(self) -> None:
        await self._recognizer.probe()

    async def open(self, request: RecognitionRequest) -> AsyncGenerator[Transcript, None]:
        async with aclosing(self._recognizer.open(request)) as transcripts:
            async for transcript in transcripts:
                if not request.interim:
                    self._judge(transcript)
                yield transcript

    def acquit(self) -> None:
        """Forget the rubbish: the sound was to blame."""
        self._in_a_row = 0

    def _judge(self, transcript: Transcript) -> None:
        if transcript.is_rubbish:
            self._in_a_row += 1
        elif transcript.text:
            self._in_a_row = 0
        if transcript.is_rubbish and not self._is_last and self.trouble:
            raise RungError(self.trouble)
