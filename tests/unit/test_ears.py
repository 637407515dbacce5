"""What the ears tell of themselves, and when they hand on what was said."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from edge.config import Settings
from edge.config.hearing import Endpointing
from edge.heat_news import HeatNews
from edge.listener.completeness import Ending
from edge.listener.duplex import Duplex
from edge.listener.ears import Ears
from edge.listener.endpointing import Endpointer
from edge.listener.microphone import Microphone
from edge.listener.pending import HeardUtterance
from edge.listener.recognizers import Recognition, RecognitionLadder, RecognitionQueue
from edge.listener.recognizers.queue import CAPACITY
from edge.listener.segment import Frame, RecognitionRequest, Segment, Transcript
from edge.listener.segmenter import Segmenter
from edge.listener.speech_events import (
    SegmentReady,
    SpeechDropped,
    SpeechMaybeEnded,
    SpeechPaused,
    SpeechResumed,
    SpeechStarted,
)
from edge.messages import Hearing
from edge.sound.device_state import DeviceState
from tests.support.told import Inbox


class SilentVad:
    """Hears nobody."""

    name = "silent"
    release_s = 0.0

    def probability(self, samples: Any) -> float:
        return 0.0

    def reset(self) -> None: ...


class SpeakingEndpointer(Endpointer):
    """Somebody goes on speaking."""

    speaking = True


class SpeakingSegmenter(Segmenter):
    """Somebody goes on speaking."""

    def __init__(self) -> None:
        super().__init__(SilentVad(), Endpointing())
        self.endpointer = SpeakingEndpointer(Endpointing(), min_length_s=0.0)


class FakeAudience:
    """Notes the words of each whole utterance."""

    def __init__(self) -> None:
        self.facts: dict[str, str] = {}
        self.microphone_off: str | None = None
        self.words: list[str] = []
        self.guessed: list[tuple[str, Ending]] = []
        self.stopped: list[str] = []
        self.boardings = 0

    def is_deaf(self, now: float) -> bool:
        return False

    def interim(self, recognition: Recognition) -> None: ...

    def misheard(self, segment_id: str) -> None: ...

    def has_words(self, recognition: Recognition, since_mono: float) -> bool:
        return recognition.transcript is not None and recognition.transcript.text != "mm-hm"

    def stops(self, heard: HeardUtterance) -> bool:
        if is_stop := words_of(heard) == "stop":
            self.stopped.append(heard.segment.id)
        return is_stop

    def probably_heard(self, probable: HeardUtterance, ending: Ending) -> None:
        self.guessed.append((words_of(probable), ending))

    def heard(self, heard: HeardUtterance) -> None:
        self.words.append(words_of(heard))


def words_of(heard: HeardUtterance) -> str:
    recognised = heard.recognition.transcript
    return recognised.text if recognised else "(not understood)"


@pytest.fixture
def life() -> Any:
    feed = SimpleNamespace(keep=lambda message: None)
    return SimpleNamespace(settings=Settings(), counters=Counter(), feed=feed, inbox=lambda *types: Inbox())


@pytest.fixture
def audience() -> FakeAudience:
    return FakeAudience()


@pytest.fixture
async def ears(life: Any, audience: Any, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ears]:
    monkeypatch.setattr(Ears, "_recognise", lambda self, segment: None)
    ears = Ears(life, audience, Duplex("half", "half"), None)
    yield ears
    await ears.close()


def ends(ears: Ears, segment_id: str, *, cut: bool = False) -> None:
    ears._take(SegmentReady(Segment(segment_id, np.zeros(100, np.int16), 1.0, 2.0), cut))


def probably_ends(ears: Ears, segment_id: str) -> None:
    ears._take(SpeechMaybeEnded(Segment(segment_id, np.zeros(100, np.int16), 1.0, 2.0)))


def pauses(ears: Ears, segment_id: str) -> None:
    ears._take(SpeechPaused(Segment(segment_id, np.zeros(80, np.int16), 1.0, 2.0)))


def understood(ears: Ears, segment_id: str, text: str) -> None:
    ears._recognised(Recognition(segment_id, False, Transcript(text, "en", recognizer="test")))


async def test_who_goes_on_speaking_is_not_answered_in_between(ears: Ears, audience: FakeAudience) -> None:
    ends(ears, "a", cut=True)
    ends(ears, "b")
    understood(ears, "a", "guide we came here last year")
    assert audience.words == []
    understood(ears, "b", "so what is new")
    assert audience.words == ["guide we came here last year so what is new"]


async def test_a_long_utterance_without_a_rest_is_handed_on_alone(ears: Ears, audience: FakeAudience) -> None:
    ends(ears, "a", cut=True)
    ends(ears, "b")
    understood(ears, "a", "guide what is that")
    ears._take(SpeechDropped("b", "too_short"))
    ears._tell()
    assert audience.words == ["guide what is that"]


async def test_the_rest_of_a_long_utterance_waits_for_its_beginning(
    ears: Ears, audience: FakeAudience
) -> None:
    ends(ears, "a", cut=True)
    ends(ears, "b")
    understood(ears, "b", "so what is new")
    assert audience.words == []
    understood(ears, "a", "guide we came here last year")
    assert audience.words == ["guide we came here last year so what is new"]


async def test_what_is_understood_in_a_pause_is_guessed_when_the_end_is_likely(
    ears: Ears, audience: FakeAudience, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RecognitionQueue, "has_time", True)
    ears._segmenter = SpeakingSegmenter()
    pauses(ears, "a")
    understood(ears, "a", "what is new?")
    assert audience.guessed == []
    probably_ends(ears, "a")
    assert audience.guessed == [("what is new?", "complete")]
    ends(ears, "a")
    assert audience.words == ["what is new?"]


async def test_who_goes_on_behind_a_pause_is_understood_anew(
    ears: Ears, audience: FakeAudience, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RecognitionQueue, "has_time", True)
    pauses(ears, "a")
    ears._take(SpeechResumed("a"))
    understood(ears, "a", "what is")
    ends(ears, "a")
    assert audience.words == []
    understood(ears, "a", "what is new?")
    assert audience.words == ["what is new?"]


async def test_a_pause_makes_nothing_wait_for_a_recognizer(
    ears: Ears, audience: FakeAudience, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(Ears, "_recognise", lambda self, segment: asked.append(segment.id))
    monkeypatch.setattr(RecognitionQueue, "has_time", False)
    pauses(ears, "a")
    assert asked == []
    probably_ends(ears, "a")
    assert asked == ["a"]
    cancelled: list[str] = []
    monkeypatch.setattr(RecognitionQueue, "cancel", lambda self, segment_id: cancelled.append(segment_id))
    ears._take(SpeechResumed("a"))
    assert cancelled == ["a"]
    monkeypatch.setattr(RecognitionQueue, "has_time", True)
    pauses(ears, "a")
    probably_ends(ears, "a")
    ends(ears, "a")
    assert asked == ["a", "a"], "once"


async def test_a_short_pause_cancels_no_interim_transcript(
    ears: Ears, monkeypatch: pytest.MonkeyPatch
) -> None:
    cancelled: list[str] = []
    monkeypatch.setattr(RecognitionQueue, "cancel", lambda self, segment_id: cancelled.append(segment_id))
    monkeypatch.setattr(RecognitionQueue, "has_time", False)  # as it is busy with the interim one
    pauses(ears, "a")
    ears._take(SpeechResumed("a"))
    assert cancelled == []


async def test_what_a_long_utterance_probably_asks_is_guessed_from_all_of_it(
    ears: Ears, audience: FakeAudience
) -> None:
    ears._segmenter = SpeakingSegmenter()
    ends(ears, "a", cut=True)
    probably_ends(ears, "b")
    understood(ears, "b", "what is new?")
    assert audience.guessed == [], "its beginning is not known yet"
    ears._take(SpeechResumed("b"))
    understood(ears, "a", "guide we came here last year so")
    probably_ends(ears, "b")
    understood(ears, "b", "what is new?")
    assert audience.guessed == [("guide we came here last year so what is new?", "complete")]
    ends(ears, "b")
    assert audience.words == ["guide we came here last year so what is new?"]


@pytest.mark.parametrize("guesses", [True, False], ids=["a local recognizer", "a cloud: nothing is guessed"])
async def test_a_bare_stop_ends_a_speech_of_any_length(
    ears: Ears, audience: FakeAudience, guesses: bool
) -> None:
    ears._guesses, ears._segmenter = guesses, SpeakingSegmenter()
    ends(ears, "a", cut=True)
    understood(ears, "a", "guide tell us about the temple and all the rest")
    probably_ends(ears, "b")
    if guesses:
        understood(ears, "b", "stop")
    ends(ears, "b")
    if not guesses:
        understood(ears, "b", "stop")
    assert audience.stopped == ["b"], "once"
    assert audience.words == ["stop"]


async def test_a_segment_that_is_dropped_is_handed_on_at_once_and_waited_for_no_more(
    life: Any, audience: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(self: RecognitionLadder, request: RecognitionRequest) -> Transcript:
        return await asyncio.get_running_loop().create_future()

    monkeypatch.setattr(RecognitionLadder, "recognise", never)
    ears = Ears(life, audience, Duplex("half", "half"), None)
    for number in range(life.settings.listener.recognizer.workers):
        ends(ears, f"is recognised {number}")
    probably_ends(ears, "oldest")
    for number in range(CAPACITY):
        ends(ears, f"waits {number}")
    assert audience.words == [], "it may go on"
    ends(ears, "oldest")
    assert audience.words == ["(not understood)"], "the one that had to go for it, which is the oldest now"
    assert life.counters["segments_dropped"] == 2
    assert ears._is_speaking(), "the others are waited for"
    await ears.close()


async def test_a_muted_microphone_is_told_of(ears: Ears, monkeypatch: pytest.MonkeyPatch) -> None:
    ears._segmenter = cast(Segmenter, SimpleNamespace())
    ears._microphone.state = DeviceState("open", "")
    assert "muted" not in ears.health().status
    monkeypatch.setattr(Microphone, "silent", True)
    assert ears.health().status == "hears nothing: null gives digital silence; is it muted?"


async def test_sound_that_was_lost_is_counted(ears: Ears, life: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ears.health()
    assert not life.counters
    monkeypatch.setattr(Microphone, "dropped_frames", 3)
    monkeypatch.setattr(Microphone, "overflows", 2)
    ears.health()
    assert life.counters == {"frames_dropped": 3, "overflows": 2}


async def test_a_hot_board_guesses_nothing_and_a_hotter_one_hears_nothing(
    ears: Ears, audience: FakeAudience, monkeypatch: pytest.MonkeyPatch
) -> None:
    fed: list[Frame | None] = []
    silent = SimpleNamespace(speaking=False, sound=None)
    segmenter = cast(
        Segmenter, SimpleNamespace(feed=lambda frame: fed.append(frame) or [], endpointer=silent)
    )
    frame = Frame(np.zeros(512, np.int16), 1.0)
    level = 0
    monkeypatch.setattr(HeatNews, "level", property(lambda self: level))
    for level in (0, 1, 2, 0):  # noqa: B007 (the property reads it)
        ears._hear(frame, segmenter)
    assert fed == [frame, frame, None, frame]
    level = 1
    probably_ends(ears, "a")
    understood(ears, "a", "guide what is that?")
    assert audience.guessed == []
    ends(ears, "a")
    understood(ears, "a", "guide what is that?")
    assert audience.words == ["guide what is that?"], "it is understood all the same"


async def test_while_the_microphone_is_off_nothing_is_heard_and_what_was_begun_is_dropped(
    ears: Ears, audience: FakeAudience, life: Any
) -> None:
    class Loud(SilentVad):
        def probability(self, samples: Any) -> float:
            return 1.0

    segmenter = Segmenter(Loud(), Endpointing())
    tone = (9000 * np.sin(np.arange(512) * 0.1)).astype(np.int16)
    frames = [Frame(tone, number * 0.032) for number in range(60)]
    for frame in frames[:30]:
        ears._hear(frame, segmenter)
    assert segmenter.endpointer.speaking
    audience.microphone_off = "the microphone is switched off"
    for frame in frames[30:]:
        ears._hear(frame, segmenter)
    assert not segmenter.endpointer.speaking
    assert life.counters["sounds.microphone_off"] >= 1
    assert not ears._pending.any(2.0)


async def test_a_microphone_that_is_off_is_told(ears: Ears, audience: FakeAudience) -> None:
    ears._segmenter = SpeakingSegmenter()
    ears._microphone.state = DeviceState("open", "")
    audience.microphone_off = "the microphone is switched off"
    assert ears.health().status == "listening to nobody: the microphone is switched off"


async def test_what_is_left_of_a_short_sound_asks_for_no_floor(ears: Ears, life: Any) -> None:
    told: list[Hearing] = []
    life.feed.keep = told.append
    ears._take(SpeechStarted("s", 1.0))
    short = Segment("s", np.zeros(100, np.int16), 1.0, 1.3)
    ears._take(SegmentReady(short))
    ears._tell()
    assert (told[-1].speaking, told[-1].wants_floor) == (True, False)
    ears._take(SpeechStarted("t", 2.0))
    ears._take(SegmentReady(Segment("t", np.zeros(100, np.int16), 2.0, 3.5)))
    ears._tell()
    assert (told[-1].speaking, told[-1].wants_floor) == (True, True)


async def test_what_is_understood_while_it_goes_on_gives_the_floor_or_takes_it(ears: Ears, life: Any) -> None:
    told: list[Hearing] = []
    life.feed.keep = told.append
    ears._segmenter = SpeakingSegmenter()
    ears._take(SpeechStarted("s", 1.0))
    for text, wants_floor in (("mm-hm", False), ("guide, stop", True)):
        ears._recognised(Recognition("s", True, Transcript(text, "en", recognizer="test")))
        ears._tell()
        assert told[-1].wants_floor == wants_floor
