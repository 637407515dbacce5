"""One turn in the speaker: its text as it comes in, its voice, its track, and the report at its end."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import replace

from edge.journal import turn_fields
from edge.ladder import Ladder, LadderExhausted
from edge.messages import Outcome, Progress, SpeechReport, SpeechStart, Stage
from edge.speaker.player import Player
from edge.speaker.script import Script
from edge.speaker.track import TrackEvent
from edge.speaker.voices.base import Piece, VoiceRequest
from edge.timeline import Timeline

log = logging.getLogger(__name__)

LATE_SOUND_GRACE_S = 3.0
"""Beyond the trigger's own deadline: what was begun in time may take so long to become sound."""

TEXT_TIMEOUT_S = 12.0
"""Longer than any model pauses between two clauses (see the ladder's stall and budgets)."""

VoiceLadder = Ladder[VoiceRequest, Piece]


def advance(request: VoiceRequest, piece: Piece) -> VoiceRequest:
    """The request for what is left to say behind ``piece``."""
    return replace(request, start=piece.spoken_to)


class SpokenTurn:
    """
    Args:
        start: the turn's first clause, and what is known of the turn.
        voices: the voice ladder.
        player: where the sound goes.
        fade_ms: of a cancelled turn.
        on_stage: told of each stage reached here.
        on_end: gets the report, once.
    """

    def __init__(
        self,
        start: SpeechStart,
        voices: VoiceLadder,
        player: Player,
        fade_ms: int,
        on_stage: Callable[[Progress], None],
        on_end: Callable[[SpeechReport], None],
    ) -> None:
        self.turn_id = start.turn_id
        self.priority = start.priority
        self.sender = start.sender
        self._start = start
        self._voices = voices
        self._fade_ms = fade_ms
        self._on_stage = on_stage
        self._on_end = on_end
        self._timeline = Timeline(start.received_mono, self._tell_stage)
        self._script = Script()
        self._script.add(start.text)
        self._used: list[str] = []
        self._reason: str | None = None
        self._outcome: Outcome = "spoken"
        self.sounding = False
        self._track = player.track(self.turn_id, self._on_track_event, ignores_mute=start.ignores_mute)
        player.play(self._track)
        self._speaking = asyncio.create_task(self._speak(), name=f"speaking {self.turn_id}")
        # What waited too long for a lost device, or for its turn, is about what nobody sees any more.
        loop = asyncio.get_running_loop()
        self._text_timeout = loop.call_later(TEXT_TIMEOUT_S, self._text_is_late)
        worthless_in_s = max(0.0, start.expires_mono - time.monotonic()) + LATE_SOUND_GRACE_S
        self._expiry = loop.call_later(worthless_in_s, self._expire)

    @property
    def voice(self) -> str | None:
        """The rung that speaks, or spoke last."""
        return self._used[-1] if self._used else None

    @property
    def text(self) -> str:
        """As far as it has come."""
        return self._script.text

    def add(self, clause: str) -> None:
        self._script.add(clause)
        self._expect_text()

    def close(self) -> None:
        """No more text follows."""
        self._text_timeout.cancel()
        self._script.close()

    def cancel(self, reason: str) -> None:
        """Fade out and stop the voice at its source."""
        if self._reason is None:
            self._outcome, self._reason = "interrupted", reason
        self._speaking.cancel()
        self._track.cancel(self._fade_ms)

    def give_up(self, reason: str) -> None:
        """Cancel it as failed."""
        self._fail(reason)
        self.cancel(reason)

    def _expire(self) -> None:
        if not self.sounding:
            self.give_up("it could not be played in time")

    def _expect_text(self) -> None:
        """Somebody who dies cannot say that no text follows; nobody else shall wait for it."""
        self._text_timeout.cancel()
        self._text_timeout = asyncio.get_running_loop().call_later(TEXT_TIMEOUT_S, self._text_is_late)

    def _text_is_late(self) -> None:
        log.warning("no more text came for %g s", TEXT_TIMEOUT_S, extra=turn_fields(self.turn_id))
        self._fail("the text broke off")
        self._script.close()

    async def _speak(self) -> None:
        request = VoiceRequest(self.turn_id, self._start.language, self._script)
        try:
            async for rung, piece in self._voices.run(request, local_only=self._start.local_only):
                if rung not in self._used:
                    self._used.append(rung)
                self._timeline.mark("first_audio")
                self._track.append(piece.samples, piece.sample_rate, piece.spoken_to, rung)
        except LadderExhausted as error:
            self._fail("no voice works")
            log.error("%s", error, extra=turn_fields(self.turn_id))
        except Exception:
            self._fail("an error in the speaker")
            log.exception("the turn cannot be spoken to its end", extra=turn_fields(self.turn_id))
        self._track.finish()

    def _fail(self, reason: str) -> None:
        self._outcome, self._reason = "failed", reason

    def _on_track_event(self, event: TrackEvent) -> None:
        match event.kind:
            case "first_sample":
                self.sounding = True
                self._timeline.mark("first_sample", event.mono)
                # Without an opener in front, the first sound is the remark itself.
                self._timeline.mark("first_content", event.mono)
            case "underrun":
                log.warning(
                    "the sound ran out in mid-sentence (%d)", event.underruns, extra=turn_fields(self.turn_id)
                )
            case "last_sample" | "cancelled":
                if event.kind == "last_sample":
                    self._timeline.mark("last_sample", event.mono)
                self._end(event.spoken_to)

    def _end(self, spoken_to: int) -> None:
        self._expiry.cancel()
        self._text_timeout.cancel()
        self._on_end(
            SpeechReport(
                turn_id=self.turn_id,
                outcome=self._outcome,
                reason=self._reason,
                spoken_text=self._script.text[:spoken_to].strip(),
                voices=tuple(self._used),
                stages=tuple(stage for stage in self._timeline.stages() if stage.stage != "received"),
            )
        )

    def _tell_stage(self, stage: Stage, mono: float) -> None:
        since_ms = (mono - self._start.received_mono) * 1000
        self._on_stage(Progress(turn_id=self.turn_id, stage=stage, mono=mono, since_received_ms=since_ms))
