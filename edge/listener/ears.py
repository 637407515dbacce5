"""Microphone → utterances → transcripts: keeps the parts running and hands on what was heard."""

from __future__ import annotations

import asyncio
import logging

import numpy as np
from numpy.typing import NDArray

from edge.bus.topology import TIMINGS
from edge.clock import monotonic
from edge.config import ConfigError, Settings
from edge.heat_news import HeatNews
from edge.listener.attention import Attention
from edge.listener.completeness import Ending
from edge.listener.duplex import Duplex
from edge.listener.echo.canceller import Canceller
from edge.listener.floor import Floor
from edge.listener.guide_sound import GuideSound
from edge.listener.hearing_told import memory_mib, tell_hearing
from edge.listener.input import AudioInput
from edge.listener.input_factory import make_input
from edge.listener.level import FLOOR_DBFS
from edge.listener.microphone import Microphone
from edge.listener.options import make_completeness, recognition_hint, recognition_hints
from edge.listener.pending import HeardUtterance, PendingUtterances
from edge.listener.recognizers import (
    Recognition,
    RecognitionLadder,
    RecognitionQueue,
    make_recognition_ladder,
)
from edge.listener.segment import Frame, RecognitionRequest, Segment
from edge.listener.segmenter import Segmenter
from edge.listener.speech_events import (
    SegmentReady,
    SpeechDropped,
    SpeechEvent,
    SpeechMaybeEnded,
    SpeechPaused,
    SpeechResumed,
    SpeechStarted,
)
from edge.listener.turn_end.judge import TurnEndJudge
from edge.listener.vad import VadError
from edge.listener.vad_factory import load_vad
from edge.listener.voiceprint import KnownVoice, Verifier
from edge.messages import Hearing, Language
from edge.process import Health, Life

log = logging.getLogger(__name__)


