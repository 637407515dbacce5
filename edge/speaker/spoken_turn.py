"""One turn in the speaker: its text as it comes in, its voice, its track, and the report at its end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncGenerator, Callable

from edge.journal import turn_fields
from edge.ladder import LadderExhausted
from edge.messages import (
    Language,
    Outcome,
    Progress,
    SpeechOpener,
    SpeechReport,
    SpeechStart,
    Stage,
    TimedWord,
)
from edge.speaker import chime
from edge.speaker.piece_source import PieceSource, SourcedPiece, TakeHeld
from edge.speaker.player import FADE_MS, Player
from edge.speaker.pool.entry import HeldSound
from edge.speaker.track import TrackEvent
from edge.speaker.turn_phase import NEXT, Phase
from edge.speaker.voices.ladder import VoiceLadder
from edge.speaker.voices.spoken import Spell
from edge.spending.lines import purpose_of
from edge.spoken_form.spell import spoken_form
from edge.timeline import Timeline

log = logging.getLogger(__name__)

LATE_SOUND_GRACE_S = 3.0
"""Beyond the trigger's own deadline: what was begun in time may take so long to become sound."""

TEXT_TIMEOUT_S = 12.0
"""Longer than any model pauses between two clauses (see the ladder's stall and budgets)."""

LONGEST_TEXT = 4000
"""Characters of one turn. The longest answer that can be set has half of that."""
SHORTEST_CLAUSE = 8
"""A clause counts as at least so many characters: each costs memory beside its text."""
LONGEST_SOUND_S = 120.0
"""The longest sound of one turn. Its commentator waits for no turn that long."""
ENDING_GRACE_S = 1.0
"""A commentator that lives ends an opener itself when the trigger expires; it gets so much longer."""


