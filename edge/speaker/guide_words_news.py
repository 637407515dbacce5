"""Tells the words that sound, each with when it is heard, to whoever shows them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import msgspec

from edge.bus.topology import TIMINGS
from edge.messages import GuideWords, SpeechReport
from edge.process import Life
from edge.speaker.spoken_turn import SpokenTurn
from edge.speaker.word_times import WordTimes


class GuideWordsNews:
    """The feed ``spoken``; while nobody watches it nothing is worked out.

    Args:
        life: of the speaker; its feed is where this is told.
        sounding: the turn that is heard at the moment.
    """

    def __init__(self, life: Life, sounding: Callable[[], SpokenTurn | None]) -> None:
        self._life = life
        self._sounding = sounding
        self._silence = GuideWords(instance=life.instance)
        self._told: GuideWords | None = None
        """What is repeated; None: nothing has been told yet."""
        self._times = WordTimes()
        self._begun = asyncio.Event()

    def tell(self) -> None:
        """Something may have changed."""
        turn = self._sounding()
        if turn is None:
            self._keep(self._silence)
            return
        self._begun.set()
        if not self._life.feed.is_watched(GuideWords):
            return
        if self._told is None or self._told.turn_id != turn.turn_id:
            self._times = WordTimes()
        self._keep(
            GuideWords(
                instance=self._life.instance,
                turn_id=turn.turn_id,
                priority=turn.priority,
                language=turn.language,
                text=turn.text,
                words=self._times.words(turn.words, time.monotonic()),
                ends_mono=self._times.ends_mono(turn.ends_mono),
                ducked=turn.is_ducked,
            )
        )

    def ended(self, report: SpeechReport) -> None:
        """A turn has ended; to be called before the next one is told."""
        if self._told is not None and self._told.turn_id == report.turn_id:
            heard = self._times.heard(time.monotonic())
            self._life.feed.publish(
                msgspec.structs.replace(
                    self._told, words=heard, ends_mono=None, ducked=False, outcome=report.outcome
                )
            )

    async def follow(self) -> None:
        """Tell what changes while something sounds, for ever."""
        while True:
            await self._begun.wait()
            while self._sounding():
                self.tell()
                await asyncio.sleep(TIMINGS[GuideWords].refresh_s)
            self._begun.clear()

    def _keep(self, words: GuideWords) -> None:
        told = self._told
        if told is None or msgspec.structs.replace(words, id=told.id, ts=told.ts) != told:
            self._told = words
            self._life.feed.keep(words)
