"""What the endpointer tells.

Of each utterance ``SpeechStarted`` comes first, and its end last: ``SegmentReady`` or ``SpeechDropped``.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

from edge.listener.segment import Segment

SpeechDropReason = Literal["too_short", "too_little_voice", "echo", "microphone_off"]


class SpeechStarted(NamedTuple):
    """Somebody speaks."""

    id: str
    """The id of the segment that this may become."""
    mono: float
    """When it began, in CLOCK_MONOTONIC seconds: a little before it could be noticed."""


class SpeechPaused(NamedTuple):
    """The speaker is silent for the moment; long enough to understand what was said so far, and no more."""

    segment: Segment
    """The same speech that ``SegmentReady`` will have if it does not go on, with less silence behind it."""

    @property
    def id(self) -> str:
        return self.segment.id


class SpeechMaybeEnded(NamedTuple):
    """Probably that was all; enough to begin an answer which must not become audible yet."""

    segment: Segment
    """The same samples that ``SegmentReady`` will have if this is right."""

    @property
    def id(self) -> str:
        return self.segment.id


class SpeechResumed(NamedTuple):
    """The utterance goes on: what was begun on ``SpeechPaused`` and ``SpeechMaybeEnded`` is void."""

    id: str


class SegmentReady(NamedTuple):
    """A whole utterance."""

    segment: Segment
    cut: bool = False
    """At the maximum length, while the speech goes on as a further utterance."""

    @property
    def id(self) -> str:
        return self.segment.id


class SpeechDropped(NamedTuple):
    """The sound was no utterance: a cough, a door, a motor."""

    id: str
    reason: SpeechDropReason


SpeechEvent: TypeAlias = (
    SpeechStarted | SpeechPaused | SpeechMaybeEnded | SpeechResumed | SegmentReady | SpeechDropped
)
