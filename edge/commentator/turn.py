"""One live turn in the commentator: from the accepted trigger to the report of the speaker."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from edge.bus import Delivery, PipeSender
from edge.clock import monotonic
from edge.commentator.opening import Opening
from edge.commentator.turn_log import log_turn
from edge.commentator.wording import ENDING, Wording, Words
from edge.error_lines import reason_of
from edge.journal import turn_fields
from edge.ladder import RungError
from edge.messages import (
    Language,
    Outcome,
    Priority,
    Progress,
    Speech,
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

URGENT = Priority.SAFETY + 1
"""Pipe priority of what stops or ducks speech: it overtakes all text."""
SPEECH_TTL_S = 30.0
"""Text that could not be handed to the speaker for so long belongs to a turn nobody waits for."""
OPENER_TTL_S = 0.5
"""An opener that could not be handed over by then comes too late to be one."""
REPORT_TIMEOUT_S = 90.0
"""Longer than any speech: after this the speaker's report is not coming."""


class LiveTurn:
    """Sends a turn's words to the speaker as they come, and waits for how it ended.

    Args:
        trigger: what it is about; its ``turn_id`` is the turn's.
        language: to speak.
        wording: gives its words.
        opening: what is said before they are there; None: nothing.
        speech: pipe to the speaker.
        sender: this commentator's instance.
        on_first_text: called right before the first clause leaves; gives the turns that it replaces.
        on_stage: told of each stage that the turn reaches here.
        local_voice: no voice from a cloud speaks it.
    """

    def __init__(
        self,
        trigger: Trigger,
        language: Language,
        wording: Wording,
        opening: Opening | None,
        speech: PipeSender,
        sender: str,
        on_first_text: Callable[[str], list[str]],
        on_stage: Callable[[Progress], None],
        *,
        local_voice: bool = False,
    ) -> None:
        self.trigger = trigger
        self.turn_id = trigger.turn_id
        self._language = language
        self._wording = wording
        self._opening = opening
        self._speech = speech
        self._sender = sender
        self._on_first_text = on_first_text
        self._on_stage = on_stage
        self._local_voice = local_voice or trigger.kind == "safety"
        self._timeline = Timeline(trigger.received_mono, self._tell_stage)
        self._timeline.merge(trigger.stages)
        self._rungs: list[str] = []
        self._writing: asyncio.Task[None] | None = None
        self._report: asyncio.Future[SpeechReport] = asyncio.get_running_loop().create_future()
        self.has_text = False
        self._handed_over_mono: float | None = None
        self.heard = ""
        """The text that has left the loudspeaker, as far as the speaker has told."""
        self.lost = False
        """The speaker died with it."""
        self.unsaid = False
        """The speaker ended it, for something more important, when no more than its opener was there."""
        self.sounds = False
        """The speaker has begun it, be it with an opener, and will report its end."""
        self._interrupted: str | None = None
        """Why."""
        self._reported = False

    def begin(self) -> None:
        """Have the words written, and the speaker prepared for them; to be followed by ``run``.

        The words are what is waited for longest: they are asked for before anything else is done.
        """
        accepted_mono = monotonic()
        self._writing = asyncio.create_task(self._write(), name=f"writing {self.turn_id}")
        self._writing.add_done_callback(self._written)
        if self._opening:
            self._opening.begin(self.trigger, self._sender, self._send_at_once, self._end_without_words)
        elif self._wording.takes_time and not self._local_voice:
            # Words that are there leave at once: nothing shall go before them.
            self._send(SpeechPrepare(turn_id=self.turn_id, language=self._language), URGENT)
        self._timeline.mark("accepted", accepted_mono)

    async def run(self) -> Turn:
        """Wait until the text was handed over, clause by clause, and spoken."""
        try:
            async with asyncio.timeout(REPORT_TIMEOUT_S):
                report = await self._report
        except TimeoutError:
            report = self._unspoken("failed", "the speaker did not report")
        finally:
            if self._writing:
                self._writing.cancel()
            if self._opening:
                self._opening.over()
            if (self.has_text or self._opening) and not self._reported:
                # Whatever of it did get there must not stay at the head of the speaker's queue.
                self._send(SpeechCancel(turn_id=self.turn_id, reason="given up"), URGENT)
        return self._ended(report)

    def interrupt(self, reason: str, *, tell_speaker: bool = True) -> None:
        """Stop writing and speaking. ``tell_speaker`` False: it knows already (the turn was replaced)."""
        self._interrupted = reason
        if self._writing:
            self._writing.cancel()
        if self._opening:
            self._opening.over()
        if not (self.has_text or self.sounds):
            self._resolve(self._unspoken("interrupted", reason))
        if tell_speaker:
            self._send(SpeechCancel(turn_id=self.turn_id, reason=reason), URGENT)

    def reported(self, report: SpeechReport) -> None:
        """The speaker's report has come."""
        self._reported = True
        self.unsaid = not self.has_text and self._interrupted is None
        self._resolve(report)

    def give_up(self, reason: str) -> None:
        """Wait for no report any more."""
        self._resolve(self._unspoken("interrupted", reason))

    def speaker_restarted(self, started_mono: float) -> None:
        """A new speaker began then. What the old one had is gone; what it never got goes to the new one."""
        if self._handed_over_mono is not None and self._handed_over_mono < started_mono:
            self.lost = True
            self._resolve(self._unspoken("failed", "the speaker restarted"))
        elif self._interrupted is not None and not self.has_text:
            self._resolve(self._unspoken("interrupted", self._interrupted))
        self.sounds = False

    def _resolve(self, report: SpeechReport) -> None:
        if not self._report.done():
            self._report.set_result(report)

    async def _write(self) -> None:
        seq = 0
        async for words in self._wording.clauses():
            if words.source and words.source not in self._rungs:
                self._rungs.append(words.source)
            if not self.has_text:
                self._start_speech(words)
            else:
                seq += 1
                text = SpeechText(turn_id=self.turn_id, seq=seq, text=words.text, pool_entry=words.pool_entry)
                self._send(text, self.trigger.priority)
        self._written_to_the_end()

    def _written_to_the_end(self) -> None:
        if self.has_text:
            self._send(SpeechEnd(turn_id=self.turn_id), self.trigger.priority)
        elif self._opening:
            self._end_without_words()
        else:
            self._resolve(self._unspoken("failed", "no text"))

    def _end_without_words(self) -> None:
        """An opener was said, and what it announced does not come in time: it ends in a way that fits."""
        if self.has_text or self._opening is None or self._report.done():
            return
        if self._writing:
            self._writing.cancel()
        ending = self._opening.ending
        log.warning("no words came behind the opener", extra=turn_fields(self.turn_id))
        self._rungs.append(ENDING)
        self._start_speech(Words(ending.text, ENDING, pool_entry=ending.entry_id), local_only=True)
        self._send(SpeechEnd(turn_id=self.turn_id), self.trigger.priority)

    def _start_speech(self, words: Words, *, local_only: bool = False) -> None:
        first_text_mono = monotonic()
        self.has_text = True
        if self._opening:
            self._opening.over()
        replaced = self._on_first_text(self.turn_id)
        sent = self._send(
            SpeechStart(
                turn_id=self.turn_id,
                sender=self._sender,
                priority=self.trigger.priority,
                language=self._language,
                text=words.text,
                pool_entry=words.pool_entry,
                replaces=tuple(replaced),
                local_only=self._local_voice or local_only,
                ignores_mute=self.trigger.kind == "safety",
                received_mono=self.trigger.received_mono,
                expires_mono=self.trigger.expires_mono,
            ),
            self.trigger.priority,
            expires_mono=max(self.trigger.expires_mono, monotonic() + 1.0),
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
            self._resolve(
                self._unspoken("failed", f"the speaker could not be reached ({delivery.result().value})")
            )

    def _written(self, writing: asyncio.Task[None]) -> None:
        if not writing.cancelled() and (error := writing.exception()):
            log.error(
                "the text ends: %s",
                reason_of(error),
                extra=turn_fields(self.turn_id),
                exc_info=_unexpected(error),
            )
            self._written_to_the_end()

    def _send_at_once(self, message: Speech) -> None:
        self._send(message, URGENT, expires_mono=monotonic() + OPENER_TTL_S)

    def _send(
        self, message: Speech, priority: int, *, expires_mono: float | None = None
    ) -> asyncio.Future[Delivery]:
        expires = monotonic() + SPEECH_TTL_S if expires_mono is None else expires_mono
        return self._speech.put(message, priority=priority, expires_mono=expires)

    def _tell_stage(self, stage: Stage, mono: float) -> None:
        since_ms = (mono - self.trigger.received_mono) * 1000
        self._on_stage(
            Progress(
                turn_id=self.turn_id,
                trigger_id=self.trigger.trigger_id,
                stage=stage,
                mono=mono,
                since_received_ms=since_ms,
            )
        )

    def _unspoken(self, outcome: Outcome, reason: str) -> SpeechReport:
        return SpeechReport(turn_id=self.turn_id, outcome=outcome, reason=reason, spoken_text=self.heard)

    def _ended(self, report: SpeechReport) -> Turn:
        self._timeline.merge(report.stages)
        turn = Turn(
            turn_id=self.turn_id,
            trigger_id=self.trigger.trigger_id,
            kind=self.trigger.kind,
            priority=self.trigger.priority,
            language=self._language,
            text=report.spoken_text,
            sources=self._wording.sources,
            outcome=report.outcome,
            reason=report.reason,
            models=tuple(self._rungs),
            voices=report.voices,
            received_at=self.trigger.received_at,
            stages=self._timeline.stages(),
        )
        log_turn(turn, self.trigger.received_mono)
        return turn


def _unexpected(error: BaseException) -> BaseException | None:
    """An error that only a programmer can explain is logged with its traceback."""
    return None if isinstance(error, RungError) else error
