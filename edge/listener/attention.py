"""What the guide does about what it hears: questions go to the commentator, a stop word ends its speech."""

from __future__ import annotations

import logging
import time
from collections import deque

from edge.bus.topology import ORDERS, TRIGGERS
from edge.clock import monotonic
from edge.journal import turn_fields
from edge.listener.button_device import ButtonDevice
from edge.listener.completeness import Ending
from edge.listener.duplex import Duplex
from edge.listener.guesses import Guesses
from edge.listener.half_duplex import HalfDuplexGate
from edge.listener.judgement import Judge, Judgement
from edge.listener.options import make_addressee
from edge.listener.pending import HeardUtterance
from edge.listener.recognizers import Recognition
from edge.listener.segment import Transcript
from edge.listener.self_hearing import TAIL_S, OwnSpeech
from edge.messages import (
    MAX_TEXT_CHARS,
    Caption,
    Control,
    Occasion,
    Playback,
    Priority,
    StageTime,
    StopRequest,
    Trigger,
    Turn,
    VolumeOrder,
)
from edge.process import Life
from edge.volume import stepped

log = logging.getLogger(__name__)

STOP_TTL_S = 2.0
ORDER_TTL_S = 5.0
NOTICE_TTL_S = 30.0
REMEMBERED_TURNS = 32
UNASKED: frozenset[Occasion | None] = frozenset(
    ("not_understood", "thanked", "louder", "loudest", "quieter", "quietest")
)
OWN = ("own_speech", "own_voice")
"""Reasons for which there is no caption: nobody has said it."""


