"""Where an utterance begins and ends. Pure: time comes with the frames.

An utterance is a candidate from its first frame of speech on, is announced when it has lasted a little, and
ends after a silence whose length adapts to what was said and understood so far, and to how it sounded. Each
frame goes into one segment at most.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from edge.config.hearing import Endpointing
from edge.listener.completeness import Ending
from edge.listener.floor import LATE_WINDOW_S, WINDOW_S, VoicedSound
from edge.listener.framing import FRAME_S
from edge.listener.segment import Frame, Segment
from edge.listener.speech_events import (
    SegmentReady,
    SpeechDropped,
    SpeechDropReason,
    SpeechEvent,
    SpeechMaybeEnded,
    SpeechPaused,
    SpeechResumed,
    SpeechStarted,
)
from edge.listener.turn_end.waiting import SpeakerPauses, VerdictRecord, needed_silence_s
from edge.listener.utterance import DetectedFrame, Utterance
from edge.messages import new_id

HYSTERESIS = 0.15
"""Speech that has begun goes on down to this much less probability than it takes to begin."""
PRE_ROLL_S = 0.3
"""Kept from before the speech was noticed: words may begin softly."""
ONSET_S = 0.06
"""Speech within a breath, before anybody is told that somebody speaks."""
PAUSE_S = 0.13
"""Silence after which what was said is recognised, in case that was all. Inside of 294 spoken sentences,
clean and in noise, were 151 such pauses, and 91 of ``LIKELY_END_S``: so often it was for nothing."""
LIKELY_END_S = 0.25
"""Silence after which the end is likely. A segment keeps no more silence than this at its end."""
SHORT_SPEECH_S = 0.4
"""Until then somebody may just have begun ("Гид, …")."""
MIN_SPEECH_S = 0.25
"""Shorter is dropped. "Стоп" is about 0.3 s long."""
MAX_SPEECH_S = 20.0
"""Longer is cut at its best pause: no question is so long, and a recognizer's window holds 30 s."""
MAX_FLATNESS = 0.48
"""Spectral flatness up to which sound may be a voice; 97 of 100 frames of noise lie above."""
MIN_VOICED_S = 0.06
"""With less sound that has a voice's spectrum it is noise, of which recognizers make up words."""
CERTAIN = 0.8
"""From this probability on speech is not fading: where it was last reached, speech ended, at any noise."""
WENT_ON_S = 1.5
"""Who speaks again so soon behind an end had only paused there."""
MIN_VOICED_SHARE = 0.1
"""Share of the frames of speech; speech at 0 dB has 0.3, and noise that is taken for speech 0.03."""
ONSET_LAG_S = 0.1
"""The part of a word that begins without voice (the "ст" of "стоп") a detector may not find."""


