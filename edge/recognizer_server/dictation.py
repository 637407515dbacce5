"""One client's sound, from its messages to its sentences: the listener's parts, without a microphone."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any, cast

from edge.config import Settings
from edge.listener.completeness import Completeness
from edge.listener.endpointing import MAX_SPEECH_S
from edge.listener.framing import Framer
from edge.listener.recognizers import Recognition, RecognitionQueue
from edge.listener.segment import Frame, RecognitionRequest, Segment
from edge.listener.segmenter import Segmenter
from edge.listener.speech_events import (
    SegmentReady,
    SpeechDropped,
    SpeechEvent,
    SpeechMaybeEnded,
    SpeechResumed,
    SpeechStarted,
)
from edge.listener.vad import Vad
from edge.listener.wake_names import WakeNames
from edge.messages import Language
from edge.recognizer_server.audio_message import AudioMessage
from edge.recognizer_server.parameters import Parameters
from edge.recognizer_server.sentences import Sentences
from edge.recognizer_server.shared_recognizer import SharedRecognizer
from edge.sound.samples import from_int16

INTERIM_GAP_S = 0.2
"""Between two interim transcripts of one client, where the recognizer is fast enough."""
FRAMES_AT_ONCE = 8
"""Frames until the others have their turn in the event loop: a message may hold a quarter of a minute."""
MOST_UNFINISHED = 4
"""Sentences of one client that may wait; who sends faster than it is understood is read more slowly."""
DEADLINE_S = 60.0
"""Nobody waits longer for a sentence."""
LINE_STALLS_S = 1.0
"""A line may be silent for so long in the middle of a word."""
WORKERS = 2
"""Requests of one client at the same time: a sentence, and what is being said behind it."""

TellClient = Callable[[dict[str, Any]], None]


class Dictation:
    """What one client says.

    Every ``recording_start`` that is told is followed by one ``recording_stop`` and one ``fullSentence``,
    whose text is empty where nothing was understood.

    Args:
        client: whose; fairness counts by it.
        vad: of this client alone.
        tell: takes what the client is to be told, and returns at once.
    """

    def __init__(
        self,
        client: str,
        settings: Settings,
        vad: Vad,
        parameters: Parameters,
        shared: SharedRecognizer,
        counters: Counter[str],
        tell: TellClient,
    ) -> None:
        self.parameters = parameters
        self.muted = False
        self._client = client
        self._shared = shared
        self._counters = counters
        self._tell = tell
        listener = settings.listener
        names = WakeNames(listener.languages, listener.addressee.names)
        self._completeness = Completeness(cast("Any", settings.recognizer_server.languages), names)
        self._segmenter = Segmenter(vad, parameters.endpointing, min_length_s=_min_length_s(parameters))
        self._used = parameters
        """What counts for the present utterance, or for the next one."""
        self._framer: Framer | None = None
        self._rate = 0
        self._heard_s = 0.0
        self._queue = RecognitionQueue(
            lambda request: shared.recognise(client, request),
            self._recognised,
            workers=WORKERS,
            counters=counters,
            interim_gap_s=INTERIM_GAP_S,
            deadline_s=DEADLINE_S,
        )
        self._sentences = Sentences()
        self._utterance: str | None = None
        self._interim_frames = 0
        self._delivered = asyncio.Event()
        tell({"type": "vad_detect_start"})

    @property
    def speaking(self) -> bool:
        """An utterance has begun and not ended."""
        return self._utterance is not None

    @property
    def unfinished(self) -> int:
        """Sentences that were said and not told."""
        return len(self._sentences)

    @property
    def patience_s(self) -> float:
        """An utterance is over after so long without any sound: who stops sending has fallen silent."""
        return LINE_STALLS_S + self.parameters.endpointing.silence_s

    async def hear(self, audio: AudioMessage) -> None:
        """Take the next piece of sound; returns late where this client is ahead of what can be understood."""
        self._counters["messages"] += 1
        if self.muted:
            return
        if self._framer is None or audio.sample_rate != self._rate:
            self.end()  # what was said at another rate is a sentence of its own
            self._framer, self._rate = Framer(audio.sample_rate), audio.sample_rate
        # Nothing is lost on the line: what comes late follows on what came before, and time is counted.
        self._heard_s += len(audio.samples) / audio.sample_rate
        for number, frame in enumerate(self._framer.push(from_int16(audio.samples), self._heard_s), 1):
            self._feed(frame)
            if number % FRAMES_AT_ONCE == 0:
                await asyncio.sleep(0)
        while self.unfinished >= MOST_UNFINISHED:
            self._delivered.clear()
            await self._delivered.wait()

    def end(self) -> None:
        """Nothing follows: what was said so far is a sentence."""
        self._take(self._segmenter.feed(None))

    def drop(self) -> None:
        """What is being said is not wanted."""
        events = self._segmenter.feed(None)
        self._take([SpeechDropped(event.id, "microphone_off") for event in events])

    async def finish(self) -> None:
        """End it, and return when all that was said is told."""
        self.end()
        while self.unfinished:
            self._delivered.clear()
            await self._delivered.wait()

    def give_up(self, why: str) -> int:
        """Tell that what was not understood by now will not be; returns how many sentences that are."""
        given_up = self._sentences.give_up(why)
        for utterance in given_up:
            self._queue.cancel(utterance)
        self._deliver()
        return len(given_up)

    async def close(self) -> None:
        await self._queue.close()
        self._shared.forget(self._client)

    def _feed(self, frame: Frame) -> None:
        self._counters["frames"] += 1
        endpointer = self._segmenter.endpointer
        if self._used != self.parameters and not endpointer.spoken_frames:  # from the next utterance on
            self._used = self.parameters
            endpointer.change(self._used.endpointing, min_length_s=_min_length_s(self._used))
        self._take(self._segmenter.feed(frame))
        # What would wait for its turn would be old by then: whoever finds the place free is next.
        speaks = self.parameters.interim and endpointer.speaking and not endpointer.pausing
        if speaks and self._utterance and self._queue.wants_interim(self._utterance):
            samples = endpointer.audio_so_far()
            if samples is not None and self._shared.claim_interim():
                self._interim_frames = endpointer.spoken_frames
                self._queue.offer_interim(self._utterance, self._request(samples, interim=True))

    def _take(self, events: list[SpeechEvent]) -> None:
        for event in events:
            match event:
                case SpeechStarted(id=utterance):
                    self._utterance = utterance
                    self._tell({"type": "vad_detect_stop"})
                    self._tell({"type": "recording_start", "id": utterance})
                case SpeechMaybeEnded(segment=segment) if not self._shared.finals.busy:
                    self._sentences.guess(segment.id, len(segment.samples))
                    self._queue.submit(segment.id, self._request(segment.samples))
                case SpeechResumed(id=utterance):
                    if self._sentences.void(utterance):
                        self._queue.cancel(utterance)
                case SegmentReady(segment=segment):
                    self._said(segment)
                case SpeechDropped(id=utterance):
                    self._sentences.void(utterance)
                    self._queue.cancel(utterance)
                    if self._utterance is not None:
                        self._stopped(utterance)
                        self._sentences.said(utterance, 0)
                        self._recognised(Recognition(utterance, False, None, ""))

    def _said(self, segment: Segment) -> None:
        self._stopped(segment.id)
        self._counters["utterances"] += 1
        if not self._sentences.said(segment.id, len(segment.samples)):
            self._queue.cancel(segment.id)
            self._queue.submit(segment.id, self._request(segment.samples))
        self._deliver()

    def _stopped(self, utterance: str) -> None:
        self._utterance = None
        self._tell({"type": "recording_stop", "id": utterance})
        self._tell({"type": "vad_detect_start"})

    def _request(self, samples: Any, *, interim: bool = False) -> RecognitionRequest:
        # Engines take more languages than the guide speaks.
        language = cast("Language | None", self._used.language)
        return RecognitionRequest(samples, language, self._used.prompt, interim=interim)

    def _recognised(self, recognition: Recognition) -> None:
        if not recognition.interim:
            self._sentences.understood(recognition)
            self._deliver()
            return
        transcript = recognition.transcript
        if transcript is None or recognition.segment_id != self._utterance:
            return
        ending = self._completeness.judge(transcript.text, transcript.language)
        self._segmenter.expect(ending, self._interim_frames)
        if transcript.text:
            self._tell({"type": "realtime", "text": transcript.text, "id": recognition.segment_id})

    def _deliver(self) -> None:
        for recognition in self._sentences.ready():
            transcript = recognition.transcript
            if transcript is None and recognition.reason:
                self._counters["failed"] += 1
                self._tell({"type": "error", "message": recognition.reason, "id": recognition.segment_id})
            self._tell(
                {
                    "type": "fullSentence",
                    "text": transcript.text if transcript else "",
                    "id": recognition.segment_id,
                    "language": transcript.language if transcript else None,
                }
            )
            self._delivered.set()


def _min_length_s(parameters: Parameters) -> float:
    return min(parameters.min_length_s, MAX_SPEECH_S)