class Attention:
    """Watches what the guide says, and judges what passengers say."""

    def __init__(self, life: Life, duplex: Duplex) -> None:
        self._life = life
        self._settings = life.settings.listener
        self._answer_ttl_s = life.settings.answers.ttl_s
        tail_s = self._settings.tail_ms / 1000
        self._gate = None if duplex.actual == "device" else HalfDuplexGate(tail_s)
        self._own = OwnSpeech(tail_s=max(tail_s, TAIL_S))
        self._addressee = make_addressee(life.settings)
        self._judge = Judge(self._addressee, self._own, self._settings.voiceprint.driver)
        self._control: Control | None = None
        path, key = self._settings.button, self._settings.button_key
        self._button = ButtonDevice(path, key, self._press) if path else None
        self._unasked: deque[str] = deque(maxlen=REMEMBERED_TURNS)
        """Turns that ask for a repetition, take thanks or obey: they answer nothing, and nothing follows."""
        self.boardings = 0
        """How often the doors were opened: the passengers may be others each time."""

    def start(self) -> None:
        self._triggers = self._life.send_into(TRIGGERS)
        self._orders = self._life.send_into(ORDERS)
        longest_silence_s = self._settings.endpointing.silence_unfinished_s
        self._guesses = Guesses(self._triggers, self._life.settings.answers, longest_silence_s)
        self._life.spawn(self._watch_feeds(), "watching the guide")
        if self._button:
            self._life.spawn(self._button.watch(), "watching the button")

    @property
    def facts(self) -> dict[str, str]:
        """How the button is, where there is one, for people."""
        return {"button": self._button.fact} if self._button else {}

    # --- what the ears tell --------------------------------------------------------------------

    def is_deaf(self, now: float) -> bool:
        """What reaches the microphone now shall not be listened to."""
        return self._gate is not None and self._gate.is_closed(now)

    @property
    def microphone_off(self) -> str | None:
        """Why nobody may be listened to, in words; None: they may. Until the state is known they may not."""
        if self._control is None:
            return "nobody has told yet whether the microphone is to be on"
        return "the microphone is switched off" if self._control.microphone_off else None

    def interim(self, recognition: Recognition) -> None:
        """What was understood of an utterance that may go on."""
        if recognition.transcript is not None:
            self._caption(recognition.segment_id, recognition.transcript)

    def has_words(self, recognition: Recognition, since_mono: float) -> bool:
        """What was understood of an utterance that began then is more than a listening noise."""
        transcript = recognition.transcript
        return transcript is not None and self._judge.has_words(transcript.text, since_mono, monotonic())

    def stops(self, heard: HeardUtterance) -> bool:
        """Stop, if a stop word was said and no more. True: it was, and all that it asks for is done."""
        transcript = heard.recognition.transcript
        if transcript is None or not self._judge.is_stop(transcript.text):
            return False
        self._stop("a stop word", heard.segment.speech_start_mono, self._addressee.quiet_s(transcript.text))
        return True

    def probably_heard(self, probable: HeardUtterance, ending: Ending) -> None:
        """An utterance has probably ended; with what was said before it, if it is the rest of a long one."""
        self.interim(probable.recognition)
        judgement = self._judge.foresee(probable)
        if judgement.deed == "answer" and ending != "unfinished":
            self._guesses.tell(probable.segment.id, judgement, monotonic())

    def misheard(self, segment_id: str) -> None:
        """What was probably heard was not all, or nothing."""
        self._guesses.void(segment_id, monotonic())

    def heard(self, heard: HeardUtterance) -> None:
        """Act on a whole utterance."""
        judgement = self._judge.judge(heard)
        self._life.counters[f"utterances.{judgement.reason}"] += 1
        log.info("an utterance was heard: %s (%s)", judgement.deed, judgement.reason)
        if judgement.deed != "answer":
            self.misheard(heard.segment.id)
        transcript = heard.recognition.transcript
        trigger: Trigger | None = None
        quiet_s: float | None = None
        if judgement.deed == "stop":
            quiet_s = self._addressee.quiet_s(transcript.text) if transcript else 0.0
            if not heard.stopped:
                self._stop("a stop word", heard.segment.speech_start_mono, quiet_s)
        elif judgement.deed != "nothing":
            trigger = self._ask(heard, judgement)
        if transcript is not None and judgement.reason not in OWN:
            self._caption(heard.segment.id, transcript, final=True, trigger=trigger, quiet_s=quiet_s)

    # --- what the guide does -------------------------------------------------------------------

    def _ask(self, heard: HeardUtterance, judgement: Judgement) -> Trigger:
        now = monotonic()
        occasion = self._obey_words(judgement.occasion)
        trigger = Trigger(
            kind="answer",
            trigger_id=heard.segment.id,
            turn_id=heard.segment.id,
            text=judgement.text[:MAX_TEXT_CHARS] or None,
            occasion=occasion,
            may_be_aside=judgement.may_be_aside,
            language=judgement.language,
            stages=(
                StageTime("speech_end", heard.segment.speech_end_mono),
                StageTime("segment", heard.segment_mono),
                StageTime("transcript", heard.transcript_mono),
                StageTime("verified", now),
            ),
            received_mono=now,
            received_at=time.time(),
            expires_mono=now + self._answer_ttl_s,
        )
        if trigger.occasion in UNASKED:
            self._unasked.append(trigger.turn_id)
        log.info("a passenger asks", extra=turn_fields(trigger.turn_id, kind="answer"))
        self._triggers.put(trigger, priority=trigger.priority, expires_mono=trigger.expires_mono)
        return trigger

    def _obey_words(self, occasion: Occasion | None) -> Occasion | None:
        """Change the volume where that was asked for; what there is to be said about it."""
        if occasion not in ("louder", "quieter"):
            return occasion
        volume = self._life.settings.speaker.volume
        if self._control is not None and self._control.volume is not None:
            volume = self._control.volume
        wanted = stepped(volume, louder=occasion == "louder")
        if wanted == volume:
            return "loudest" if occasion == "louder" else "quietest"
        expires_mono = monotonic() + ORDER_TTL_S
        self._orders.put(VolumeOrder(volume=wanted), priority=Priority.ANSWER, expires_mono=expires_mono)
        return occasion

    def _stop(self, reason: str, said_mono: float, quiet_s: float = 0.0) -> None:
        log.info("the guide is told to be silent: %s", reason)
        self._addressee.forget()
        self._judge.settle(said_mono)
        self._triggers.put(
            StopRequest(quiet_s=quiet_s),
            priority=Priority.SAFETY,
            expires_mono=monotonic() + STOP_TTL_S,
        )

    def _caption(
        self,
        segment_id: str,
        transcript: Transcript,
        *,
        final: bool = False,
        trigger: Trigger | None = None,
        quiet_s: float | None = None,
    ) -> None:
        """Tell what was understood of a segment so far, as a caption.

        Args:
            final: it is whole.
            trigger: what it became; None: nothing that is answered.
            quiet_s: for how long it asks for silence; None: it does not.
        """
        if self._settings.captions and transcript:
            self._life.feed.publish(
                Caption(
                    segment_id=segment_id,
                    text=transcript.text.strip(),
                    language=trigger.language if trigger and trigger.occasion else transcript.language,
                    final=final,
                    addressed=trigger is not None or quiet_s is not None,
                    question=trigger.text if trigger else None,
                    occasion=trigger.occasion if trigger else None,
                    may_be_aside=trigger is not None and trigger.may_be_aside,
                    quiet_s=quiet_s,
                )
            )

    # --- what the guide says, and what it is told ----------------------------------------------

    async def _watch_feeds(self) -> None:
        async for message in self._life.watch(Control, Playback, Turn):
            now = monotonic()
            match message:
                case Control():
                    self._obey(message, now)
                case Playback():
                    self._own.sounds(message.spoken or message.text, now, written=message.text)
                    if self._gate:
                        self._gate.plays(message.turn_id is not None, now)
                case Turn(kind="answer", outcome="spoken", turn_id=turn_id) if turn_id not in self._unasked:
                    self._addressee.answered(now)

    def _obey(self, control: Control, now: float) -> None:
        known, self._control = self._control, control
        if known is not None and control.talk_pressed_at_ms > known.talk_pressed_at_ms:
            self._press(True)
            if not control.talk_held:  # a short press
                self._press(False)
        elif known is not None and known.talk_held and not control.talk_held:
            self._press(False)
        if known is not None and control.stopped_at_ms > known.stopped_at_ms:
            self._addressee.forget()
            self._judge.settle(now)
        if control.doors_open and not (known and known.doors_open):
            self._addressee.forget()  # the passengers may be others from now on
            self.boardings += 1
        if known is not None and known.doors_open and not control.doors_open:
            self._give_notice(now)

    def _press(self, is_down: bool) -> None:
        """A push-to-talk button, of the device's own or behind MQTT, went down or up."""
        now = monotonic()
        if is_down:
            self._stop("the button", now)
        self._addressee.button(is_down, now)

    def _give_notice(self, now: float) -> None:
        """Tell passengers who have just got on that the guide listens."""
        self._addressee.forget()
        if self._settings.notice and not self.microphone_off:
            notice = Trigger(
                kind="announcement",
                text=self._settings.notice,
                received_mono=now,
                received_at=time.time(),
                expires_mono=now + NOTICE_TTL_S,
            )
            self._triggers.put(notice, priority=notice.priority, expires_mono=notice.expires_mono)
