"""The silence behind the last word: by it a recognizer server knows that the sentence has ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from edge.dictation.protocol import ServerStage, Understood
from edge.listener.framing import FRAME_S, FRAME_SAMPLES

TAIL_S = (1.0, 4.0)
"""Silence that the server gets behind the last word, at least and at most."""
LAST_WORDS_S = 15.0
"""How long the words of an ended sentence are waited for where nobody says anything more."""
SILENCE = np.zeros(FRAME_SAMPLES, np.int16)


class SentenceTail:
    """Whether the server still needs silence to end the last sentence. Pure."""

    def __init__(self) -> None:
        self._open = False
        self._awaited = 0
        self._ended_mono = float("-inf")

    @property
    def awaited(self) -> int:
        """Sentences that were begun and whose final words have not come; they may when the next has begun."""
        return self._awaited

    def take(self, news: Understood | ServerStage) -> None:
        """Account for what the server tells."""
        match news:
            case ServerStage(name="recording_start"):
                self._open = True
                self._awaited += 1
            case ServerStage(name="recording_stop"):
                self._open = False
            case Understood(final=True):
                self._awaited = max(0, self._awaited - 1)

    def ended(self, now_mono: float) -> None:
        """No more sound comes from the microphone."""
        self._ended_mono = now_mono

    def wanted(self, now_mono: float) -> bool:
        shortest_s, longest_s = TAIL_S
        return now_mono - self._ended_mono < (longest_s if self._open else shortest_s)


async def send_silence(send: Callable[[NDArray[np.int16]], None], wanted: Callable[[], bool]) -> None:
    """Silence for as long as it is wanted, in real time: some servers count seconds and not samples."""
    while wanted():
        send(SILENCE)
        await asyncio.sleep(FRAME_S)
