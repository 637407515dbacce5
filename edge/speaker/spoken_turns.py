"""The turns in the speaker: which of them may begin, and which ends which."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter

from edge.journal import turn_fields
from edge.messages import SpeechOpener, SpeechReport, SpeechStart, SpeechText
from edge.recent import Recent
from edge.sound.device_state import DeviceState
from edge.speaker.playback_news import PlaybackNews
from edge.speaker.player import Player
from edge.speaker.pool.pool import SoundPool
from edge.speaker.spoken_turn import SpokenTurn
from edge.speaker.voices.ladder import VoiceLadder
from edge.speaker.voices.spoken import Spell
from edge.spoken_form.spell import spoken_form

log = logging.getLogger(__name__)

REMEMBERED_DEAD_TURNS = 256
LOST_DEVICE_PATIENCE_S = 10.0


class SpokenTurns:
    """The turns that were begun and have not ended.

    Args:
        voices: the voice ladder.
        pool: holds sounds, and makes some while nobody speaks.
        player: where the sound goes.
        news: told of what becomes of each turn.
        counters: the same is counted here.
        spell: how a clause is said.
    """

    def __init__(
        self,
        voices: VoiceLadder,
        pool: SoundPool,
        player: Player,
        news: PlaybackNews,
        counters: Counter[str],
        spell: Spell = spoken_form,
    ) -> None:
        self._voices = voices
        self._pool = pool
        self._player = player
        self._news = news
        self._counters = counters
        self._spell = spell
        self._turns: dict[str, SpokenTurn] = {}
        self._dead: Recent[str, str] = Recent(REMEMBERED_DEAD_TURNS)
        self._lost_device: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._turns)

    @property
    def sounding(self) -> SpokenTurn | None:
        """The turn that is heard at the moment."""
        return next((turn for turn in self._turns.values() if turn.sounding), None)

    def begin(self, start: SpeechStart) -> None:
        """Speak a turn's first clause, and end what it replaces or what is less important."""
        if reason := self._dead.get(start.turn_id):
            # Cancelled or replaced before it got here.
            self._end(
                SpeechReport(turn_id=start.turn_id, outcome="interrupted", reason=reason, spoken_text="")
            )
            return
        self.orphan_all_but(start.sender)
        # What is less important goes, whether or not the commentator still knew of it; an opener is no more
        # important than text, whatever it is about.
        lower = [
            turn_id
            for turn_id, turn in self._turns.items()
            if turn_id != start.turn_id and turn.priority < start.priority + (not turn.has_text)
        ]
        for turn_id in dict.fromkeys((*start.replaces, *lower)):
            self.cancel(turn_id, f"replaced by turn {start.turn_id}")
        self._player.duck(False)
        self._pool.live()
        turn = self._turns.get(start.turn_id) or self._new(start)
        turn.begin(start)
        log.info("speaking: %d characters first", len(start.text), extra=turn_fields(start.turn_id))

    def open(self, opener: SpeechOpener) -> None:
        """Play an opener, unless anything else has the floor or it comes too late."""
        turn = self._turns.get(opener.turn_id)
        held, obstacle = None, self._obstacle(opener, turn)
        if not obstacle:
            held = self._pool.take(opener.pool_entry, opener.text, opener.language)
        if held is None:
            reason = obstacle or "not_held"
            self._counters[f"openers.not_played.{reason}"] += 1
            log.info("its opener is not played: %s", reason, extra=turn_fields(opener.turn_id, reason=reason))
            return
        self._counters["openers.played"] += 1
        self.orphan_all_but(opener.sender)
        (turn or self._new(opener)).open_with(opener, held)
        if turn and turn.sounding:
            self._news.tell()

    def add(self, text: SpeechText) -> None:
        """The next clause of a turn."""
        if turn := self._turns.get(text.turn_id):
            turn.add(text.text, text.pool_entry)
            if turn.sounding:
                self._news.tell()

    def close(self, turn_id: str) -> None:
        """No more text follows for this turn."""
        if turn := self._turns.get(turn_id):
            turn.close()

    def cancel(self, turn_id: str, reason: str) -> None:
        """Fade it out; where it has not come yet, it is not begun when it comes."""
        self._dead[turn_id] = reason
        if turn := self._turns.get(turn_id):
            turn.cancel(reason)

    def cancel_all(self, reason: str) -> None:
        for turn in list(self._turns.values()):
            turn.cancel(reason)

    def orphan_all_but(self, commentator: str) -> None:
        """A new commentator knows nothing of what an old one began, and will not end it."""
        for turn in list(self._turns.values()):
            if turn.sender != commentator:
                turn.orphan("the commentator restarted")

    def take_device(self, state: DeviceState) -> None:
        """The device came or went: what was cut off long ago is not gone on with when it comes back."""
        if self._lost_device:
            self._lost_device.cancel()
        if state.name == "absent":
            loop = asyncio.get_running_loop()
            self._lost_device = loop.call_later(LOST_DEVICE_PATIENCE_S, self._give_up_sounding)
        self._news.tell()

    def _give_up_sounding(self) -> None:
        for turn in list(self._turns.values()):
            if turn.sounding:
                turn.give_up("the audio device was lost")

    def _obstacle(self, opener: SpeechOpener, turn: SpokenTurn | None) -> str | None:
        """Why an opener may not be played now."""
        if any(turn_id != opener.turn_id for turn_id in self._turns):
            return "another_turn"
        if turn and turn.has_text:
            return "text_is_there"
        if opener.turn_id in self._dead or opener.expires_mono <= time.monotonic():
            return "late"
        return None if self._player.state.name == "open" else "no_device"

    def _new(self, first: SpeechStart | SpeechOpener) -> SpokenTurn:
        turn = self._turns[first.turn_id] = SpokenTurn(
            first, self._voices, self._pool.take, self._player, self._news.reached, self._end, self._spell
        )
        return turn

    def _end(self, report: SpeechReport) -> None:
        self._pool.live()
        self._turns.pop(report.turn_id, None)
        self._counters[f"speech.{report.outcome}"] += 1
        log.info(
            "speech %s by %s",
            report.outcome,
            "+".join(report.voices) or "no voice",
            extra=turn_fields(report.turn_id, outcome=report.outcome),
        )
        self._news.ended(report)
