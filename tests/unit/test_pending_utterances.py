"""An utterance is judged once, when both its end and its transcript are certain."""

from __future__ import annotations

import numpy as np

from edge.listener.pending import FORGET_AFTER_S, MAX_CHARS, MAX_PENDING, HeardUtterance, PendingUtterances
from edge.listener.recognizers import Recognition
from edge.listener.segment import Segment, Transcript
from edge.listener.voiceprint import KnownVoice

GUIDE = KnownVoice("guide", "guide", 0.8)


def segment(name: str = "a", *, end: float = 2.0) -> Segment:
    return Segment(name, np.zeros(100, np.int16), 1.0, end)


def transcript(name: str = "a", text: str = "where are we") -> Recognition:
    return Recognition(name, False, Transcript(text, "en", recognizer="test"))


def test_a_right_guess_needs_no_second_recognition() -> None:
    pending = PendingUtterances()
    pending.guess(segment(), 2.3)
    pending.recognised(transcript(), 2.5)
    assert pending.take("a") is None, "the speech may go on"
    assert pending.confirm(segment(), 2.7)
    heard = pending.take("a")
    assert heard is not None
    assert (heard.transcript_mono, heard.segment_mono) == (2.5, 2.7)
    assert pending.take("a") is None, "only once"


def test_while_the_end_is_only_likely_the_utterance_is_probable() -> None:
    pending = PendingUtterances()
    pending.guess(segment(), 2.3)
    assert pending.probable("a") is None, "its words are not known yet"
    pending.recognised(transcript(), 2.5)
    probable = pending.probable("a")
    assert probable is not None
    assert probable.transcript_mono == 2.5
    pending.confirm(segment(), 2.7)
    assert pending.probable("a") is None, "it is certain"


def test_what_is_understood_in_a_pause_is_not_probable_before_the_end_is_likely() -> None:
    pending = PendingUtterances()
    pending.pause(segment(), 2.13)
    pending.recognised(transcript(), 2.2)
    assert pending.probable("a") is None
    assert pending.guess(segment(), 2.25), "it is not recognised again"
    probable = pending.probable("a")
    assert probable is not None
    assert probable.transcript_mono == 2.2
    assert pending.confirm(segment(), 2.7)
    assert pending.take("a") is not None


def test_a_pause_in_which_nothing_was_begun_is_recognised_at_the_likely_end() -> None:
    pending = PendingUtterances()
    assert not pending.guess(segment(), 2.25)
    pending.recognised(transcript(), 2.5)
    assert pending.probable("a") is not None


def test_what_was_understood_of_a_beginning_says_nothing_of_the_likely_end() -> None:
    pending = PendingUtterances()
    pending.pause(segment(), 2.13)
    pending.recognised(transcript(text="where are"), 2.2)
    assert not pending.guess(segment(end=2.9), 3.15)
    assert pending.probable("a") is None


def test_speech_that_goes_on_is_not_probable_any_more() -> None:
    pending = PendingUtterances()
    pending.guess(segment(), 2.3)
    pending.void("a")
    pending.recognised(transcript(), 2.5)
    assert pending.probable("a") is None


def test_the_transcript_may_come_after_the_end() -> None:
    pending = PendingUtterances()
    assert not pending.confirm(segment(), 2.7)
    assert pending.take("a") is None
    pending.recognised(transcript(), 3.0)
    assert pending.take("a") is not None


def test_speech_that_went_on_is_recognised_anew() -> None:
    pending = PendingUtterances()
    pending.guess(segment(), 2.3)
    pending.void("a")
    pending.recognised(transcript(text="where are"), 2.5)
    assert not pending.confirm(segment(end=3.0), 3.7)
    assert pending.take("a") is None
    pending.recognised(transcript(), 4.0)
    assert pending.take("a") is not None


def test_a_guess_of_other_sound_does_not_count() -> None:
    pending = PendingUtterances()
    pending.guess(segment(), 2.3)
    assert not pending.confirm(segment(end=3.0), 3.7)


def test_a_stop_word_is_obeyed_once() -> None:
    pending = PendingUtterances()
    pending.guess(segment(), 2.3)
    pending.recognised(transcript(text="stop"), 2.4)
    assert pending.probable("a")
    pending.stopped("a")
    pending.confirm(segment(), 2.7)
    heard = pending.take("a")
    assert heard is not None
    assert heard.stopped