class SpokenTurn:
    """A turn that begins with its first text or, before that, with an opener (see ``open_with``).

    Args:
        first: what is known of the turn; its text is said by ``begin`` or ``open_with``.
        voices: the voice ladder.
        take_held: the pool.
        player: where the sound goes.
        on_stage: told of each stage reached here.
        on_end: gets the report, once.
        spell: how a clause is said.
    """

    def __init__(
        self,
        first: SpeechStart | SpeechOpener,
        voices: VoiceLadder,
        take_held: TakeHeld,
        player: Player,
        on_stage: Callable[[Progress], None],
        on_end: Callable[[SpeechReport], None],
        spell: Spell = spoken_form,
    ) -> None:
        self.turn_id = first.turn_id
        self.priority = first.priority
        self.sender = first.sender
        self.language: Language = first.language
        self._received_mono = first.received_mono
        self._on_stage = on_stage
        self._on_end = on_end
        self._timeline = Timeline(first.received_mono, self._tell_stage)
        purpose = purpose_of(first.priority)
        self._source = PieceSource(first.language, voices, take_held, spell, purpose)
        self._opener = first if isinstance(first, SpeechOpener) else None
        """The last one."""
        self._chimed = False
        self._phase = Phase.OPENING if self._opener else Phase.GROWING
        self._outcome: Outcome = "spoken"
        self._reason: str | None = None
        self._used: list[str] = []
        self._text_left = LONGEST_TEXT
        urgent = isinstance(first, SpeechStart) and first.ignores_mute
        self._player = player
        self._track = player.track(
            self.turn_id, self._on_track_event, ignores_mute=urgent, language=first.language
        )
        player.play(self._track)
        self._speaking = asyncio.create_task(self._speak(), name=f"speaking {self.turn_id}")
        # What waited too long for a lost device, or for its turn, is about what nobody sees any more.
        loop = asyncio.get_running_loop()
        self._text_timeout = loop.call_later(TEXT_TIMEOUT_S, self._text_is_late)
        self._expiry = loop.call_later(_worthless_in_s(first), self._expire)

    @property
    def has_text(self) -> bool:
        """Whether it has more than openers."""
        return self._phase in (Phase.GROWING, Phase.WHOLE)

    @property
    def sounding(self) -> bool:
        """Whether the turn's first sample has been played."""
        return self._timeline.has_reached("first_sample")

    @property
    def text(self) -> str:
        """The text that there is so far."""
        return self._source.text

    @property
    def spoken(self) -> str:
        """The text that there is so far, as it is said."""
        return self._source.spoken

    @property
    def heard_text(self) -> str:
        """The text that has left the loudspeaker, to a word's end."""
        return self._text_to(self._track.spoken_to)

    @property
    def words(self) -> list[TimedWord]:
        """The words that have sound, with when they are heard."""
        return self._player.words(self._track)

    @property
    def ends_mono(self) -> float | None:
        """When the sound that it has so far is over."""
        return self._player.ends_mono(self._track)

    @property
    def is_ducked(self) -> bool:
        return self._track.strip.is_ducked

    def open_with(self, opener: SpeechOpener, held: HeldSound) -> None:
        """Play this at once, or behind an earlier opener; it is not yet the turn's text."""
        if self._phase is not Phase.OPENING:
            return
        self._opener = opener
        self._source.open_with(held)
        left_s = max(0.0, opener.expires_mono - time.monotonic())
        self._expect_text(min(TEXT_TIMEOUT_S, left_s + ENDING_GRACE_S))

    def begin(self, start: SpeechStart) -> None:
        """The turn's first clause is there; it joins behind an opener."""
        self._expiry.cancel()
        self._expiry = asyncio.get_running_loop().call_later(_worthless_in_s(start), self._expire)
        self._source.local_only |= start.local_only
        self._enter(Phase.GROWING)
        if start.chime and not self._chimed:
            self._chimed = True
            self._track.append(chime.chime(), chime.RATE, 0, chime.VOICE, content=False)
        self.add(start.text, start.pool_entry)

    def add(self, clause: str, entry_id: str | None = None) -> None:
        """The next clause; ``entry_id``: the pool may hold its sound. Without end it is the turn's end."""
        if self._phase is not Phase.GROWING:
            return
        self._text_left -= max(len(clause), SHORTEST_CLAUSE)
        if self._text_left < 0:
            self._end_early(f"its text is longer than {LONGEST_TEXT} characters")
            return
        self._source.add(clause, entry_id)
        self._expect_text(TEXT_TIMEOUT_S)

    def close(self) -> None:
        """No more text follows."""
        self._enter(Phase.WHOLE)

    def cancel(self, reason: str) -> None:
        """Fade out and stop the voice at its source."""
        if self._reason is None:
            self._outcome, self._reason = "interrupted", reason
        self._enter(Phase.CUT)

    def give_up(self, reason: str) -> None:
        """Cancel it as failed."""
        self._fail(reason)
        self.cancel(reason)

    def orphan(self, reason: str) -> None:
        """The turn's commentator is gone: a mere opener is ended well, all else fades out."""
        if self._phase is Phase.OPENING:
            self._end_alone(reason)
        elif self._phase is not Phase.ENDING:
            self.give_up(reason)

    def _enter(self, phase: Phase) -> bool:
        """Go on to ``phase``; False: it cannot follow on the present one, and nothing has changed."""
        if phase not in NEXT[self._phase]:
            return False
        self._phase = phase
        if phase is not Phase.GROWING:
            self._text_timeout.cancel()
        match phase:
            case Phase.WHOLE:
                self._source.close()
            case Phase.ENDING if self._opener:
                self._source.local_only = True
                self._source.add(self._opener.ending, self._opener.ending_entry)
                self._source.close()
            case Phase.CUT:
                self._speaking.cancel()
                self._player.cancel(self._track, FADE_MS)
            case Phase.OVER:
                self._expiry.cancel()
        return True

    def _expire(self) -> None:
        if not self.sounding:
            self.give_up("it could not be played in time")

    def _end_alone(self, reason: str) -> None:
        """End the opener without its turn's text. Whoever has text need not wait for this."""
        if self._enter(Phase.ENDING):
            self._fail(reason)
            log.warning("the opener is ended here: %s", reason, extra=turn_fields(self.turn_id))

    def _expect_text(self, within_s: float) -> None:
        """Somebody who dies cannot say that no text follows; nobody else shall wait for it."""
        self._text_timeout.cancel()
        self._text_timeout = asyncio.get_running_loop().call_later(within_s, self._text_is_late)

    def _text_is_late(self) -> None:
        if self._phase is Phase.OPENING:
            self._end_alone("the text never came")
            return
        log.warning("no more text came for %g s", TEXT_TIMEOUT_S, extra=turn_fields(self.turn_id))
        self._fail("the text broke off")
        self.close()

    def _end_early(self, reason: str) -> None:
        """What is there is still said; what comes after this is left out."""
        if self._outcome != "failed":
            log.warning("the rest of the turn is left out: %s", reason, extra=turn_fields(self.turn_id))
            self._fail(reason)
        self.close()

    async def _speak(self) -> None:
        try:
            async with contextlib.aclosing(self._source.pieces()) as pieces:
                await self._play(pieces)
        except LadderExhausted as error:
            self._fail("no voice works")
            log.error("%s", error, extra=turn_fields(self.turn_id))
        except Exception:
            self._fail("an error in the speaker")
            log.exception("the turn cannot be spoken to its end", extra=turn_fields(self.turn_id))
        self._track.finish()

    async def _play(self, pieces: AsyncGenerator[SourcedPiece, None]) -> None:
        left_s = LONGEST_SOUND_S
        async for piece, source, voice, content, whole in pieces:
            came_mono = time.monotonic()
            left_s -= len(piece.samples) / piece.sample_rate
            if left_s < 0:
                self._end_early(f"its sound is longer than {LONGEST_SOUND_S:g} s")
                return
            if source not in self._used:
                self._used.append(source)
            if whole is not None:
                self._track.foresee(whole, piece.sample_rate, voice)
            self._track.append(
                piece.samples,
                piece.sample_rate,
                piece.spoken_to,
                voice,
                content=content,
                words=piece.words,
            )
            if content:  # told when the sound is on its way
                self._timeline.mark("first_audio", came_mono)

    def _fail(self, reason: str) -> None:
        self._outcome, self._reason = "failed", reason

    def _on_track_event(self, event: TrackEvent) -> None:
        match event.kind:
            case "first_sample":
                self._timeline.mark("first_sample", event.mono)
                if self._opener is None and not self._chimed:
                    self._timeline.mark("first_content", event.mono)
            case "first_content":
                self._timeline.mark("first_content", event.mono)
            case "underrun" if self._timeline.has_reached("first_content"):
                # That an opener is over is nothing to warn of.
                log.warning(
                    "the sound ran out in mid-sentence (%d)", event.underruns, extra=turn_fields(self.turn_id)
                )
            case "last_sample" | "cancelled":
                if event.kind == "last_sample":
                    self._timeline.mark("last_sample", event.mono)
                self._end(event.spoken_to)

    def _end(self, spoken_to: int) -> None:
        if not self._enter(Phase.OVER):
            return
        self._on_end(
            SpeechReport(
                turn_id=self.turn_id,
                outcome=self._outcome,
                reason=self._reason,
                spoken_text=self._text_to(spoken_to),
                voices=tuple(self._used),
                stages=tuple(stage for stage in self._timeline.stages() if stage.stage != "received"),
                tries=self._source.trail.tries,
                spent=self._source.trail.spent,
            )
        )

    def _text_to(self, spoken_to: int) -> str:
        return self._source.text[:spoken_to].strip()

    def _tell_stage(self, stage: Stage, mono: float) -> None:
        since_ms = (mono - self._received_mono) * 1000
        self._on_stage(Progress(turn_id=self.turn_id, stage=stage, mono=mono, since_received_ms=since_ms))


def _worthless_in_s(message: SpeechStart | SpeechOpener) -> float:
    """Seconds until nobody wants to hear it any more."""
    return max(0.0, message.expires_mono - time.monotonic()) + LATE_SOUND_GRACE_S
