"""How well the segments that come out fit to the utterances that went in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from edge.listener.segment import Segment
from edge.listener.segmenter import Segmenter
from edge.listener.speech_events import SegmentReady
from tests.support.cabin import Cabin, Sound, frames_of


class Detection(NamedTuple):
    """An utterance and its segment; positive is too late."""

    onset_ms: float
    offset_ms: float
    waited_ms: float
    """From the end that was found to the hand-over of the segment."""

    @property
    def handover_ms(self) -> float:
        """From the true end to the hand-over of the segment."""
        return self.offset_ms + self.waited_ms


class Result(NamedTuple):
    detections: Sequence[Detection]
    """One for each utterance that has a segment."""
    false_segments: int
    """Segments in which nobody speaks."""


def segments_of(segmenter: Segmenter, sound: Sound) -> list[tuple[Segment, float]]:
    """All segments, with the time of the frame that completed each."""
    ready = [
        (event.segment, frame.mono)
        for frame in frames_of(sound)
        for event in segmenter.feed(frame)
        if isinstance(event, SegmentReady)
    ]
    last_s = len(sound) / 16_000
    return ready + [
        (event.segment, last_s) for event in segmenter.feed(None) if isinstance(event, SegmentReady)
    ]


def detect(segmenter: Segmenter, cabin: Cabin) -> Result:
    """Match each utterance with the last segment that overlaps it: its end is what an answer waits for."""
    segments = segments_of(segmenter, cabin.sound)
    used: set[str] = set()
    detections = []
    for truth in cabin.truths:
        own = [
            each
            for each in segments
            if each[0].speech_start_mono < truth.end_s and each[0].speech_end_mono > truth.begin_s
        ]
        if not own:
            continue
        used |= {segment.id for segment, _ in own}
        first, (last, ready_s) = own[0][0], own[-1]
        detections.append(
            Detection(
                1000 * (first.speech_start_mono - truth.begin_s),
                1000 * (last.speech_end_mono - truth.end_s),
                1000 * (ready_s - last.speech_end_mono),
            )
        )
    return Result(detections, sum(segment.id not in used for segment, _ in segments))


def false_segments(segmenter: Segmenter, noise: Sound) -> int:
    return len(segments_of(segmenter, noise))
