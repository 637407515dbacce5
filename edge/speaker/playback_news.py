"""What the speaker tells of its playing: what sounds, how far it has been heard, and how turns ended."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable

from edge.bus.topology import TIMINGS
from edge.messages import Playback, Progress, SpeechReport
from edge.process import Life
from edge.speaker.guide_words_news import GuideWordsNews
from edge.speaker.player import Player
from edge.speaker.spoken_turn import SpokenTurn

REMEMBERED_REPORTS = 8


class PlaybackNews:
    """Tells on the speaker's feed what sounds and how turns ended.

    Args:
        life: of the speaker; its feed is where this is told.
        player: the one that plays.
        sounding: the turn that is heard at the moment.
        words: tells the words that sound.
    """

    def __init__(
        self, life: Life, player: Player, sounding: Callable[[], SpokenTurn | None], words: GuideWordsNews
    ) -> None:
        self._life = life
        self._words = words
        self._player = player
        self._sounding = sounding
        self._reports: deque[SpeechReport] = deque(maxlen=REMEMBERED_REPORTS)
        self._started_mono = time.monotonic()
        self._heard = ""
        self._last_voice: str | None = None

    def reached(self, progress: Progress) -> None:
        """A turn has reached a stage."""
        self._life.feed.publish(progress)
        if progress.stage in ("first_sample", "first_content"):
            self.tell()  # who listens must know at once that the guide is heard, and with which words

    def ended(self, report: SpeechReport) -> None:
        """A turn has ended; its report is told now and for some time."""
        self._reports.append(report)
        self._words.ended(report)
        if report.voices:
            self._last_voice = report.voices[-1]
        self.tell()

    def tell(self) -> None:
        """Something has changed."""
        turn = self._sounding()
        self._heard = turn.heard_text if turn else ""
        self._life.feed.keep(
            Playback(
                instance=self._life.instance,
                started_mono=self._started_mono,
                turn_id=turn.turn_id if turn else None,
                text=turn.text if turn else None,
                spoken=turn.spoken if turn else None,
                heard=self._heard,
                output=self._player.state.name,
                voice=self._last_voice,
                muted=self._player.muted,
                volume=self._player.volume,
                recent=tuple(self._reports),
            )
        )
        self._words.tell()

    async def follow(self) -> None:
        """Tell how far what sounds has been heard, for ever: a speaker that is killed cannot report it."""
        while True:
            await asyncio.sleep(TIMINGS[Playback].refresh_s)
            if (turn := self._sounding()) and turn.heard_text != self._heard:
                self.tell()
