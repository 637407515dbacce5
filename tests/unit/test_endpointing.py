"""Endpointing finds each utterance once and whole, waits as long as it should, and drops what is no speech.

A script has one character per frame of 32 ms: ``#`` speech, ``~`` speech with the spectrum of noise,
``o`` maybe speech (between the thresholds), ``.`` silence.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from edge.config.hearing import Endpointing
from edge.listener.completeness import Ending
from edge.listener.endpointing import MAX_SPEECH_S, MIN_SPEECH_S, Endpointer
from edge.listener.framing import FRAME_S, FRAME_SAMPLES
from edge.listener.segment import SAMPLE_RATE, Frame, Segment
from edge.listener.speech_events import (
    SegmentReady,
    SpeechDropped,
    SpeechEvent,
    SpeechMaybeEnded,
    SpeechPaused,
    SpeechResumed,
    SpeechStarted,
)

PROBABILITY = {"#": 0.95, "~": 0.95, "o": 0.45, ".": 0.03}
NOISE_FLATNESS, VOICE_FLATNESS = 0.57, 0.2
PLAIN = Endpointing(silence_after_short_s=0.7)
SILENCE = 22  # frames, 0.7 s
PAUSE, LIKELY_END = 4, 8
PRE_ROLL = 9
SHORT_SPEECH = "#" * 8
SPEECH = "#" * 20


class Stream:
    """Feeds scripts to an endpointer. A frame's samples all have the frame's number, counted from 1."""

    def __init__(
        self, options: Endpointing = PLAIN, max_speech_s: float = MAX_SPEECH_S, *, release_s: float = 0.0
    ) -> None:
        ids = itertools.count(1)
        self.endpointer = Endpointer(
            options, release_s, lambda: f"s{next(ids)}", max_speech_s=max_speech_s, min_length_s=0.0
        )
        self.fed = 0

    def feed(self, script: str, then: Callable[[], None] = lambda: None) -> list[SpeechEvent]:
        events: list[SpeechEvent] = []
        for kind in script:
            self.fed += 1
            frame = Frame(np.full(FRAME_SAMPLES, self.fed, np.int16), self.fed * FRAME_S)
            flatness = VOICE_FLATNESS if kind == "#" else NOISE_FLATNESS
            events += self.endpointer.push(frame, PROBABILITY[kind], flatness)
            then()
        return events


def segments(events: list[SpeechEvent]) -> list[Segment]:
    return [event.segment for event in events if isinstance(event, SegmentReady)]


def kinds(events: list[SpeechEvent]) -> list[type[SpeechEvent]]:
    return [type(event) for event in events]


def frames_in(segment: Segment) -> list[int]:
    """The numbers of the frames that it holds."""
    return [int(number) for number in segment.samples[::FRAME_SAMPLES]]


def test_an_utterance_comes_out_whole_with_what_was_before_it() -> None:
    stream = Stream()
    events = stream.feed("." * 30 + SPEECH + "." * SILENCE)
    assert kinds(events) == [SpeechStarted, SpeechPaused, SpeechMaybeEnded, SegmentReady]
    (segment,) = segments(events)
    assert frames_in(segment) == list(range(31 - PRE_ROLL, 51 + LIKELY_END))
    assert segment.speech_start_mono == pytest.approx(30 * FRAME_S)
    assert segment.speech_end_mono == pytest.approx(50 * FRAME_S)
    assert events[0] == SpeechStarted(segment.id, segment.speech_start_mono)


def test_the_likely_end_gives_the_samples_of_the_certain_one() -> None:
    _, _, maybe, ready = Stream().feed("." * 30 + SPEECH + "." * SILENCE)
    assert isinstance(maybe, SpeechMaybeEnded)
    assert isinstance(ready, SegmentReady)
    assert np.array_equal(maybe.segment.samples, ready.segment.samples)
    for name in ("id", "speech_start_mono", "speech_end_mono"):
        assert getattr(maybe.segment, name) == getattr(ready.segment, name)


def test_speech_that_goes_on_after_a_likely_end_is_one_utterance() -> None:
    events = Stream().feed(SPEECH + "." * 15 + SPEECH + "." * SILENCE)
    paused = [SpeechPaused, SpeechMaybeEnded]
    assert kinds(events) == [SpeechStarted, *paused, SpeechResumed, *paused, SegmentReady]
    assert len({event.id for event in events}) == 1
    assert frames_in(segments(events)[0]) == list(range(1, 56 + LIKELY_END))


def test_a_pause_tells_all_that_was_said_before_its_end_is_likely() -> None:
    stream = Stream()
    stream.feed(SPEECH + "." * (PAUSE - 1))
    (paused,) = stream.feed(".")
    assert isinstance(paused, SpeechPaused)
    assert frames_in(paused.segment) == list(range(1, 21 + PAUSE))
    (segment,) = segments(stream.feed("." * (SILENCE - PAUSE)))
    assert paused.segment.speech_end_mono == segment.speech_end_mono


def test_a_short_pause_in_speech_is_told_and_taken_back() -> None:
    events = Stream().feed(SPEECH + "." * PAUSE + SPEECH)
    assert kinds(events) == [SpeechStarted, SpeechPaused, SpeechResumed]
    assert kinds(Stream().feed(SPEECH + "." * (PAUSE - 1) + SPEECH)) == [SpeechStarted]


def test_where_little_silence_ends_an_utterance_its_pause_and_likely_end_are_one() -> None:
    options = replace(PLAIN, silence_s=0.1, silence_after_short_s=0.5)
    assert kinds(Stream(options).feed(SHORT_SPEECH + "...")) == [
        SpeechStarted,
        SpeechPaused,
        SpeechMaybeEnded,
    ]


def test_the_segment_is_handed_over_when_the_silence_is_reached_to_the_nearest_frame() -> None:
    for silence_s in (0.3, 0.5, 0.7, 0.71, 1.5, 2.0):
        stream = Stream(replace(PLAIN, silence_s=silence_s, silence_after_short_s=silence_s))
        stream.feed(SPEECH)
        waited = next(n for n in range(1, 100) if segments(stream.feed(".")))
        assert waited * FRAME_S == pytest.approx(silence_s, abs=FRAME_S / 2 + 1e-6)


def test_what_the_detector_finds_too_late_is_silence_already() -> None:
    stream = Stream(release_s=FRAME_S)
    events = stream.feed(SPEECH + "." * (SILENCE - 1))
    (segment,) = segments(events)
    assert segment.speech_end_mono == pytest.approx(19 * FRAME_S)


def test_fading_is_silence_already_but_is_kept() -> None:
    events = Stream().feed(SPEECH + "oooo" + "." * (SILENCE - 4))
    (segment,) = segments(events)
    assert segment.speech_end_mono == pytest.approx(20 * FRAME_S)
    assert frames_in(segment)[-1] == 20 + LIKELY_END


def test_soft_speech_does_not_count_as_fading_for_long() -> None:
    (segment,) = segments(Stream().feed(SPEECH + "o" * 20 + "." * SILENCE))
    assert segment.speech_end_mono == pytest.approx(35 * FRAME_S)
    assert frames_in(segment)[-1] >= 40


def test_between_the_thresholds_speech_goes_on_but_does_not_begin() -> None:
    stream = Stream()
    assert stream.feed("o" * 100) == []
    assert kinds(stream.feed(SPEECH + "o" * 50)) == [SpeechStarted]


def test_after_a_short_word_the_silence_is_longer() -> None:
    options = replace(PLAIN, silence_after_short_s=0.96)
    assert not segments(Stream(options).feed(SHORT_SPEECH + "." * 29))
    assert segments(Stream(options).feed(SHORT_SPEECH + "." * 30))
    assert segments(Stream(options).feed(SPEECH + "." * SILENCE))


def test_while_a_text_looks_unfinished_the_silence_is_longer() -> None:
    stream = Stream()
    stream.feed(SPEECH)
    stream.endpointer.ending = "unfinished"
    assert not segments(stream.feed("." * 40))
    stream.endpointer.ending = "unknown"
    assert segments(stream.feed("."))


def test_an_unfinished_text_says_nothing_of_the_next_utterance() -> None:
    stream = Stream()
    stream.feed(SPEECH)
    stream.endpointer.ending = "unfinished"
    assert segments(stream.feed("." * 50))
    assert segments(stream.feed(SPEECH + "." * SILENCE))


def test_after_a_whole_question_the_silence_is_shorter() -> None:
    stream = Stream(replace(PLAIN, silence_complete_s=0.48))
    stream.feed(SPEECH + "." * LIKELY_END)
    stream.endpointer.ending = "complete"
    assert not segments(stream.feed("." * 6))
    assert segments(stream.feed("."))


def test_a_verdict_that_comes_late_ends_it_at_once_but_a_silence_setting_is_never_exceeded() -> None:
    stream = Stream(replace(PLAIN, silence_complete_s=0.48))
    stream.feed(SPEECH + "." * 18)
    stream.endpointer.ending = "complete"
    assert segments(stream.feed("."))
    longer = Stream(replace(PLAIN, silence_complete_s=2.0))
    longer.feed(SPEECH)
    longer.endpointer.ending = "complete"
    assert segments(longer.feed("." * SILENCE))


@pytest.mark.parametrize("ending", ["unfinished", "complete"])
def test_words_tell_nothing_of_an_end_that_speech_has_gone_beyond(ending: Ending) -> None:
    stream = Stream()
    stream.feed(SPEECH + "." * LIKELY_END)
    stream.endpointer.ending = ending
    stream.feed("#")
    assert stream.endpointer.ending == "unknown"


def test_the_reference_settings_can_be_reached() -> None:
    options = Endpointing(sensitivity=0.06, silence_s=1.5, silence_unfinished_s=2.0)
    endpointer = Endpointer(replace(options, sensitivity=0.05), min_length_s=0.0)
    assert endpointer.on_threshold == pytest.approx(0.95)
    stream = Stream(options)
    stream.feed(SPEECH)
    stream.endpointer.ending = "unfinished"
    assert not segments(stream.feed("." * 61))
    assert segments(stream.feed(".."))


def test_a_word_of_a_quarter_of_a_second_is_heard() -> None:
    # The detector misses the voiceless beginning of "стоп": 5 of its 9 frames are found at worst.
    assert segments(Stream().feed("." * 10 + "#####" + "." * SILENCE))


def test_what_is_shorter_is_dropped_and_says_so() -> None:
    events = Stream().feed("." * 10 + "####" + "." * SILENCE)
    assert kinds(events) == [SpeechStarted, SpeechDropped]
    assert events[-1] == SpeechDropped("s1", "too_short")


def test_a_single_frame_is_nothing_at_all() -> None:
    assert Stream().feed(("." * 20 + "#") * 20) == []


def test_noise_that_the_detector_takes_for_speech_is_not_announced() -> None:
    assert Stream().feed("." * 10 + "~" * 2000 + "." * SILENCE) == []


def test_too_little_voiced_sound_is_dropped() -> None:
    events = Stream().feed("." * 10 + "#" + "~" * 40 + "." * SILENCE)
    assert events[-1] == SpeechDropped("s1", "too_little_voice")
    assert segments(Stream().feed("." * 10 + "~" * 10 + "#####" + "~" * 10 + "." * SILENCE))


def test_what_would_be_dropped_is_no_likely_end() -> None:
    assert not {SpeechPaused, SpeechMaybeEnded} & set(kinds(Stream().feed("####" + "." * SILENCE)))


def test_speech_without_end_is_cut_at_its_best_pause() -> None:
    stream = Stream(max_speech_s=100 * FRAME_S)
    events = stream.feed("#" * 75 + "o...o" + "#" * 60 + "." * SILENCE)
    ends = [SpeechPaused, SpeechMaybeEnded, SegmentReady]
    assert kinds(events) == [
        *(SpeechStarted, SpeechPaused, SpeechResumed, SegmentReady),
        *(SpeechStarted, *ends),
    ]
    first, second = segments(events)
    cut = events[3]
    assert isinstance(cut, SegmentReady)
    assert cut.cut
    assert frames_in(first) == list(range(1, 79))
    assert frames_in(second) == list(range(79, 141 + LIKELY_END))
    assert second.speech_start_mono == pytest.approx(80 * FRAME_S)


def test_without_any_pause_it_is_cut_all_the_same() -> None:
    events = Stream(max_speech_s=100 * FRAME_S).feed("#" * 450 + "." * SILENCE)
    numbers = [number for segment in segments(events) for number in frames_in(segment)]
    assert numbers == list(range(1, 451 + LIKELY_END))
    assert all(len(segment.samples) <= 100 * FRAME_SAMPLES for segment in segments(events))


@pytest.mark.parametrize("left", range(1, 9))
def test_a_cut_leaves_no_word_end_that_is_too_short_to_be_speech(left: int) -> None:
    # Where nothing is a pause it would be cut behind the 90th of 100 frames.
    script = "#" * (88 + left) + "." * (11 - left) + "#" + "." * 60
    events = Stream(max_speech_s=100 * FRAME_S).feed(script)
    (segment,) = segments(events)
    assert SpeechDropped not in kinds(events)
    assert frames_in(segment)[: 88 + left] == list(range(1, 89 + left))


def test_an_interruption_ends_what_was_said_so_far() -> None:
    stream = Stream()
    stream.feed("." * 5 + SPEECH)
    assert stream.endpointer.speaking
    assert len(segments(stream.endpointer.flush())) == 1
    assert not stream.endpointer.speaking
    assert stream.endpointer.flush() == []


def test_what_was_before_an_interruption_does_not_come_before_the_next_utterance() -> None:
    stream = Stream()
    stream.feed("." * 20)
    stream.endpointer.flush()
    (segment,) = segments(stream.feed(SPEECH + "." * SILENCE))
    assert frames_in(segment)[0] == 21


def test_the_audio_so_far_is_there_while_somebody_speaks() -> None:
    stream = Stream()
    stream.feed("." * 20)
    assert stream.endpointer.audio_so_far() is None
    stream.feed("#" * 10)
    so_far = stream.endpointer.audio_so_far()
    assert so_far is not None
    assert len(so_far) == (PRE_ROLL + 10) * FRAME_SAMPLES
    stream.feed("." * SILENCE)
    assert stream.endpointer.audio_so_far() is None


scripts = st.lists(st.tuples(st.sampled_from("#~o."), st.integers(1, 60)), min_size=1, max_size=25).map(
    lambda runs: "".join(kind * count for kind, count in runs)
)
options_of = st.builds(
    Endpointing,
    sensitivity=st.sampled_from([0.05, 0.3, 0.5, 0.7]),
    silence_s=st.floats(0.1, 2),
)
longest_of = st.floats(2, 8)


@given(scripts, options_of, longest_of)
def test_segments_never_overlap_and_are_in_order(script: str, options: Endpointing, longest: float) -> None:
    stream = Stream(options, longest)
    found = segments(stream.feed(script) + stream.endpointer.flush())
    numbers = [number for segment in found for number in frames_in(segment)]
    assert numbers == sorted(set(numbers))
    for segment in found:
        held = frames_in(segment)
        assert held == list(range(held[0], held[-1] + 1))
        assert held[0] * FRAME_S <= segment.speech_start_mono + FRAME_S + 1e-9
        assert segment.speech_start_mono <= segment.speech_end_mono <= held[-1] * FRAME_S + 1e-9


@given(scripts, options_of, longest_of)
def test_no_speech_is_lost(script: str, options: Endpointing, longest: float) -> None:
    """Every run of clear, voiced speech that is long enough is in a segment, or is said to be dropped."""
    stream = Stream(options, longest)
    accounted: set[int] = set()
    started_s: dict[str, float] = {}
    events = [event for kind in script for event in [*stream.feed(kind), None]] + stream.endpointer.flush()
    now = 1
    for event in events:
        if event is None:
            now += 1
        elif isinstance(event, SpeechStarted):
            started_s[event.id] = event.mono
        elif isinstance(event, SpeechDropped):
            accounted |= set(range(round(started_s[event.id] / FRAME_S) + 1, now + 1))
        elif isinstance(event, SegmentReady):
            accounted |= set(frames_in(event.segment))
    at = 0
    for kind, run in itertools.groupby(script):
        count = len(list(run))
        if kind == "#" and count * FRAME_S >= MIN_SPEECH_S:
            assert accounted >= set(range(at + 1, at + count + 1))
        at += count


@given(scripts, options_of, longest_of)
def test_each_utterance_is_told_in_order(script: str, options: Endpointing, longest: float) -> None:
    stream = Stream(options, longest)
    told: dict[str, list[type[SpeechEvent]]] = {}
    for event in stream.feed(script) + stream.endpointer.flush():
        told.setdefault(event.id, []).append(type(event))
    for events in told.values():
        assert events[0] is SpeechStarted
        assert events[-1] in (SegmentReady, SpeechDropped)
        follows: dict[type[SpeechEvent], set[type[SpeechEvent]]] = {
            SpeechStarted: {SpeechPaused},
            SpeechPaused: {SpeechMaybeEnded, SpeechResumed},
            SpeechMaybeEnded: {SpeechResumed},
            SpeechResumed: {SpeechPaused},
        }
        assert all(after in follows[before] for before, after in itertools.pairwise(events[:-1]))


@given(scripts, options_of, longest_of)
def test_a_segment_behind_a_pause_has_its_speech_and_no_other(
    script: str, options: Endpointing, longest: float
) -> None:
    stream = Stream(options, longest)
    paused: dict[str, Segment] = {}
    for event in stream.feed(script) + stream.endpointer.flush():
        if isinstance(event, SpeechPaused):
            paused[event.id] = event.segment
        elif isinstance(event, SpeechResumed):
            del paused[event.id]
        elif isinstance(event, SegmentReady) and event.id in paused:
            before, end_mono = paused[event.id], event.segment.speech_end_mono
            differ = set(frames_in(before)) ^ set(frames_in(event.segment))
            is_silence = all(number * FRAME_S > end_mono + 1e-9 for number in differ)
            assert is_silence or before.speech_end_mono != end_mono


@given(scripts, options_of, longest_of)
def test_a_segment_after_a_likely_end_has_its_samples(
    script: str, options: Endpointing, longest: float
) -> None:
    stream = Stream(options, longest)
    likely: dict[str, Segment] = {}
    for event in stream.feed(script) + stream.endpointer.flush():
        if isinstance(event, SpeechMaybeEnded):
            likely[event.id] = event.segment
        elif isinstance(event, SpeechResumed):
            likely.pop(event.id, None)
        elif isinstance(event, SegmentReady) and event.id in likely:
            assert np.array_equal(likely[event.id].samples, event.segment.samples)


@given(scripts, options_of, longest_of)
def test_memory_is_bounded(script: str, options: Endpointing, longest: float) -> None:
    stream = Stream(options, longest)
    most = 0

    def look() -> None:
        nonlocal most
        so_far = stream.endpointer.audio_so_far()
        most = max(most, 0 if so_far is None else len(so_far))

    events = stream.feed(script, look)
    assert most / SAMPLE_RATE <= longest + FRAME_S
    for segment in segments(events):
        assert len(segment.samples) / SAMPLE_RATE <= longest + FRAME_S
