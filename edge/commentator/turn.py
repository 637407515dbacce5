"""One live turn in the commentator: from the accepted trigger to the report of the speaker."""

from __future__ import annotations

import asyncio
import logging
from typing import NamedTuple

from edge.bus import Delivery
from edge.clock import monotonic
from edge.commentator.aside import NOT_MEANT
from edge.commentator.head_start import HeadStart
from edge.commentator.opening import Opening
from edge.commentator.outlet import Outlet
from edge.commentator.turn_phase import TurnPhase
from edge.commentator.turn_record import Cut, log_turn, turn_of
from edge.commentator.wording import ENDING, Wording, Words
from edge.error_lines import reason_of
from edge.journal import turn_fields
from edge.ladder import RungError
from edge.messages import (
    Language,
    Outcome,
    Progress,
    SpeechCancel,
    SpeechEnd,
    SpeechPrepare,
    SpeechReport,
    SpeechStart,
    SpeechText,
    Stage,
    Trigger,
    Turn,
)
from edge.timeline import Timeline

log = logging.getLogger(__name__)

REPORT_TIMEOUT_S = 90.0
"""Longer than any speech: after this the speaker's report is not coming."""

STOPPED_WITHIN_S = 0.2
"""What a stopped model has cost is known when its stream is closed."""


class EndedTurn(NamedTuple):
    """How a turn ended."""

    turn: Turn
    cut: Cut | None
    was_heard: bool
    """Something of its words, and not its opener alone."""