class Endpointer:
    """Cuts one stream of frames into utterances.

    Args:
        options: when speech begins and ends; durations are kept to the nearest frame of 32 ms.
        release_s: how long the detector still finds speech where it has just ended.
        make_id: ids of the segments.
        max_speech_s: of one segment.
        min_length_s: no silence ends an utterance before it is so long.
    """

    def __init__(
        self,
        options: Endpointing,
        release_s: float = 0.0,
        make_id: Callable[[], str] = new_id,
        *,
        max_speech_s: float = MAX_SPEECH_S,
        min_length_s: float,
    ) -> None:
        self.ending: Ending = "unknown"
        """What the words so far tell of the end. Set from outside; unknown again when speech goes on."""
        self.completed: float | None = None
        """Probability by the sound that this pause is the end. Set from outside, and forgotten likewise."""
        self.pauses = SpeakerPauses()
        self.verdicts = VerdictRecord()
        """Kept when the speaker is forgotten: it is about the model, and says nothing of anybody."""
        self._max_frames = _frames(max_speech_s)
        self._release_s = release_s
        self._make_id = make_id
        self._utterance: Utterance | None = None
        self._before: deque[Frame] = deque(maxlen=_frames(PRE_ROLL_S))
        self._was_speech = False
        self._ended_mono = float("-inf")
        """When the last speech ended of which the end was certain."""
        self._completed_at_end: float | None = None
        """What the sound told then, while it is not known whether that was right."""
        self.change(options, min_length_s=min_length_s)

    def change(self, options: Endpointing, *, min_length_s: float) -> None:
        """Cut by these options from now on. Not to be called in an utterance, which began by others."""
        self.on_threshold = 1.0 - options.sensitivity
        """From this probability on it is speech."""
        self._off_threshold = max(self.on_threshold - HYSTERESIS, 0.005)
        self._options = options
        self._min_frames = _frames(min_length_s)

    @property
    def speaking(self) -> bool:
        """Somebody speaks, or has just spoken and may go on."""
        return self._utterance is not None and self._utterance.announced

    def audio_so_far(self) -> NDArray[np.int16] | None:
        """The present utterance to its last frame, shape (n,); None when nobody speaks."""
        if self._utterance is None or not self._utterance.announced:
            return None
        return self._utterance.samples(len(self._utterance))

    @property
    def spoken_frames(self) -> int:
        """Frames of speech in the present utterance: it grows while somebody speaks and rests in a pause."""
        return 0 if self._utterance is None else self._utterance.speech_frames

    @property
    def pausing(self) -> bool:
        """The present utterance has come to a pause, which may be its end."""
        return self._utterance is not None and self._utterance.silent_frames > 0

    @property
    def sound(self) -> VoicedSound | None:
        """How the present utterance sounds so far; None when nobody speaks."""
        utterance = self._utterance
        if utterance is None or not utterance.announced:
            return None
        return VoicedSound(
            utterance.span_s,
            utterance.silent_frames * FRAME_S,
            utterance.certain_share(_frames(WINDOW_S)),
            utterance.certain_share(_frames(LATE_WINDOW_S)),
        )

    def push(self, frame: Frame, probability: float, flatness: float) -> list[SpeechEvent]:
        """Take the next frame.

        Args:
            frame: follows on the one before, without a gap (else ``flush`` first).
            probability: of speech in it, 0…1.
            flatness: of its spectrum, 0…1.
        """
        self._was_speech = probability >= (self._off_threshold if self._was_speech else self.on_threshold)
        voiced = probability >= self.on_threshold and flatness <= MAX_FLATNESS
        certain = probability >= max(self.on_threshold, CERTAIN)
        return self._take(DetectedFrame(frame, probability, self._was_speech, certain, voiced))

    def flush(self) -> list[SpeechEvent]:
        """The stream ends or is interrupted: what was said so far is all."""
        events = [] if self._utterance is None else self._end(self._utterance)
        self._before.clear()
        self._was_speech = False
        return events

    def _take(self, heard: DetectedFrame) -> list[SpeechEvent]:
        if self._utterance is None:
            if not heard.speech:
                self._before.append(heard.frame)
                return []
            self._utterance = Utterance(self._make_id(), self._before)
            self._before.clear()
        utterance = self._utterance
        if heard.speech:
            if utterance.maybe_ended:
                self.pauses.add(utterance.silent_frames * FRAME_S)
                if self.completed is not None:
                    self.verdicts.went_on(self.completed)
            self.ending, self.completed = "unknown", None
        utterance.append(heard)
        events: list[SpeechEvent] = []
        if not utterance.announced and self._is_speech(utterance):
            utterance.announced = True
            gap_s = utterance.start_mono - self._ended_mono
            if LIKELY_END_S < gap_s < WENT_ON_S:
                self.pauses.add(gap_s)
            self._settle_last_end(went_on=gap_s < WENT_ON_S)
            events.append(SpeechStarted(utterance.id, utterance.start_mono))
        if heard.speech:
            if utterance.paused:
                utterance.paused = utterance.maybe_ended = False
                events.append(SpeechResumed(utterance.id))
        elif self._silence_reached(utterance, self._needed_silence_s(utterance)):
            return events + self._end(utterance)
        elif utterance.announced:
            events += self._pause(utterance)
        if len(utterance) >= self._max_frames:
            events += self._cut(utterance)
        return events

    def _settle_last_end(self, *, went_on: bool) -> None:
        if self._completed_at_end is not None:
            (self.verdicts.went_on if went_on else self.verdicts.ended)(self._completed_at_end)
        self._completed_at_end = None

    def _is_speech(self, utterance: Utterance) -> bool:
        return utterance.speech_frames >= _frames(ONSET_S) and utterance.voiced_frames > 0

    def _pause(self, utterance: Utterance) -> list[SpeechEvent]:
        """What the silence so far tells; nothing where the utterance would be dropped if it ended here."""
        events: list[SpeechEvent] = []
        if utterance.maybe_ended or self._drop_reason(utterance):
            return events
        if not utterance.paused and utterance.silent_frames >= min(_frames(PAUSE_S), self._tail_frames):
            utterance.paused = True
            events.append(SpeechPaused(self._segment(utterance)))
        if utterance.silent_frames >= self._tail_frames:
            utterance.maybe_ended = True
            events.append(SpeechMaybeEnded(self._segment(utterance)))
        return events

    def _needed_silence_s(self, utterance: Utterance) -> float:
        options = self._options
        if not utterance.announced:
            return min(LIKELY_END_S, options.silence_s)
        is_short = utterance.span_s < SHORT_SPEECH_S
        return needed_silence_s(
            options,
            self.ending,
            self.completed,
            self.pauses,
            is_short=is_short,
            trust=self.verdicts.trust,
        )

    def _silence_reached(self, utterance: Utterance, silence_s: float) -> bool:
        # To the nearest frame: waiting for the next one would be up to a whole frame too late.
        if utterance.announced and len(utterance) < self._min_frames:
            return False
        silent_s = utterance.silent_frames * FRAME_S + self._release_s
        return utterance.silent_frames > 0 and silent_s > silence_s - FRAME_S / 2

    def _end(self, utterance: Utterance) -> list[SpeechEvent]:
        self._utterance = None
        if not utterance.announced:
            self._before.extend(utterance.frames())
            return []
        if reason := self._drop_reason(utterance):
            self._before.extend(utterance.frames())
            return [SpeechDropped(utterance.id, reason)]
        self._before.extend(utterance.after(self._tail_frames))
        segment = self._segment(utterance)
        self._ended_mono, self._completed_at_end = segment.speech_end_mono, self.completed
        return [SegmentReady(segment)]

    def _cut(self, utterance: Utterance) -> list[SpeechEvent]:
        """End an utterance of maximum length at its best pause and go on with the rest."""
        if utterance.maybe_ended or not utterance.announced:
            return self._end(utterance)
        rest = utterance.cut(utterance.best_pause(_frames(MIN_SPEECH_S) + 1))
        goes_on = any(heard.speech for heard in rest)
        events: list[SpeechEvent] = []
        for event in self._end(utterance):
            events.append(event._replace(cut=goes_on) if isinstance(event, SegmentReady) else event)
        for heard in rest:
            events += self._take(heard)
        return events

    def _drop_reason(self, utterance: Utterance) -> SpeechDropReason | None:
        if utterance.span_s + ONSET_LAG_S < MIN_SPEECH_S:
            return "too_short"
        voiced = max(_frames(MIN_VOICED_S), MIN_VOICED_SHARE * utterance.speech_frames)
        if utterance.voiced_frames < voiced:
            return "too_little_voice"
        return None

    def _segment(self, utterance: Utterance) -> Segment:
        return utterance.segment(self._tail_frames, self._release_s)

    @property
    def _tail_frames(self) -> int:
        return _frames(min(LIKELY_END_S, self._options.silence_s))


def _frames(duration_s: float) -> int:
    return round(duration_s / FRAME_S)
