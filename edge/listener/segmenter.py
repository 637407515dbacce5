"""From frames to utterances: the detectors hear each frame, the endpointer decides."""

from __future__ import annotations

from edge.config.hearing import Endpointing
from edge.listener.completeness import Ending
from edge.listener.endpointing import Endpointer
from edge.listener.flatness import spectral_flatness
from edge.listener.segment import Frame
from edge.listener.speech_events import SpeechEvent
from edge.listener.vad import Vad

GAP_S = 0.25
"""A frame that is later than this does not follow on the one before."""


class Segmenter:
    """Makes speech events of one stream of frames.

    Args:
        vad: of this stream's own.
        options: when speech begins and ends.
        min_length_s: see ``Endpointer``.
    """

    def __init__(self, vad: Vad, options: Endpointing, *, min_length_s: float = 0.0) -> None:
        self._vad = vad
        self.endpointer = Endpointer(options, vad.release_s, min_length_s=min_length_s)
        """Knows the present utterance."""
        self._last: Frame | None = None

    def feed(self, frame: Frame | None) -> list[SpeechEvent]:
        """What the next frame tells; None: the stream has ended or has a gap here."""
        events: list[SpeechEvent] = []
        if self._last is not None and (frame is None or frame.mono - self._last.mono > GAP_S):
            events += self.endpointer.flush()
            self._vad.reset()
        self._last = frame
        if frame is not None:
            sound = frame.samples if frame.cancelled is None else frame.cancelled
            probability = self._vad.probability(sound)
            # The spectrum only matters where there may be speech.
            likely = probability >= self.endpointer.on_threshold
            flatness = spectral_flatness(sound) if likely else 1.0
            events += self.endpointer.push(frame, probability, flatness)
        return events

    def expect(self, ending: Ending, spoken_frames: int) -> None:
        """Tell what the words of the present utterance say of its end.

        Args:
            spoken_frames: the utterance had so many when the words were taken; with more by now they are old.
        """
        if spoken_frames == self.endpointer.spoken_frames:
            self.endpointer.ending = ending

    def expect_by_sound(self, completed: float, spoken_frames: int) -> None:
        """Tell what the sound of the present pause says of the utterance's end.

        Args:
            completed: probability that the turn is complete.
            spoken_frames: as for ``expect``.
        """
        if spoken_frames == self.endpointer.spoken_frames:
            self.endpointer.completed = completed
