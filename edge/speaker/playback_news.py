"""What the speaker tells of its playing: what sounds, how far it has been heard, and how turns ended."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable

from edge.messages import Playback, SpeechReport
from edge.process import Life
from edge.speaker.player import Player
from edge.speaker.spoken_turn import SpokenTurn

REMEMBERED_REPORTS = 8
HEARD_PERIOD_S = 0.2
"""A speaker that is killed cannot report: so often it tells how far it has got."""


class PlaybackNews:
    """Tells on the speaker's feed what sounds and how turns ended.

    Args:
        life: of the speaker; its feed is where this is told.
        player: the one that plays.
        sounding: the turn that is heard at the moment.
        volume: as configured.
    """

    def __init__(
        self, life: Life, player: Player, sounding: Callable[[], SpokenTurn | None], volume: float
    ) -> None:
        self._life = life
        self._player = player
        self._sounding = sounding
        self._reports: deque[SpeechReport] = deque(maxlen=REMEMBERED_REPORTS)
        self._started_mono = time.monotonic()
        self._heard = ""
        self.muted = False
        self.volume = volume
        self.last_voice: str | None = None

    def ended(self, report: SpeechReport) -> None:
        """To be told with the next news, and for some time."""
        self._reports.append(report)

    def tell(self) -> None:
        """For whoever watches now or later."""
        turn = self._sounding()
        self._heard = turn.heard_text if turn else ""
        self._life.feed.keep(
            Playback(
                instance=self._life.instance,
                started_mono=self._started_mono,
                turn_id=turn.turn_id if turn else None,
                text=turn.text if turn else None,
                heard=self._heard,
                output=self._player.state.name,
                voice=self.last_voice,
                muted=self.muted,
                volume=self.volume,
                recent=tuple(self._reports),
            )
        )

    async def follow(self) -> None:
        """Tell how far what sounds has been heard, for ever."""
        while True:
            await asyncio.sleep(HEARD_PERIOD_S)
            if (turn := self._sounding()) and turn.heard_text != self._heard:
                self.tell()