class Ears:
    """The way of the sound, in the event loop; the device and the engines have threads of their own."""

    def __init__(
        self,
        life: Life,
        attention: Attention,
        duplex: Duplex,
        canceller: Canceller | None,
        recognizers: RecognitionLadder | None = None,
    ) -> None:
        self._life = life
        self._settings = life.settings.listener
        self._attention = attention
        recognizer, languages = self._settings.recognizer, self._settings.languages
        self._recognizers = recognizers or make_recognition_ladder(life.settings)
        self._queue = RecognitionQueue(
            self._recognizers.recognise,
            self._recognised,
            workers=recognizer.workers,
            counters=life.counters,
        )
        self._verifier = Verifier(life.settings, self._verified, life.counters)
        self._turn_end = TurnEndJudge(life.settings, self._judged_by_sound, life.counters)
        # A cloud would have to be paid for each guess that was wrong.
        self._guesses = not recognizer.cloud_allowed
        self._language: Language | None = languages[0] if len(languages) == 1 else None
        self._hint, self._hints = recognition_hint(life.settings), recognition_hints(life.settings)
        self._pending = PendingUtterances()
        self._microphone = Microphone(_input(life.settings))
        self._microphone.listen(False)  # until it is known whether it may
        self._duplex = duplex
        self._guide_sound = GuideSound(life, duplex, canceller)
        self._heat = HeatNews(life)
        self._cancelled = False
        self._losses = 0
        self._segmenter: Segmenter | None = None
        self._vad_name = ""
        self._trouble = ""
        self._segment_id = ""
        self._completeness = make_completeness(life.settings)
        self._interim_frames = 0
        """Frames of speech in what the last interim transcript was asked of."""
        self._speaking = self._wanted_floor = False
        self._floor = Floor()
        self._spoken_mono = 0.0
        """When the last utterance began."""
        self._boardings = 0
        self._unfinished: HeardUtterance | None = None
        """The utterance's speaker goes on, and is not talked over."""

    def start(self) -> None:
        """Returns at once; ready when all models are loaded."""
        self._heat.start()
        self._life.spawn(self._load_and_hear(), "hearing")
        self._life.spawn(self._tell_for_ever(), "telling the level")

    async def close(self) -> None:
        await self._microphone.close()
        await self._queue.close()
        await self._recognizers.close()
        await self._verifier.close()
        self._turn_end.close()
        self._guide_sound.close()

    def health(self) -> Health:
        states = self._recognizers.states()
        facts = {f"recognizer.{name}": state for name, state in states.items()}
        facts |= {f"runs.{name}": fact for name, fact in self._recognizers.facts().items()}
        microphone = self._microphone.state
        lost = {"overflows": self._microphone.overflows, "frames_dropped": self._microphone.dropped_frames}
        for name in filter(lost.get, lost):
            self._life.counters[name] = lost[name]
        facts["input"] = f"{self._settings.input}: {microphone.reason or microphone.name}"
        if self._settings.captions:
            facts["interim"] = self._queue.interim_state
        facts |= self._attention.facts | self._guide_sound.facts
        facts["vad"] = self._vad_name or self._trouble or "loading"
        facts["voiceprint"] = self._verifier.fact
        facts["turn_end"] = self._turn_end.fact
        working = self._microphone.working or self._segmenter is None
        ready = bool(self._segmenter or self._trouble)
        status = self._status(states)
        return Health(ready=ready, status=status, facts=facts, working=working, busy=self._speaking)

    def _status(self, states: dict[str, str]) -> str:
        if self._trouble:
            return f"listening to nobody: {self._trouble}"
        if self._segmenter is None:
            return "loading the recognizers"
        if why := self._attention.microphone_off:
            return f"listening to nobody: {why}"
        microphone = self._microphone.state
        if microphone.name != "open":
            return f"listening to nobody: {self._settings.input}: {microphone.reason}"
        if self._heat.level > 1:
            return "listening to nobody: the board is too hot"
        if self._microphone.silent:
            return f"hears nothing: {self._settings.input} gives digital silence; is it muted?"
        troubles = [f"{name}: {state}" for name, state in states.items() if state != "ok"]
        best = next((name for name, state in states.items() if state == "ok"), None)
        if best is None:
            why = "; ".join(troubles) or "none is set"
            return f"hears and understands nobody: no recognizer works ({why})"
        status = f"listening to {self._settings.input}, {self._duplex}, with {best}"
        return status + (f" ({'; '.join(troubles)})" if troubles else "")

    async def _load_and_hear(self) -> None:
        before_mib = memory_mib()
        try:
            vad = await load_vad(self._settings.vad)
        except VadError as error:
            self._trouble = str(error)
            log.error("the guide cannot listen: %s", error)
            return
        await self._verifier.start()
        await self._turn_end.start()
        await self._recognizers.start()
        self._vad_name = vad.name
        tell_hearing(self._life.settings, self._recognizers.facts(), vad.name, before_mib)
        self._segmenter = Segmenter(vad, self._settings.endpointing)
        self._microphone.start()
        async for frame in self._microphone.frames():
            self._hear(frame, self._segmenter)

    def _hear(self, frame: Frame | None, segmenter: Segmenter) -> None:
        off = self._attention.microphone_off is not None
        too_hot = self._heat.level > 1
        lost_sound = self._microphone.losses != self._losses
        self._losses = self._microphone.losses
        listened = not off and not too_hot
        frame = self._guide_sound.take_out(frame, lost_sound=lost_sound, is_listened_to=listened)
        cancelled = frame is not None and self._guide_sound.is_taken_out
        deaf = frame is not None and not cancelled and self._attention.is_deaf(frame.mono)
        deaf |= too_hot
        self._microphone.listen(not off)
        events = segmenter.feed(None if deaf or off else frame)
        if off:  # what was being said is not listened to either
            events = [SpeechDropped(event.id, "microphone_off") for event in events]
        elif deaf and self._cancelled:
            # What was being heard when the canceller lost the guide's voice may have been just that.
            events = [SpeechDropped(event.id, "echo") for event in events]
        self._cancelled = cancelled
        for event in events:
            if isinstance(event, SpeechMaybeEnded) and not self._heat.level:
                self._turn_end.hear(event.segment, segmenter.endpointer.spoken_frames)
            self._take(event)
        wants_interim = self._settings.captions and segmenter.endpointer.speaking and not self._heat.level
        if wants_interim and self._recognizers.usable(interim=True):
            self._offer_interim(segmenter)
        if sound := segmenter.endpointer.sound:
            self._floor.hear(sound, monotonic())
        if (self._is_speaking(), self._wants_floor()) != (self._speaking, self._wanted_floor):
            self._tell()

    def _take(self, event: SpeechEvent) -> None:
        now = monotonic()
        match event:
            case SpeechStarted(id=segment_id, mono=mono):
                self._segment_id = segment_id
                self._know_speaker(mono)
                self._floor.begin(now)
            case SpeechPaused(segment=segment) if self._may_guess and self._queue.has_time:
                self._pending.pause(segment, now)
                self._recognise(segment)
            case SpeechMaybeEnded(segment=segment) if self._may_guess:
                if not self._pending.guess(segment, now):
                    self._recognise(segment)
                elif probable := self._pending.probable(segment.id):
                    self._take_probable(probable)
            case SpeechResumed(id=segment_id):
                if self._pending.void(segment_id):  # an interim transcript goes on
                    self._queue.cancel(segment_id)
                    self._attention.misheard(segment_id)
            case SegmentReady(segment=segment, cut=cut):
                self._floor.end(segment.speech_end_mono - segment.speech_start_mono)
                if not self._pending.confirm(segment, now, goes_on=cut):
                    self._queue.cancel(segment.id)
                    self._recognise(segment)
                self._hand_on(segment.id)
            case SpeechDropped(id=segment_id, reason=reason):
                self._life.counters[f"sounds.{reason}"] += 1
                self._give_up(segment_id)

    @property
    def _may_guess(self) -> bool:
        return self._guesses and not self._heat.level

    def _know_speaker(self, spoken_mono: float) -> None:
        """What was learned of the speaker's pauses lasts as long as the conversation."""
        is_over = spoken_mono - self._spoken_mono > self._life.settings.answers.forget_after_s
        if self._segmenter and (is_over or self._attention.boardings != self._boardings):
            self._segmenter.endpointer.pauses.forget()
        self._spoken_mono, self._boardings = spoken_mono, self._attention.boardings

    def _give_up(self, segment_id: str) -> None:
        self._pending.void(segment_id)
        self._queue.cancel(segment_id)
        self._attention.misheard(segment_id)

    def _recognise(self, segment: Segment) -> None:
        self._queue.submit(segment.id, self._request(segment.id, segment.samples))
        if self._verifier.check(segment):
            self._pending.verifying(segment.id)

    def _offer_interim(self, segmenter: Segmenter) -> None:
        # In a pause the final one may be due at any moment, and nothing shall be in its way.
        if not segmenter.endpointer.pausing and self._queue.wants_interim(self._segment_id):
            samples = segmenter.endpointer.audio_so_far()
            if samples is not None:
                self._interim_frames = segmenter.endpointer.spoken_frames
                request = self._request(self._segment_id, samples, interim=True)
                self._queue.offer_interim(self._segment_id, request)

    def _request(
        self, segment_id: str, samples: NDArray[np.int16], *, interim: bool = False
    ) -> RecognitionRequest:
        hint, hints = self._hint, self._hints
        return RecognitionRequest(samples, self._language, hint, hints, interim, segment_id)

    def _recognised(self, recognition: Recognition) -> None:
        if recognition.segment_id == self._segment_id:
            has_words = self._attention.has_words(recognition, self._spoken_mono)
            self._floor.understood(has_words, monotonic())
        if recognition.interim:
            self._attention.interim(recognition)
            if recognition.segment_id == self._segment_id:
                self._expect(recognition, self._interim_frames)
            return
        self._pending.recognised(recognition, monotonic())
        self._hand_on(recognition.segment_id)
        if probable := self._pending.probable(recognition.segment_id):
            self._take_probable(probable)
        self._tell()

    def _take_probable(self, probable: HeardUtterance) -> None:
        if self._attention.stops(probable):
            self._pending.stopped(probable.segment.id)
        elif self._segmenter and not self._pending.waits_for_beginning(probable.segment.id):
            whole = self._unfinished.joined(probable) if self._unfinished else probable
            ending = self._expect(whole.recognition, self._segmenter.endpointer.spoken_frames)
            self._attention.probably_heard(whole, ending)

    def _verified(self, segment: Segment, voice: KnownVoice | None) -> None:
        self._pending.verified(segment, voice)
        self._hand_on(segment.id)
        self._tell()

    def _judged_by_sound(self, completed: float, spoken_frames: int) -> None:
        if self._segmenter:
            self._segmenter.expect_by_sound(completed, spoken_frames)

    def _expect(self, recognition: Recognition, spoken_frames: int) -> Ending:
        """The words tell how long their end is to be waited for."""
        transcript = recognition.transcript
        if transcript is None or self._segmenter is None:
            return "unknown"
        ending = self._completeness.judge(transcript.text, transcript.language)
        self._segmenter.expect(ending, spoken_frames)
        return ending

    def _hand_on(self, segment_id: str) -> None:
        if (heard := self._pending.take(segment_id)) is None:
            return
        if self._unfinished:
            if not heard.stopped and self._attention.stops(heard):
                heard = heard._replace(stopped=True)
            heard = self._unfinished.joined(heard)
        self._unfinished = heard
        if not heard.goes_on:
            self._hand_on_unfinished()
        elif rest_id := self._pending.rest_of(segment_id):
            self._hand_on(rest_id)

    def _hand_on_unfinished(self) -> None:
        heard, self._unfinished = self._unfinished, None
        if heard:
            self._attention.heard(heard)

    def _is_speaking(self) -> bool:
        segmenter_speaking = self._segmenter is not None and self._segmenter.endpointer.speaking
        return segmenter_speaking or self._pending.any(monotonic())

    def _wants_floor(self) -> bool:
        return self._is_speaking() and self._floor.wanted

    def _tell(self) -> None:
        self._speaking, self._wanted_floor = self._is_speaking(), self._wants_floor()
        if not self._speaking:
            self._hand_on_unfinished()  # there was no rest
        hears = self._segmenter is not None and self._attention.microphone_off is None
        level = self._microphone.level_dbfs if hears else FLOOR_DBFS
        self._life.feed.keep(
            Hearing(
                level_dbfs=round(level, 1),
                speaking=self._speaking,
                barge_in=self._duplex.barge_in,
                guide_heard=self._guide_sound.is_heard if hears else None,
                wants_floor=self._wanted_floor,
            )
        )

    async def _tell_for_ever(self) -> None:
        while True:
            self._microphone.listen(self._attention.microphone_off is None)
            self._tell()
            await asyncio.sleep(TIMINGS[Hearing].refresh_s)


def _input(settings: Settings) -> AudioInput:
    try:
        return make_input(settings.listener.input)
    except ValueError as error:
        raise ConfigError(f"config: {error}") from error