class LiveTurn:
    """Sends a turn's words to the speaker as they come, and waits for how it ended.

    Args:
        trigger: what it is about; its ``turn_id`` is the turn's.
        language: to speak.
        wording: gives its words.
        outlet: see there.
        opening: what is said before the words are there; None: nothing.
        head_start: has begun the words before; stopped when no more are wanted.
        local_voice: no voice from a cloud speaks it.
    """

    def __init__(
        self,
        trigger: Trigger,
        language: Language,
        wording: Wording,
        outlet: Outlet,
        *,
        opening: Opening | None = None,
        head_start: HeadStart | None = None,
        local_voice: bool = False,
    ) -> None:
        self.trigger = trigger
        self.turn_id = trigger.turn_id
        self.language = language
        self._wording = wording
        self._outlet = outlet
        self._opening = opening
        self._head_start = head_start
        self._local_voice = local_voice or trigger.kind == "safety"
        self._timeline = Timeline(trigger.received_mono, self._tell_stage)
        self._timeline.merge(trigger.stages)
        self._rungs: list[str] = []
        self._writing: asyncio.Task[None] | None = None
        self._phase = TurnPhase.WRITING
        self._ended: asyncio.Future[tuple[SpeechReport, Cut | None]] = (
            asyncio.get_running_loop().create_future()
        )
        self._clauses = 0
        """The number of clauses that have been sent to the speaker."""
        self._handed_over_mono: float | None = None
        self._heard = ""
        """The text that has left the loudspeaker, as far as the speaker has told."""
        self._stop_reason = ""

    def begin(self) -> None:
        """Have the words written, and the speaker prepared for them; to be followed by ``run``.

        The words are what is waited for longest: they are asked for before anything else is done.
        """
        accepted_mono = monotonic()
        self._writing = asyncio.create_task(self._write(), name=f"writing {self.turn_id}")
        self._writing.add_done_callback(self._written)
        if head_start := self._head_start:
            self._writing.add_done_callback(lambda _: head_start.cancel())
        if self._opening:
            self._opening.begin(self.trigger, self._outlet, self._end_without_words)
        elif self._wording.takes_time and not self._local_voice:
            # Words that are there leave at once: nothing shall go before them.
            self._outlet.send(SpeechPrepare(turn_id=self.turn_id, language=self.language))
        self._timeline.mark("accepted", accepted_mono)

    async def run(self) -> EndedTurn:
        """Wait until the text was handed over, clause by clause, and spoken."""
        try:
            await asyncio.wait([self._ended], timeout=REPORT_TIMEOUT_S)
        finally:
            self._end(self._unspoken("failed", "the speaker did not report"))
        report, cut = self._ended.result()
        if self._writing:
            await asyncio.wait([self._writing], timeout=STOPPED_WITHIN_S)
        turn = turn_of(self.trigger, self.language, report, self._timeline, tuple(self._rungs), self._wording)
        log_turn(turn, self.trigger.received_mono)
        return EndedTurn(turn, cut, was_heard=bool(self._clauses and turn.text))

    def interrupt(self, reason: str, *, tell_speaker: bool = True) -> None:
        """Stop writing and speaking. ``tell_speaker`` False: it knows already (the turn was replaced)."""
        if self._phase is TurnPhase.ENDED:
            return
        if tell_speaker:
            self._outlet.send(SpeechCancel(turn_id=self.turn_id, reason=reason))
        self._stop_reason = reason
        if self._phase is TurnPhase.WRITING:
            self._end(self._unspoken("interrupted", reason), speaker_knows=True)
        else:
            self._enter(TurnPhase.STOPPING)

    def sounds(self, heard: str) -> None:
        """The speaker has begun it, be it with an opener, and this much of it was heard."""
        self._heard = heard
        self._enter(TurnPhase.OPENING)

    def reported(self, report: SpeechReport) -> None:
        """The speaker's report has come."""
        self._end(report, Cut.UNSAID if self._phase.awaits_words else None, speaker_knows=True)

    def give_up(self, reason: str) -> None:
        """Wait for no report any more."""
        self._end(self._unspoken("interrupted", reason))

    def speaker_restarted(self, started_mono: float) -> None:
        """A new speaker began then. What the old one had is gone; what it never got goes to the new one."""
        if self._handed_over_mono is not None and self._handed_over_mono < started_mono:
            self._end(self._unspoken("failed", "the speaker restarted"), Cut.LOST)
        elif self._phase is TurnPhase.STOPPING and not self._clauses:
            self._end(self._unspoken("interrupted", self._stop_reason))
        else:
            self._enter(TurnPhase.WRITING)

    def _enter(self, phase: TurnPhase) -> bool:
        """Go on to this phase. False: it does not follow the present one, which stays."""
        if not self._phase.may_become(phase):
            return False
        self._phase = phase
        if self._opening and not phase.awaits_words:
            self._opening.over()
        if self._writing and phase.is_over:
            self._writing.cancel()
        return True

    def _end(self, report: SpeechReport, cut: Cut | None = None, *, speaker_knows: bool = False) -> None:
        is_with_speaker = self._opening is not None or self._phase is not TurnPhase.WRITING
        if not self._enter(TurnPhase.ENDED):
            return
        self._ended.set_result((report, cut))
        if is_with_speaker and not speaker_knows:
            # Whatever of it did get there must not stay at the head of the speaker's queue.
            self._outlet.send(SpeechCancel(turn_id=self.turn_id, reason="given up"))

    async def _write(self) -> None:
        is_aside = False
        async for words in self._wording.clauses():
            if words.source and words.source not in self._rungs:
                self._rungs.append(words.source)
            if words.is_aside:
                is_aside = True
                continue
            if self._phase.awaits_words:
                self._start_speech(words)
            else:
                text = SpeechText(turn_id=self.turn_id, text=words.text, pool_entry=words.pool_entry)
                self._outlet.send(text, self.trigger.priority)
                self._clauses += 1
        if is_aside and self._phase.awaits_words:
            self.interrupt(NOT_MEANT)
        else:
            self._written_to_the_end()

    def _written_to_the_end(self) -> None:
        if self._phase is TurnPhase.SPEAKING:
            self._outlet.send(SpeechEnd(turn_id=self.turn_id), self.trigger.priority)
        else:
            self._end_without_words()

    def _end_without_words(self) -> None:
        """No words come in time; where an opener announced them, it ends in a way that fits."""
        if not self._phase.awaits_words:
            return
        if self._opening is None:
            self._end(self._unspoken("failed", "no text"))
            return
        if self._writing:
            self._writing.cancel()
        ending = self._opening.ending
        log.warning("no words came behind the opener", extra=turn_fields(self.turn_id))
        self._rungs.append(ENDING)
        self._start_speech(Words(ending.text, ENDING, pool_entry=ending.entry_id), local_only=True)
        self._written_to_the_end()

    def _start_speech(self, words: Words, *, local_only: bool = False) -> None:
        first_text_mono = monotonic()
        self._enter(TurnPhase.SPEAKING)
        self._clauses = 1
        replaced = self._outlet.on_first_text(self.turn_id)
        sent = self._outlet.send(
            SpeechStart(
                turn_id=self.turn_id,
                sender=self._outlet.sender,
                priority=self.trigger.priority,
                language=self.language,
                text=words.text,
                pool_entry=words.pool_entry,
                replaces=tuple(replaced),
                local_only=self._local_voice or local_only,
                ignores_mute=self.trigger.kind == "safety",
                chime=self.trigger.chime,
                received_mono=self.trigger.received_mono,
                expires_mono=self.trigger.expires_mono,
            ),
            self.trigger.priority,
            ttl_s=max(self.trigger.expires_mono - monotonic(), 1.0),
        )
        sent.add_done_callback(self._start_delivered)
        # Told when the text is on its way.
        if words.first_token_mono is not None:
            self._timeline.mark("first_token", words.first_token_mono)
        self._timeline.mark("first_text", first_text_mono)

    def _start_delivered(self, delivery: asyncio.Future[Delivery]) -> None:
        if delivery.cancelled():
            return
        if delivery.result() is Delivery.ACKNOWLEDGED:
            self._handed_over_mono = monotonic()
        else:
            reason = f"the speaker could not be reached ({delivery.result().value})"
            self._end(self._unspoken("failed", reason))

    def _written(self, writing: asyncio.Task[None]) -> None:
        if not writing.cancelled() and (error := writing.exception()):
            log.error(
                "the text ends: %s",
                reason_of(error),
                extra=turn_fields(self.turn_id),
                # Only a programmer can explain any other.
                exc_info=None if isinstance(error, RungError) else error,
            )
            self._written_to_the_end()

    def _tell_stage(self, stage: Stage, mono: float) -> None:
        since_ms = (mono - self.trigger.received_mono) * 1000
        self._outlet.on_stage(
            Progress(
                turn_id=self.turn_id,
                trigger_id=self.trigger.trigger_id,
                stage=stage,
                mono=mono,
                since_received_ms=since_ms,
            )
        )

    def _unspoken(self, outcome: Outcome, reason: str) -> SpeechReport:
        return SpeechReport(turn_id=self.turn_id, outcome=outcome, reason=reason, spoken_text=self._heard)
