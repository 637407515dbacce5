"""Remarks wait while passengers speak; what sounds gives way only where they are heard through it."""

from __future__ import annotations

from edge.bus.topology import TIMINGS
from edge.commentator.passenger_speech import PassengerSpeech
from edge.messages import Hearing

FRESH_S = TIMINGS[Hearing].fresh_s


def hearing(*, speaking: bool, barge_in: bool = False, brief: bool = False) -> Hearing:
    wants_floor = speaking and not brief
    return Hearing(level_dbfs=-30.0, speaking=speaking, barge_in=barge_in, wants_floor=wants_floor)


def test_before_any_news_nobody_speaks() -> None:
    assert not PassengerSpeech().passengers_speak(0.0)


def test_half_duplex_waits_and_does_not_duck() -> None:
    speech = PassengerSpeech()
    speech.heard(hearing(speaking=True), 0.0)
    assert speech.passengers_speak(0.1)
    assert not speech.wants_duck(0.1)


def test_full_duplex_ducks_until_they_are_silent() -> None:
    speech = PassengerSpeech()
    speech.heard(hearing(speaking=True, barge_in=True), 0.0)
    assert speech.wants_duck(0.1)
    speech.heard(hearing(speaking=False, barge_in=True), 1.0)
    assert not speech.wants_duck(1.0)


def test_a_cough_is_over_before_it_is_understood() -> None:
    speech = PassengerSpeech()
    speech.heard(hearing(speaking=True, barge_in=True, brief=True), 0.0)
    assert speech.passengers_speak(0.1)
    assert not speech.wants_duck(0.1)


def test_a_listener_that_vanished_in_mid_sentence_does_not_silence_the_guide() -> None:
    speech = PassengerSpeech()
    speech.heard(hearing(speaking=True, barge_in=True), 0.0)
    assert not speech.passengers_speak(FRESH_S)
    assert not speech.wants_duck(FRESH_S)
