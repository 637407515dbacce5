"""Joins what endpointer, recognizer and verifier tell of an utterance. Pure; times are monotonic seconds.

Recognition begins in a pause, so that it is done, or nearly, when the end is likely. Nothing is made of a
transcript before that; and before the end is certain nothing that anybody hears, but for a stop word.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from edge.listener.recognizers import Recognition
from edge.listener.segment import Segment, Transcript
from edge.listener.voiceprint import KnownVoice
from edge.recent import Recent

MAX_PENDING = 16
MAX_CHARS = 1000
"""The longest utterance in several segments: of a speech without end the beginning is forgotten."""
FORGET_AFTER_S = 20.0
"""Longer than any recognition: what has no transcript by then gets none (it was dropped on the way)."""


class HeardUtterance(NamedTuple):
    """A whole utterance and what was understood of it."""

    segment: Segment
    recognition: Recognition
    segment_mono: float
    """When its end was certain, or likely."""
    transcript_mono: float
    stopped: bool
    """The utterance's stop word was obeyed already."""
    voice: KnownVoice | None = None
    """Whose voice it is, where it is an enrolled one."""
    goes_on: bool = False
    """The utterance was too long for one segment: the next one is its rest."""

    def joined(self, rest: HeardUtterance) -> HeardUtterance:
        """Both as one utterance; but behind a stop nothing counts that was said before it."""
        if rest.stopped:
            return rest
        return rest._replace(
            segment=replace(rest.segment, speech_start_mono=self.segment.speech_start_mono),
            recognition=rest.recognition._replace(
                transcript=_joined(self.recognition.transcript, rest.recognition.transcript)
            ),
            voice=rest.voice or self.voice,
        )


@dataclass
class _Utterance:
    segment: Segment
    since_mono: float
    likely: bool = False
    certain_mono: float | None = None
    goes_on: bool = False
    recognition: Recognition | None = None
    transcript_mono: float = 0.0
    stopped: bool = False
    verifying: bool = False
    voice: KnownVoice | None = None
    rest_of: str = ""
    """The segment that it goes on from, where one was too short for all of it."""


class PendingUtterances:
    """Utterances of which end, transcript or voice is still to come."""

    def __init__(self) -> None:
        self._utterances: Recent[str, _Utterance] = Recent(MAX_PENDING)
        self._cut = ""
        """The last segment that ended, if what was said goes on behind it."""

    def pause(self, segment: Segment, now: float) -> None:
        """The speaker pauses behind the segment, and it is being recognised."""
        self._utterances[segment.id] = _Utterance(segment, now, rest_of=self._cut)

    def guess(self, segment: Segment, now: float) -> bool:
        """The segment's end is likely. False: it is not being recognised yet, or only in part."""
        was_right = self._begin_unless_begun(segment, now)
        self._utterances[segment.id].likely = True
        return was_right

    def void(self, segment_id: str) -> bool:
        """The segment had no end there, or was no speech. False: it was not being recognised."""
        return self._utterances.pop(segment_id, None) is not None

    def confirm(self, segment: Segment, now: float, *, goes_on: bool = False) -> bool:
        """The segment's end is certain. False: it is not being recognised yet, or only in part."""
        was_right = self._begin_unless_begun(segment, now)
        self._utterances[segment.id].certain_mono = now
        self._utterances[segment.id].goes_on = goes_on
        self._cut = segment.id if goes_on else ""
        return was_right

    def recognised(self, recognition: Recognition, now: float) -> None:
        """The segment's transcript has come, or will not come.

        Where it does not, and the end is not certain, it is forgotten: so it is asked for again at its end.
        """
        utterance = self._utterances.get(recognition.segment_id)
        if utterance is None:
            return
        if recognition.transcript is None and utterance.certain_mono is None:
            self.void(recognition.segment_id)
            return
        utterance.recognition, utterance.transcript_mono = recognition, now

    def verifying(self, segment_id: str) -> None:
        """The segment's voice will be told by ``verified``."""
        if utterance := self._utterances.get(segment_id):
            utterance.verifying = True

    def verified(self, segment: Segment, voice: KnownVoice | None) -> None:
        """The segment's voice is known; what is told of a beginning does not count for the whole."""
        utterance = self._utterances.get(segment.id)
        if utterance is not None and utterance.segment is segment:
            utterance.verifying, utterance.voice = False, voice

    def stopped(self, segment_id: str) -> None:
        """The segment's stop word was obeyed before its end was certain."""
        if utterance := self._utterances.get(segment_id):
            utterance.stopped = True

    def take(self, segment_id: str) -> HeardUtterance | None:
        """The utterance, once, when all is there; the rest of one not before its beginning."""
        utterance = self._utterances.get(segment_id)
        if utterance is None or utterance.certain_mono is None or utterance.recognition is None:
            return None
        if utterance.verifying or self.waits_for_beginning(segment_id):
            return None
        del self._utterances[segment_id]
        return HeardUtterance(
            utterance.segment,
            utterance.recognition,
            utterance.certain_mono,
            utterance.transcript_mono,
            utterance.stopped,
            utterance.voice,
            utterance.goes_on,
        )

    def waits_for_beginning(self, segment_id: str) -> bool:
        """Whether the segment is the rest of what is still being recognised."""
        utterance = self._utterances.get(segment_id)
        return utterance is not None and utterance.rest_of in self._utterances

    def rest_of(self, segment_id: str) -> str | None:
        """The segment that goes on behind this one, if it has come."""
        rests = (rest_id for rest_id, rest in self._utterances.items() if rest.rest_of == segment_id)
        return next(rests, None)

    def probable(self, segment_id: str) -> HeardUtterance | None:
        """The utterance as it will be if its likely end is its end; None: there is no likely end."""
        utterance = self._utterances.get(segment_id)
        if utterance is None or utterance.certain_mono is not None or utterance.recognition is None:
            return None
        if not utterance.likely:
            return None
        now = utterance.transcript_mono
        return HeardUtterance(
            utterance.segment, utterance.recognition, now, now, utterance.stopped, utterance.voice
        )

    def any(self, now: float) -> bool:
        """Whether there are some of which something may still come; the others' sound is let go."""
        for segment_id, utterance in list(self._utterances.items()):
            if now - utterance.since_mono >= FORGET_AFTER_S:
                del self._utterances[segment_id]
        return bool(self._utterances)

    def _begin_unless_begun(self, segment: Segment, now: float) -> bool:
        """Whether all speech of the segment is being recognised; where it is not, it is from now on."""
        known = self._utterances.get(segment.id)
        if known is not None and known.segment.speech_end_mono == segment.speech_end_mono:
            return True
        self.pause(segment, now)
        return False


def _joined(begin: Transcript | None, rest: Transcript | None) -> Transcript | None:
    if begin is None or rest is None:
        return rest if begin is None else begin
    return rest._replace(text=f"{begin.text} {rest.text}".strip()[-MAX_CHARS:])
