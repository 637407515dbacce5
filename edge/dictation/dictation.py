"""Dictation: the microphone of this machine, heard by a recognizer server, switched on and off."""

from __future__ import annotations

import asyncio
import time

from edge.dictation.link import RecognizerLink
from edge.dictation.protocol import ServerStage, Understood
from edge.dictation.sentence_tail import LAST_WORDS_S, SentenceTail, send_silence
from edge.listener.input import AudioInput
from edge.listener.microphone import Microphone
from edge.sound.device_state import DeviceState
from edge.tasks import cancel_and_wait, wait_at_most


class DictatingMicrophone:
    """Sends what the microphone hears while it is switched on. Made in the event loop that runs it.

    Args:
        source: what to hear.
        link: its news come to ``take`` too.
    """

    def __init__(self, source: AudioInput, link: RecognizerLink) -> None:
        self.on = False
        self._link = link
        self._microphone = Microphone(source)
        self._tail = SentenceTail()
        self._switched = asyncio.Event()
        self._one_came = asyncio.Event()

    @property
    def level_dbfs(self) -> float:
        """Level at the microphone, smoothed."""
        return self._microphone.level_dbfs

    @property
    def unheard(self) -> int:
        """Sentences that were begun, and whose words have not come."""
        return self._tail.awaited

    @property
    def microphone(self) -> DeviceState:
        return self._microphone.state

    def switch(self, on: bool) -> None:
        """Switch on, or off: then the microphone is let go, and the sentence that was begun is ended."""
        self.on = on
        self._microphone.listen(on)
        if not on:
            self._tail.ended(time.monotonic())
        self._switched.set()

    def take(self, news: Understood | ServerStage) -> None:
        """Take what the server tells."""
        awaited = self._tail.awaited
        self._tail.take(news)
        if self._tail.awaited < awaited:
            self._one_came.set()

    async def run(self) -> None:
        """Dictate until the microphone has an end, and its last words have come; else for ever."""
        tail = asyncio.create_task(self._keep_tail())
        self._microphone.listen(self.on)
        self._microphone.start()
        try:
            async for frame in self._microphone.frames():
                if frame is not None and self.on:
                    self._link.send(frame.samples)
            self._tail.ended(time.monotonic())
            await self._send_tail()
            await self._last_words()
        finally:
            await cancel_and_wait(tail)
            await self._microphone.close()

    async def _last_words(self) -> None:
        """Return when all sentences came, or the next one does not."""
        while self._tail.awaited:
            self._one_came.clear()
            await wait_at_most(self._one_came, LAST_WORDS_S)
            if not self._one_came.is_set():
                return

    async def _keep_tail(self) -> None:
        while True:
            await self._switched.wait()
            self._switched.clear()
            if not self.on:
                await self._send_tail()

    async def _send_tail(self) -> None:
        await send_silence(
            self._link.send, lambda: not self._switched.is_set() and self._tail.wanted(time.monotonic())
        )
