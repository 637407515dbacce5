"""What is done about an utterance: answer, fall silent, or leave it to the passengers."""

from __future__ import annotations

import numpy as np
import pytest

from edge.config import hearing
from edge.listener.addressee import Addressee
from edge.listener.judgement import DriverTalk, Judge
from edge.listener.pending import HeardUtterance
from edge.listener.recognizers import Recognition
from edge.listener.segment import Segment, Transcript
from edge.listener.self_hearing import OwnSpeech
from edge.listener.voiceprint import KnownVoice

GUIDE = KnownVoice("guide", "guide", 0.8)
DRIVER = KnownVoice("wayan", "driver", 0.8)
SPOKEN = "On the left you can see the bamboo temple, which opens at eight in the morning."


def heard(text: str | None, *, at: float = 10.0, voice: KnownVoice | None = None) -> HeardUtterance:
    """Said from ``at`` on, for a second; None: no recognizer worked."""
    recognised = None if text is None else Transcript(text, "en", recognizer="test")
    segment = Segment("a", np.zeros(16_000, np.int16), at, at + 1.0)
    return HeardUtterance(segment, Recognition("a", False, recognised), at + 1.7, at + 1.8, False, voice)


@pytest.fixture
def addressee() -> Addressee:
    return Addressee(hearing.AddresseeSettings(), ("en",))


@pytest.fixture
def own() -> OwnSpeech:
    return OwnSpeech()


@pytest.fixture
def judge(addressee: Addressee, own: OwnSpeech) -> Judge:
    return Judge(addressee, own, "by_name")


@pytest.mark.parametrize(
    ("said", "deed", "text"),
    [
        ("Guide, what is that?", "answer", "what is that?"),
        ("Guide!", "listening", ""),
        ("Stop!", "stop", ""),
        ("We should come here again.", "nothing", ""),
        ("", "nothing", ""),
    ],
)
def test_what_is_said_decides(judge: Judge, said: str, deed: str, text: str) -> None:
    judgement = judge.judge(heard(said))
    assert (judgement.deed, judgement.text) == (deed, text)


@pytest.mark.parametrize(
    ("said", "has_words"),
    [
        ("Guide, stop", True),
        ("We should come here", True),
        ("mm-hm", False),
        ("Ha ha ha!", False),
        ("", False),
        ("the bamboo temple, which opens at eight", False),
    ],
)
def test_listening_noises_and_the_guide_s_own_words_are_no_words(
    judge: Judge, own: OwnSpeech, said: str, has_words: bool
) -> None:
    own.sounds(SPOKEN, 9.0)
    assert judge.has_words(said, 10.0, 11.0) == has_words


@pytest.mark.parametrize("newer", ["Guide, where is the beach?", "Stop!"])
def test_what_was_asked_before_is_superseded_also_when_it_is_understood_later(
    judge: Judge, newer: str
) -> None:
    judge.judge(heard(newer, at=12.0))
    late = judge.judge(heard("Guide, what is that?", at=10.0))
    assert (late.deed, late.reason) == ("nothing", "superseded")
    assert judge.judge(heard("Guide, what is that?", at=14.0)).deed == "answer"


def test_passengers_own_talk_supersedes_no_question(judge: Judge) -> None:
    judge.judge(heard("We should come here again.", at=12.0))
    assert judge.judge(heard("Guide, what is that?", at=10.0)).deed == "answer"


def test_its_own_words_are_nobodys_question(judge: Judge, own: OwnSpeech) -> None:
    own.sounds(SPOKEN, 9.0)
    judgement = judge.judge(heard("the left you can see the bamboo temple"))
    assert (judgement.deed, judgement.reason) == ("nothing", "own_speech")


def test_a_stop_word_is_found_in_its_own_words(judge: Judge, own: OwnSpeech) -> None:
    own.sounds(SPOKEN, 9.0)
    assert judge.judge(heard("the left you can see the bamboo temple stop")).deed == "stop"


def test_with_the_button_down_it_asks_for_what_it_did_not_understand(
    judge: Judge, addressee: Addressee
) -> None:
    addressee.button(True, 9.0)
    assert judge.judge(heard("")).occasion == "not_understood"
    assert judge.judge(heard(None)).occasion == "not_understood"


def test_after_an_answer_a_cough_is_not_asked_what_it_meant(judge: Judge, addressee: Addressee) -> None:
    addressee.answered(9.0)
    assert judge.judge(heard("")).deed == "nothing"
    assert judge.judge(heard(None)).deed == "not_understood", "it was speech, and no recognizer worked"


def test_nobody_is_asked_to_repeat_what_was_not_for_the_guide(judge: Judge) -> None:
    assert judge.judge(heard(None)).deed == "nothing"


def test_what_is_certainly_a_stop_word_need_not_wait_for_the_end(judge: Judge) -> None:
    assert judge.is_stop("guide, stop")
    assert not judge.is_stop("stop talking about that temple")


@pytest.mark.parametrize("said", ["Guide, what is that?", "Guide!", "We should come here again.", "", None])
def test_what_the_guides_own_voice_says_is_nobodys_question(judge: Judge, said: str | None) -> None:
    judgement = judge.judge(heard(said, voice=GUIDE))
    assert (judgement.deed, judgement.reason) == ("nothing", "own_voice")


def test_a_stop_word_is_obeyed_whoever_says_it(judge: Judge) -> None:
    assert judge.judge(heard("stop", voice=GUIDE)).deed == "stop"
    assert judge.judge(heard("stop", voice=DRIVER)).deed == "stop"


@pytest.mark.parametrize(
    ("driver", "said", "deed"),
    [
        ("by_name", "Guide, what is that?", "answer"),
        ("by_name", "Turn left at the temple.", "nothing"),
        ("ignored", "Guide, what is that?", "nothing"),
        ("ignored", "Turn left at the temple.", "nothing"),
        ("always", "Guide, what is that?", "answer"),
        ("always", "Turn left at the temple.", "answer"),
        ("always", "aha", "nothing"),
    ],
)
def test_the_driver_is_answered_as_it_was_set(
    addressee: Addressee, own: OwnSpeech, driver: DriverTalk, said: str, deed: str
) -> None:
    assert Judge(addressee, own, driver).judge(heard(said, voice=DRIVER)).deed == deed


def test_a_driver_who_is_always_meant_is_meant_behind_an_answer_too(
    addressee: Addressee, own: OwnSpeech
) -> None:
    addressee.answered(9.0)
    for said in ("Turn left at the temple.", "Where is the temple?"):
        judgement = Judge(addressee, own, "always").foresee(heard(said, voice=DRIVER))
        assert (judgement.deed, judgement.reason, judgement.may_be_aside) == ("answer", "driver", False)


def test_an_answer_to_somebody_else_does_not_open_the_guides_ear_to_the_driver(
    judge: Judge, addressee: Addressee
) -> None:
    addressee.answered(9.0)
    assert judge.judge(heard("Turn left at the temple.", voice=DRIVER)).reason == "driver"
    assert judge.judge(heard(None, voice=DRIVER)).deed == "nothing"
    assert judge.judge(heard("What is that temple?")).deed == "answer", "a passenger may go on"


def test_with_the_button_down_the_driver_needs_no_name(judge: Judge, addressee: Addressee) -> None:
    addressee.button(True, 9.0)
    assert judge.judge(heard("Where are we?", voice=DRIVER)).deed == "answer"