def test_what_is_never_recognised_is_not_waited_for_and_not_kept() -> None:
    pending = PendingUtterances()
    pending.confirm(segment(), 10.0)
    assert pending.any(10.1)
    assert not pending.any(10.0 + FORGET_AFTER_S)
    pending.recognised(transcript(), 31.0)
    assert pending.take("a") is None, "its sound is not held any more"


def test_it_is_bounded() -> None:
    pending = PendingUtterances()
    for number in range(MAX_PENDING + 1):
        pending.guess(segment(str(number)), 0.0)
    pending.recognised(transcript("0"), 0.1)
    assert not pending.probable("0"), "the oldest is gone"


def test_whose_voice_it_is_is_waited_for_where_it_is_being_found_out() -> None:
    pending = PendingUtterances()
    whole = segment()
    pending.confirm(whole, 2.7)
    pending.verifying("a")
    pending.recognised(transcript(), 3.0)
    assert pending.take("a") is None
    pending.verified(whole, GUIDE)
    heard = pending.take("a")
    assert heard is not None
    assert heard.voice == GUIDE


def test_the_voice_of_a_beginning_is_not_the_voice_of_the_whole() -> None:
    pending = PendingUtterances()
    beginning, whole = segment(), segment(end=3.0)
    pending.guess(beginning, 2.3)
    pending.verifying("a")
    pending.confirm(whole, 3.7)
    pending.verifying("a")
    pending.recognised(transcript(), 4.0)
    pending.verified(beginning, GUIDE)
    assert pending.take("a") is None
    pending.verified(whole, None)
    heard = pending.take("a")
    assert heard is not None
    assert heard.voice is None


def whole(name: str, text: str | None, *, goes_on: bool = False, stopped: bool = False) -> HeardUtterance:
    """Heard to its end; None: no recognizer worked."""
    pending = PendingUtterances()
    pending.confirm(segment(name), 2.7, goes_on=goes_on)
    pending.recognised(transcript(name, text) if text else Recognition(name, False, None), 3.0)
    heard = pending.take(name)
    assert heard is not None
    return heard._replace(stopped=stopped)


def test_a_long_utterance_and_its_rest_are_one() -> None:
    begin = whole("a", "guide we came here last year", goes_on=True)
    one = begin.joined(whole("b", "so what is new"))
    assert one.recognition.transcript is not None
    assert one.recognition.transcript.text == "guide we came here last year so what is new"
    assert (one.segment.id, one.goes_on) == ("b", False)
    assert begin.joined(whole("b", "and then", goes_on=True)).goes_on
    half = begin.joined(whole("b", None))
    assert half.recognition.transcript == begin.recognition.transcript


def test_a_stop_that_ends_a_long_utterance_is_all_that_counts() -> None:
    rest = whole("b", "stop", stopped=True)
    assert whole("a", "guide we came here last year", goes_on=True).joined(rest) == rest


def test_of_a_speech_without_end_the_beginning_is_forgotten() -> None:
    one = whole("a", "guide listen " * 100, goes_on=True).joined(whole("b", "the end"))
    assert one.recognition.transcript is not None
    text = one.recognition.transcript.text
    assert len(text) == MAX_CHARS
    assert text.endswith("the end")


def test_a_guess_that_was_not_understood_is_asked_for_again_at_its_certain_end() -> None:
    pending = PendingUtterances()
    pending.guess(segment(), 2.3)
    pending.recognised(Recognition("a", False, None, "dropped"), 2.4)
    assert not pending.any(2.4), "nothing is waited for"
    assert not pending.confirm(segment(), 2.7), "it is not being recognised"
    pending.recognised(Recognition("a", False, None, "dropped"), 2.8)
    heard = pending.take("a")
    assert heard is not None
    assert heard.recognition.transcript is None


def test_the_rest_of_a_long_utterance_is_not_taken_before_its_beginning() -> None:
    pending = PendingUtterances()
    pending.confirm(segment("a"), 20.0, goes_on=True)
    pending.confirm(segment("b"), 23.0)
    pending.confirm(segment("c"), 24.0)
    for name in "cb":
        pending.recognised(transcript(name), 24.0)
    assert pending.take("c") is not None, "somebody else's words"
    assert pending.waits_for_beginning("b")
    assert pending.take("b") is None
    pending.recognised(transcript("a"), 25.0)
    assert pending.take("a") is not None
    assert pending.rest_of("a") == "b"
    assert pending.take("b") is not None
